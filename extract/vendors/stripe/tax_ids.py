"""Tax ids as Stripe has them: with a type, by country."""

from extract.values import tax_id, with_prefix
from extract.vendor import Item

TAX_ID_TYPES = {"ES": "es_cif", "PL": "pl_nip", "MX": "mx_rfc", "US": "us_ein", "GB": "gb_vat"}
EU = frozenset((
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT", "LT", "LU",
    "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
))  # fmt: skip


def tax_id_of(held: list[Item] | None, country: str | None) -> tuple[str | None, str | None]:
    """Return the first tax id of a customer, compact, and its country."""
    if not held:
        return None, None
    prefix = held[0]["type"].partition("_")[0].upper()
    return tax_id(held[0]["value"], country if prefix in ("EU", "UNKNOWN") else prefix)


def tax_id_data(text: str | None, country: str | None) -> Item | None:
    """Return a tax id as Stripe takes it; None where it has no type that we know to be right."""
    number, home = tax_id(text, country)
    if number is None or home is None:
        return None
    if home == "US":
        return {"type": "us_ein", "value": f"{number[:2]}-{number[2:]}"}
    if home in TAX_ID_TYPES:
        return {"type": TAX_ID_TYPES[home], "value": with_prefix(number, home) if home == "GB" else number}
    return {"type": "eu_vat", "value": with_prefix(number, home)} if home in EU else None
