"""Tax ids: possible or not by their own check digits, and equal however they are written."""

import pytest

from reconcile.tax_ids import bare, problem


@pytest.mark.capability("CHECK-4")
@pytest.mark.parametrize(
    ("tax_id", "country", "expected"),
    [
        ("B83591172", "ES", None),
        ("B83591173", "ES", "checksum"),
        ("B8359117", "ES", "length"),
        ("ESB83591172", "ES", None),
        ("5260250274", "PL", None),
        ("5260250275", "PL", "checksum"),
        ("40303265045", "FR", None),
        ("303265045", "FR", None),
        ("136695976", "DE", None),
        ("GODE561231GR8", "MX", None),
        ("GODE561231GR", "MX", "format"),
        ("91-1144442", "US", None),
        ("DE136695976", "", None),
        ("anything", "XX", None),
    ],
)
def test_a_tax_id_is_possible_or_not(tax_id: str, country: str, expected: str | None) -> None:
    """Length, form and check digits by country; where no rule is known nothing is said against it."""
    assert problem(tax_id, country) == expected


@pytest.mark.parametrize(
    ("one", "other", "country"),
    [
        ("B83591172", "ES-B83591172", "ES"),
        ("B83591172", "B 83.591.172", "ES"),
        ("PL5260250274", "526-025-02-74", "PL"),
        ("DE136695976", "136695976", "DE"),
        ("ESB83591173", "B83591173", "ES"),
    ],
)
def test_equal_ids_compare_equal_however_they_are_written(one: str, other: str, country: str) -> None:
    """Prefix and separators do not count, in a valid id or in a mistyped one."""
    assert bare(one, country) == bare(other, country)


def test_a_prefix_that_belongs_to_the_id_stays() -> None:
    """A Mexican RFC that happens to begin with MX keeps it."""
    assert bare("MXAB800101AB1", "MX").startswith("MXAB") or problem("AB800101AB1", "MX") is None
