"""A layout is explained once: the profile is kept, found again, and says what is wrong with itself."""

import pytest

from extract import profiles
from extract.files import FileError, free_name, propose, sniff
from extract.profiles import Profile, Target

TEXT = "Folio;Emitida;Cliente;Importe;Situación\n1;05/11/2026;Peña SL;1.210,50;Cobrado del todo\n"


def made(written, **more):
    answers = {
        "currency": "EUR",
        "value:status:Cobrado del todo": "paid",
        "column:Emitida": "issued_on",
        "dates:Emitida": "dmy",
    }
    profile, questions = propose(sniff(written(TEXT)), answers | more, table="invoices")
    assert profile, questions
    return profile


def test_what_was_asked_once_is_not_asked_again(written, mapped, tmp_path):
    """The answers are in the profile; the same layout under another name and in another order finds it."""
    folder = tmp_path / "profiles"
    kept = profiles.saved(made(written), folder)
    assert kept.name == "billing-invoices.toml" and not list(folder.glob("*.part"))
    again = written("Situación;Importe;Cliente;Emitida;Folio\nAnulada;2,50;B;06/11/2026;2\n", "december.csv")
    profile = profiles.recognised(sniff(again).headings, folder)
    assert profile == profiles.named("billing-invoices", folder)
    (row,) = mapped(again, profile)["invoices"]
    assert (row["id"], row["status"], row["currency"], str(row["issued_on"])) == ("2", "void", "EUR", "2026-11-06")


def test_a_column_more_does_not_make_it_strange(written, tmp_path):
    """A program that adds a column to its export keeps its profile; one that lacks columns does not match."""
    profiles.saved(made(written), tmp_path)
    given = ["Folio", "Emitida", "Cliente", "Importe", "Situación"]
    assert profiles.recognised([*given, "Nueva"], tmp_path)
    assert profiles.recognised(given[:-1], tmp_path) is None


def test_a_profile_survives_its_file(written, tmp_path):
    """Written and read again it is the same, whatever the headings contain."""
    told = made(written).model_dump()
    told["headings"] = ('Total "neto" [€]', "a.b = c", "Ñandú\\x", "#Kwota")
    told["decimal_of"] = {"#Kwota": ","}
    profile = Profile.model_validate(told)
    assert profiles.loaded(profiles.saved(profile, tmp_path)) == profile


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("name = ", "is not TOML"),
        ('name = "x"\n', "tables: "),
        ('name = "x"\n[[tables]]\ntable = "invoicess"\n', "no table 'invoicess'"),
        ('name = "x"\n[[tables]]\ntable = "deals"\ncolumns = {amuont = "A"}\n', "deals has no column 'amuont'"),
        ('name = "../x"\n[[tables]]\ntable = "deals"\n', "is no name"),
        ('name = "x"\nsurprise = 1\n[[tables]]\ntable = "deals"\n', "surprise"),
    ],
)
def test_a_wrong_profile_says_where(tmp_path, text, says):
    """The message names the profile and the field."""
    path = tmp_path / "x.toml"
    path.write_text(text)
    with pytest.raises(FileError, match=says) as caught:
        profiles.loaded(path)
    assert str(caught.value).startswith("x.toml")


@pytest.mark.parametrize("name", ["../../etc/passwd", "a/b", "", "A b"])
def test_a_profile_name_is_no_path(tmp_path, name):
    """A name from outside reaches no other folder."""
    with pytest.raises(FileError, match="no profile name"):
        profiles.named(name, tmp_path)


def test_an_unknown_profile_names_those_there_are(written, tmp_path):
    """A slip of the pen is answered with the list."""
    profiles.saved(made(written), tmp_path)
    with pytest.raises(FileError, match="There are: billing-invoices"):
        profiles.named("billing", tmp_path)
    assert free_name("billing-invoices", tmp_path) == "billing-invoices-2"


def test_rows_go_to_the_table_that_their_cell_says(written, mapped):
    """`only` sends rows of one file to different tables; rows for none are left out."""
    heads = "Kind,Ref,Name,Total,Date\n"
    rows = "INV,1,Acme,10.00,2026-01-02\nPAY,2,Acme,7.00,2026-01-03\nNOTE,3,Acme,0.00,2026-01-04\n"
    path = written(heads + rows)
    profile = Profile(
        name="mixed",
        tables=(
            Target(table="invoices", columns={"gross": "Total", "issued_on": "Date", "customer_name": "Name"},
                   constants={"currency": "EUR"}, id=("Ref",), only={"Kind": ("inv",)}),
            Target(table="payments", columns={"amount": "Total", "paid_on": "Date", "payer_name": "Name"},
                   constants={"currency": "EUR"}, id=("Ref",), only={"Kind": ("PAY",)}),
        ),
    )  # fmt: skip
    found = mapped(path, profile)
    assert [r["id"] for r in found["invoices"]] == ["1"] and [r["id"] for r in found["payments"]] == ["2"]


def test_a_table_that_the_file_cannot_be_is_said(written):
    """Asked to read a file as something it is not, we name the columns that lack."""
    with pytest.raises(FileError, match="cannot be read as payments: no column for booked_on or paid_on"):
        propose(sniff(written("Folio;Importe\n1;10,50\n")), {"currency": "EUR"}, table="payments")
