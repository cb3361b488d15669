"""Money, dates and texts in the reader's language."""

import datetime as dt
from decimal import Decimal
from pathlib import Path

import pytest

from dashboard import labels
from dashboard.parts import plain, sums, value
from dashboard.views import evidence
from dashboard.words import (
    LANGUAGES,
    _,
    _offered,
    ago,
    catalogue,
    day,
    day_typed,
    moment,
    money,
    month,
    nearest,
    number,
    offered,
    several,
    short_number,
    speaking,
    typed,
    weekdays,
)
from extract.vendor import registry

D = Decimal


def said(text: str) -> str:
    """Blanks that do not break look like blanks."""
    return text.replace("\N{NO-BREAK SPACE}", " ").replace("\N{NARROW NO-BREAK SPACE}", " ")


@pytest.mark.parametrize(
    ("language", "text"),
    [("en", "€1,234.50"), ("es", "1.234,50 €"), ("fr", "1 234,50 €"), ("pl", "1234,50 €")],
)
def test_money_is_written_as_the_reader_writes_it(language: str, text: str) -> None:
    """Marks and the place of the currency follow the language; every cent is there."""
    with speaking(language):
        assert said(money(D("1234.5"), "EUR")).replace(" 234", "234" if language == "pl" else " 234") == text


@pytest.mark.parametrize(
    ("language", "name", "monday"),
    [("en", "Dec 2025", "Mon"), ("es", "dic 2025", "lun"), ("fr", "déc. 2025", "lun."), ("pl", "gru 2025", "pon.")],
)
def test_months_and_days_have_their_names(language: str, name: str, monday: str) -> None:
    """A month is words, never 2025-12; a week begins on Monday, also where the language lists Sunday first."""
    with speaking(language):
        assert said(month(dt.date(2025, 12, 31))) == name
        assert weekdays()[0] == monday and len(weekdays()) == 7


def test_money_never_stands_without_its_currency() -> None:
    """A currency of letters stands apart; an unknown one is a question; no amount is a dash, not a nought."""
    with speaking("en"):
        assert said(money(D(1200), "PLN", whole=True)) == "PLN 1,200"
        assert money(D(-5), "EUR") == "-€5.00"
        assert money(D(5), None) == "5.00 ?"
        assert money(D(0), None) == money(None, "EUR") == "–"
        assert money(None, "EUR") == "–"
        assert said(money(D("1200"), "JPY")) == "JP¥1,200"


def test_several_currencies_stand_side_by_side() -> None:
    """Sums are never added across currencies; what does not fit is counted."""
    with speaking("en"):
        amounts = (("EUR", D(1)), ("PLN", D(2)), ("GBP", D(3)), ("USD", D(4)))
        assert said(sums(amounts, most=2)) == "€1 · PLN 2 · +2"


def test_days_and_instants_are_the_companys() -> None:
    """An instant is shown in the company's zone; a naive one is UTC."""
    with speaking("en"):
        late = dt.datetime(2026, 11, 20, 23, 30)
        madrid = dt.timezone(dt.timedelta(hours=1))
        assert day(dt.date(2026, 11, 20)) == "20 Nov 2026"
        assert moment(late, madrid).startswith("21 Nov 2026")
        assert ago(late, late + dt.timedelta(hours=3)) == "3 hours ago"
        assert ago(None, late) == "never"


def test_counts_take_their_form() -> None:
    """One finding, two findings."""
    assert several("{count} finding", "{count} findings", 1) == "1 finding"
    assert several("{count} finding", "{count} findings", 1200) == "1,200 findings"
    assert number(D("1234.567"), 2) == "1,234.57"


@pytest.mark.parametrize(("tag", "code"), [("fr-CA", "fr"), ("pl", "pl"), ("de-DE", ""), (None, ""), ("es_MX", "es")])
def test_the_browsers_language_is_taken_where_we_speak_it(tag: str | None, code: str) -> None:
    """Ours or none."""
    assert nearest(tag) == code
    assert code in (*LANGUAGES, "")


