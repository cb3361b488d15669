"""What the rows do not hold and the checks need: tax rates of countries, tolerances, which fields are kept equal.

The rates stand in `tax_rates.csv` with their source and the days from and to which they hold (empty: always). TEDB is
the European Commission's database "Taxes in Europe", as its rates were published up to November 2026. A country that
is not listed is never judged by its rate.
"""

import csv
import datetime as dt
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import duckdb

from reconcile.baselines import Memory
from reconcile.fieldmap import ENTITIES, Syncs
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

BOUNCES = {
    "address": ("VARCHAR", "e-mail address in small letters"),
    "says": ("VARCHAR", "why the mail came back, in the words of the other side"),
    "at": ("TIMESTAMP", "when we saw it, UTC"),
}

FIELD_MAP = {
    "entity": ("VARCHAR", "customers or products"),
    "field": ("VARCHAR", "name of the field"),
    "is_on": ("BOOLEAN", "kept equal in the CRM and in billing"),
    "owner": ("VARCHAR", "whose value counts: crm, billing, or either where the newer change does"),
}
SYNC = {
    "entity": ("VARCHAR", "customers or products"),
    "updates": ("BOOLEAN", "changes are written to the other side"),
    "creates": ("BOOLEAN", "what is new on one side is made on the other"),
    "on_delete": ("VARCHAR", "what becomes of the other side's record: keep, inactive or delete"),
    "new_after": ("TIMESTAMP", "records from before this instant are left alone, UTC; empty: none are"),
    "new_since": ("TIMESTAMP", "what was made after this instant is new, UTC"),
    "backfill": ("BOOLEAN", "what differed or was missing from the beginning is written too"),
}
BASELINES = {
    "entity": ("VARCHAR", "customers or products"),
    "crm_vendor": ("VARCHAR", "the CRM"),
    "crm_id": ("VARCHAR", "record there"),
    "billing_vendor": ("VARCHAR", "the billing system"),
    "billing_id": ("VARCHAR", "record there"),
    "field": ("VARCHAR", "name of the field"),
    "crm_value": ("VARCHAR", "what the CRM said when nothing was left to write"),
    "billing_value": ("VARCHAR", "what billing said then"),
}


def lay_sync(db: duckdb.DuckDBPyConnection, syncs: Syncs | None = None, memory: Memory | None = None) -> None:
    """Create the tables `field_map`, `sync` and `baselines` in `db`: what is kept equal, and what was equal before."""
    said, known = syncs or Syncs(), memory or Memory()
    create(db, "field_map", "Fields that are kept equal in the CRM and in billing, and who owns each.", FIELD_MAP)
    fields = [{"entity": e, "field": c.name, "is_on": c.is_on, "owner": c.owner}
              for e in ENTITIES if said.of(e).on for c in said.chosen(e)]  # fmt: skip
    fill(db, "field_map", FIELD_MAP, fields)
    create(db, "sync", "How customers and products are kept equal.", SYNC)
    fill(db, "sync", SYNC, [_choices(said, entity, known.since.get(entity)) for entity in ENTITIES])
    create(db, "baselines", "What both sides said of a field when nothing was left to write.", BASELINES)
    fill(db, "baselines", BASELINES, known.rows)


def _choices(said: Syncs, entity: str, since: dt.datetime | None) -> dict[str, Any]:
    """Return the row of table `sync` of a sort of record; before its first comparison nothing counts as new."""
    chosen = said.of(entity)
    begun = since and since.astimezone(dt.UTC).replace(tzinfo=None, microsecond=0)  # vendors count whole seconds
    limited = chosen.only_new and not chosen.backfill
    return {"entity": entity, "updates": chosen.updates, "creates": chosen.creates, "on_delete": chosen.on_delete,
            "new_after": (begun or dt.datetime(9999, 1, 1)) if limited else None,
            "new_since": begun or dt.datetime(9999, 1, 1), "backfill": chosen.backfill}  # fmt: skip


def lay(
    db: duckdb.DuckDBPyConnection,
    tolerances: Mapping[str, Tolerance] | None = None,
    bounces: Mapping[str, Mapping[str, Any]] | None = None,
) -> None:
    """Create the tables `tax_rates`, `tolerances` (by customer, as in the settings) and `bounces` (by address)."""
    create(db, "tax_rates", "Tax rates that are usual in a country, and when.", TAX_RATES)
    fill(db, "tax_rates", TAX_RATES, _rates())
    create(db, "tolerances", "What is tolerated of which customer.", TOLERANCES)
    create(db, "bounces", "Addresses that mails came back from.", BOUNCES)
    fill(db, "bounces", BOUNCES, ({"address": address, "says": one["says"], "at": _instant(one["at"])}
                                  for address, one in (bounces or {}).items()))  # fmt: skip
    said = tolerances or {}
    fill(db, "tolerances", TOLERANCES, ({"customer": name} | one.model_dump() for name, one in said.items()))


def _instant(text: str) -> dt.datetime:
    at = dt.datetime.fromisoformat(text)
    return at.astimezone(dt.UTC).replace(tzinfo=None) if at.tzinfo else at


def _rates() -> Iterator[dict[str, Any]]:
    with RATES_FILE.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            for rate in row["rates"].split():
                known = {"country": row["country"], "is_eu": row["is_eu"], "source": row["source"], "rate": rate}
                yield known | {"since_on": row["since"] or None, "until_on": row["until"] or None}
