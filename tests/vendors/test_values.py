"""What vendors write in many ways comes out one way: countries, tax ids, minor units, nested forms."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from extract.model import LineDraft
from extract.values import country_code, country_name, form, major, minor, plain, tax_id, with_prefix


@pytest.mark.parametrize(
    ("written", "code"),
    [("Spain", "ES"), ("españa", "ES"), ("ESPANA", "ES"), ("Hiszpania", "ES"), ("es", "ES"), ("Etats-Unis", "US"),
     ("USA", "US"), ("Deutschland", "DE"), ("Reino Unido", "GB"), ("UK", "GB"), (" Polska ", "PL"), ("Atlantis", None),
     ("", None), (None, None)],
)  # fmt: skip
def test_country(written: str | None, code: str | None) -> None:
    """A country is known by its code or by its name in five languages, accents or not; anything else by None."""
    assert country_code(written) == code


@pytest.mark.parametrize(
    ("written", "country", "compact"),
    [
        ("ES B-12345678", "ES", ("B12345678", "ES")),
        ("b12345678", "ES", ("B12345678", "ES")),
        ("ESB12345674", None, ("B12345674", "ES")),
        ("FR 40 303 265 045", None, ("40303265045", "FR")),
        ("EL123456789", "GR", ("123456789", "GR")),
        ("525-000-00-01", "PL", ("5250000001", "PL")),
        ("ESC010101AB1", "MX", ("ESC010101AB1", "MX")),  # a Mexican number that begins like a Spanish prefix
        ("12-3456789", "US", ("123456789", "US")),
        ("B12345674", None, ("B12345674", None)),
        (" - ", "ES", (None, None)),
        (None, "ES", (None, None)),
    ],
)
def test_tax_id(written: str | None, country: str | None, compact: tuple[str | None, str | None]) -> None:
    """The same number comes out alike however it was typed, without its prefix, and its country where that is known."""
    assert tax_id(written, country) == compact


def test_prefix_comes_back() -> None:
    """A number goes into the EU's system with its prefix, once; Greece has its own."""
    assert with_prefix("B12345674", "ES") == "ESB12345674" == with_prefix("ESB12345674", "ES")
    assert with_prefix("123456789", "GR") == "EL123456789"
    assert country_name("ES") == "Spain" and country_name("ES", "pl") == "Hiszpania" and country_name(None) is None


@pytest.mark.parametrize(
    ("units", "currency", "amount"),
    [
        (121000, "eur", "1210.00"),
        (500, "jpy", "500"),
        (5120, "KWD", "5.120"),
        (500, "ISK", "5.00"),
        ("10000.5", "eur", "100.005"),
    ],
)
def test_minor_units(units: int | str, currency: str, amount: str) -> None:
    """Cents become euros, yen stay yen, fils have three decimals; and back."""
    assert major(units, currency) == Decimal(amount)
    assert minor(Decimal(amount), currency) == Decimal(units)
    assert major(None, currency) is None


def test_form() -> None:
    """Nested values become the flat fields of a form; None is left out, text is plain."""
    values = {"a": {"b": [1, Decimal("2.50")]}, "on": date(2026, 11, 20), "yes": True, "none": None, "clear": ""}
    assert form(values) == {"a[b][0]": "1", "a[b][1]": "2.5", "on": "2026-11-20", "yes": "true", "clear": ""}
    assert plain(Decimal("1E+3")) == "1000"
    assert plain(datetime(2026, 11, 20, 9, tzinfo=UTC)) == "2026-11-20T09:00:00Z"


@pytest.mark.parametrize(
    ("currency", "net", "tax"),
    [("EUR", "50.03", "10.51"), ("JPY", "50", "11"), ("KWD", "50.025", "10.505")],
)
def test_a_line_comes_to_whole_coins_half_away_from_zero(currency: str, net: str, tax: str) -> None:
    """1.5 of 33.35 with 21 %; what reduces is rounded as what it reduces, so that a credit takes off all of it."""
    for sign in (1, -1):
        line = LineDraft(
            description="A", quantity=Decimal("1.5"), unit_price=sign * Decimal("33.35"), tax_rate=Decimal(21)
        )
        assert (line.net_in(currency), line.tax_in(currency)) == (sign * Decimal(net), sign * Decimal(tax))
