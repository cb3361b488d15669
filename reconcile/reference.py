"""What the rows do not hold and the checks need: the tax rates of countries, and what is tolerated of which customer.

The rates stand in `tax_rates.csv` with their source and the days from and to which they hold (empty: always). TEDB is
the European Commission's database "Taxes in Europe", as its rates were published up to November 2026. A country that
is not listed is never judged by its rate.
"""

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import duckdb

from reconcile.settings import Tolerance
from reconcile.warehouse import create, fill

RATES_FILE = Path(__file__).parent / "tax_rates.csv"
TAX_RATES = {
    "country": ("VARCHAR", "ISO 3166-1 alpha-2 country"),
    "is_eu": ("BOOLEAN", "member of the European Union"),
    "rate": ("DECIMAL(18,8)", "tax in percent, e.g. 21"),
    "since_on": ("DATE", "first day it holds; empty: always"),
    "until_on": ("DATE", "last day it holds; empty: still"),
    "source": ("VARCHAR", "who publishes it"),
}
TOLERANCES = {
    "customer": ("VARCHAR", "tax id, name or vendor:id of the customer, as the settings say it"),
    "amount": ("DECIMAL(18,4)", "difference that never matters, in the document's currency; empty: as for all"),
    "rate": ("DECIMAL(18,8)", "difference that never matters, as a share of the amount; empty: as for all"),
    "days": ("INTEGER", "days late that do not matter"),
}


def lay(db: duckdb.DuckDBPyConnection, tolerances: Mapping[str, Tolerance] | None = None) -> None:
    """Create the tables `tax_rates` and `tolerances` in `db`; `tolerances` by customer, as in the settings."""
    create(db, "tax_rates", "Tax rates that are usual in a country, and when.", TAX_RATES)
    fill(db, "tax_rates", TAX_RATES, _rates())
    create(db, "tolerances", "What is tolerated of which customer.", TOLERANCES)
    said = tolerances or {}
    fill(db, "tolerances", TOLERANCES, ({"customer": name} | one.model_dump() for name, one in said.items()))


def _rates() -> Iterator[dict[str, Any]]:
    with RATES_FILE.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            for rate in row["rates"].split():
                known = {"country": row["country"], "is_eu": row["is_eu"], "source": row["source"], "rate": rate}
                yield known | {"since_on": row["since"] or None, "until_on": row["until"] or None}
