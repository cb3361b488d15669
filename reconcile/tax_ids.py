"""Tells which tax ids are possible, by the check digits and shapes that python-stdnum knows, each distinct id once."""

import re
from collections.abc import Callable
from functools import cache
from types import ModuleType

import duckdb
from stdnum import get_cc_module
from stdnum.exceptions import InvalidChecksum, InvalidComponent, InvalidFormat, InvalidLength, ValidationError

from reconcile.warehouse import create, fill

TAX_IDS = {
    "tax_id": ("VARCHAR", "as it stands in the rows"),
    "country": ("VARCHAR", "ISO country as the row says; empty if it does not"),
    "bare": ("VARCHAR", "without country prefix and separators, to compare"),
    "problem": ("VARCHAR", "length, format or checksum; empty if it is possible or no rule is known"),
}

# What a customer of that country may write as its tax id: any of these is good. Where nothing is named, the country's
# VAT number is meant. Spain's `nif` takes companies, persons and foreigners; a French company may give SIREN or SIRET.
_ALSO = {
    "FR": ("tva", "siren", "siret"),
    "DE": ("vat", "stnr"),
    "GB": ("vat", "utr"),
    "US": ("ein", "tin"),
    "PL": ("nip",),
    "MX": ("rfc",),
    "ES": ("nif",),
}
_PREFIX = {"GR": "EL"}  # Greece writes EL before its VAT number
_REASON = {InvalidChecksum: "checksum", InvalidLength: "length", InvalidFormat: "format", InvalidComponent: "format"}

ASKED = """
    SELECT tax_id, COALESCE(tax_id_country, country, '') AS country FROM customers WHERE tax_id IS NOT NULL
    UNION
    SELECT i.customer_tax_id, COALESCE(c.tax_id_country, c.country, '')
    FROM invoices AS i LEFT JOIN customers AS c ON c.vendor = i.vendor AND c.id = i.customer_id
    WHERE i.customer_tax_id IS NOT NULL
    UNION
    SELECT d.customer_tax_id, COALESCE(c.tax_id_country, c.country, '')
    FROM deals AS d LEFT JOIN customers AS c ON c.vendor = d.vendor AND c.id = d.customer_id
    WHERE d.customer_tax_id IS NOT NULL
"""


def examine(db: duckdb.DuckDBPyConnection, known: str | None = None) -> None:
    """Create table `tax_ids` (tax_id, country, bare, problem) of every tax id in the rows.

    `country` is as the row says, '' if it does not; `bare` is the id without country prefix and separators, to compare;
    `problem` is length, format or checksum, empty when the id is possible or its country's rule is unknown. `known`
    names a table of an earlier run whose answers still hold.
    """
    create(db, "tax_ids", "Every tax id in the rows, and what is wrong with it.", TAX_IDS)
    if known:
        db.execute(f"INSERT INTO tax_ids SELECT k.* FROM {known} AS k JOIN ({ASKED}) AS a USING (tax_id, country)")
    new = db.execute(
        f"SELECT a.tax_id, a.country FROM ({ASKED}) AS a ANTI JOIN tax_ids AS t USING (tax_id, country)"
    ).fetchall()
    rows = ((tax_id, country, bare(tax_id, country), problem(tax_id, country)) for tax_id, country in new)
    fill(db, "tax_ids", TAX_IDS, (dict(zip(TAX_IDS, row, strict=True)) for row in rows))


def bare(tax_id: str, country: str) -> str:
    """Return a tax id as it compares: upper case, letters and digits only, without its country's prefix."""
    compact = re.sub(r"[^0-9A-Z]", "", tax_id.upper())
    prefix = _PREFIX.get(country, country) or compact[:2]
    rest = compact.removeprefix(prefix)
    if rest == compact or not rest or not _rules(country or prefix):
        return compact
    belongs = problem(compact, country) is None and problem(rest, country or prefix) is not None
    return compact if belongs else rest  # a Mexican id may begin with MX by chance


def problem(tax_id: str, country: str) -> str | None:
    """Return why `tax_id` cannot be one of `country` (or of its prefix): length, format or checksum; else None."""
    country = country or tax_id[:2].upper()
    found: ValidationError | None = None
    for rule in _rules(country):
        try:
            rule(tax_id)
        except ValidationError as error:
            found = found if isinstance(found, InvalidChecksum) else error  # the rule that came closest
        else:
            return None
    return _REASON.get(type(found), "format") if found else None


@cache
def _rules(country: str) -> tuple[Callable[[str], str], ...]:
    """Return the validators for a country; none where python-stdnum knows no rule for it."""
    names = _ALSO.get(country, ("vat",))
    modules = (_module(country, name) for name in names)
    return tuple(m.validate for m in modules if m is not None)


def _module(country: str, name: str) -> ModuleType | None:
    found = get_cc_module(country.lower(), name) if len(country) == 2 and country.isalpha() else None
    return found if isinstance(found, ModuleType) else None