def test_only_languages_with_a_catalogue_are_offered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page half in one language is worse than one in English; a catalogue is all that a new one needs."""
    monkeypatch.setattr("dashboard.words.FOLDER", tmp_path)
    assert offered() == ["en"]
    place = tmp_path / "fr" / "LC_MESSAGES"
    place.mkdir(parents=True)
    (place / "cuadra.po").write_text(
        'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\nPlural-Forms: nplurals=2; plural=(n > 1);\\n"\n\n'
        'msgid "Deal"\nmsgstr "Affaire"\n\n'
        'msgid "{count} finding"\nmsgid_plural "{count} findings"\n'
        'msgstr[0] "{count} écart"\nmsgstr[1] "{count} écarts"\n',
        "utf-8",
    )
    _offered.cache_clear()
    catalogue.cache_clear()
    assert offered() == ["en", "fr"]
    with speaking("fr"):
        assert _("Deal") == "Affaire" and _("Invoice") == "Invoice"
        assert several("{count} finding", "{count} findings", 2) == "2 écarts"
    catalogue.cache_clear()


def test_stored_texts_are_read_as_what_they_are() -> None:
    """A date, an amount with its currency, a bare amount; everything else stays."""
    with speaking("en"):
        assert value("2026-11-20") == "20 Nov 2026"
        assert value("1200.00 EUR") == "€1,200.00"
        assert value("1200.00") == "1,200.00"
        assert value("FV-2026-11") == "FV-2026-11"


def test_names_are_no_markup() -> None:
    """Stars, dollars, brackets, pipes and colons of a name do nothing."""
    assert plain("*A* [x] $1 | :red") == r"\*A\* \[x\] \$1 \| \:red"


def test_one_less_is_one_day() -> None:
    """A change of -1 takes the singular, in every language that has one."""
    for language, text in (("en", "-1 day"), ("es", "-1 día"), ("fr", "-1 jour"), ("pl", "-1 dzień")):
        with speaking(language):
            assert several("{count} day", "{count} days", -1) == text


def test_what_stands_in_a_field_is_as_its_reader_types_it() -> None:
    """All decimals, no thousands apart; a day with its month in the middle, in English with the year first."""
    for language, amount, date, small in (
        ("en", "1250.005", "YYYY-MM-DD", "287K"),
        ("es", "1250,005", "DD/MM/YYYY", "287 mil"),
        ("fr", "1250,005", "DD/MM/YYYY", "287 k"),
        ("pl", "1250,005", "DD.MM.YYYY", "287 tys."),
    ):
        with speaking(language):
            assert (typed(D("1250.005")), day_typed()) == (amount, date)
            assert said(short_number(D("287430"), 0)) == small


@pytest.mark.parametrize("vendor", [name for name, kind in registry().items() if kind.writes])
def test_whatever_is_written_to_a_vendor_is_said_in_words(vendor: str) -> None:
    for write in registry()[vendor].writes:
        with speaking("en"):
            said = labels.fix(write)
        for language in ("es", "fr", "pl"):
            with speaking(language):
                assert labels.fix(write) != said, f"{write} is not said in {language}"


@pytest.mark.parametrize(
    ("what", "told"),
    [
        ("stripe: invoices", "Stripe · Facturas"),
        ("figures receivables", "Cifras"),
        ("checks ", "Comprobaciones"),
        ("extracto.csv", "extracto.csv"),
    ],
)
def test_a_job_says_where_it_is_in_the_readers_words(what: str, told: str) -> None:
    """Stages and kinds are told by their names, not by ours; the name of a file stays."""
    with speaking("es"):
        assert labels.step(what) == told


@pytest.mark.parametrize(
    ("subject", "told"),
    [("invoices:stripe:in_1", "Factura · Stripe · in_1"), ("finding:ab12", "finding:ab12"), ("", "")],
)
def test_the_activity_log_names_the_record(subject: str, told: str) -> None:
    """Of a record: what it is, whose, and its id; anything else as it is."""
    with speaking("es"):
        assert labels.subject(subject) == told


def test_a_country_has_its_name() -> None:
    """Two letters are a name in the reader's language; what is none of them stays, and nothing is a dash."""
    with speaking("fr"):
        assert [labels.held("country", code) for code in ("ES", "pl", "??", None)] == ["Espagne", "Pologne", "??", "–"]


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ({"code": "invoices", "right": "1"}, "1 factura."),
        ({"code": "invoices", "right": "3"}, "3 facturas en total."),
        ({"code": "due_on", "left": "2026-11-21", "right": "1"}, "Venció el 21 nov 2026, hace 1 día."),
    ],
)
def test_evidence_counts_one_as_one(reason: dict[str, str], told: str) -> None:
    """One invoice, one day: not "1 invoices"."""
    with speaking("es"):
        assert said(evidence.fact(reason)) == told
