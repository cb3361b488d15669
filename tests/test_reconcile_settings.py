"""Business choices: defaults, what is refused, what a save keeps."""

import datetime as dt
from decimal import Decimal
from pathlib import Path

import pytest

from reconcile import settings
from reconcile.settings import Connection, SettingsError

ROOT = Path(__file__).parents[1]


def test_without_a_file_there_are_defaults(tmp_path: Path) -> None:
    """Nothing has to be set, and nothing may be written."""
    chosen = settings.load(tmp_path)
    assert chosen.choices.grace_days == 3
    assert chosen.choices.amount_tolerance == Decimal("0.05")
    assert not chosen.may_write("hubspot")


def test_the_example_says_the_defaults() -> None:
    """The committed example is valid, and what it says of choices is what holds without it."""
    chosen = settings.read((ROOT / "data" / "settings.example.toml").read_text("utf-8"))
    assert chosen.choices == settings.Choices()
    assert chosen.connections["hubspot"].options == {"tax_id_property": "nif"}
    assert not any(chosen.writes.values())


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[choices]\ngrace_days = -1", 'choices.grace_days: "-1"'),
        ("[choices]\ngrace_dys = 3", "choices.grace_dys: no such setting"),
        ('[company]\ntime_zone = "Madrid"', 'company.time_zone: "Madrid": not a time zone'),
        ('[company]\nreporting_currency = "euro"', 'company.reporting_currency: "euro": not a currency'),
        ("[connections.hubspot]\nurl = 1", "connections.hubspot.vendor"),
        ("[choices]\ntoday = 2026-01-01", "choices.today is not set here"),
        ('[tolerances."Acme SL"]\nrate = 5', 'tolerances.Acme SL.rate: "5"'),
        ('[tolerances."Acme SL"]\npercent = 5', "tolerances.Acme SL.percent: no such setting"),
        ("[company", "not TOML"),
        ('[company]\ncountry = "Spain"', "Spain is no country; write its two letters, like ES"),
        ("[invoicing.tax_rates]\nES = 2100", "ES 2100: a tax is between 0 and 100 percent"),
        ("[approval.above]\nEUR = -5", ": EUR -5: write a currency"),
        ("[automations.deal_to_invoice.ceiling]\neur = 5", "eur 5: write a currency"),
        ("[reminders]\nfrom_hour = 22\nto_hour = 6", "to_hour is 6: say an hour after from_hour, which is 22"),
        ("[invoicing]\nterms_days = 100000000", "invoicing.terms_days"),
    ],
)
def test_what_is_wrong_is_named_with_its_value(text: str, says: str) -> None:
    """A misspelt key would silently have no effect: it is refused like a wrong value."""
    with pytest.raises(SettingsError) as error:
        settings.read(text)
    assert says in str(error.value)


def test_a_file_in_another_encoding_is_said(tmp_path: Path) -> None:
    """An editor of Windows saved it: the page says so and does not fall over."""
    (tmp_path / settings.FILE).write_bytes('[company]\nname = "Señor"'.encode("latin-1"))
    with pytest.raises(SettingsError, match="not in UTF-8"):
        settings.load(tmp_path)


def test_a_save_keeps_comments_and_order(tmp_path: Path) -> None:
    """Only what changed is touched."""
    path = tmp_path / settings.FILE
    path.write_text(
        '# ours\n[choices]\nunsent_days = 5\ngrace_days = 3  # agreed with Eva\n\n[company]\nname = "A"\n', "utf-8"
    )
    chosen = settings.load(tmp_path)
    chosen.choices.grace_days = 7
    chosen.connections["books"] = Connection.model_validate({"vendor": "stripe", "base_url": "http://127.0.0.1:1"})
    chosen.writes = {"books": True}
    settings.save(chosen, tmp_path)
    text = path.read_text("utf-8")
    assert text.startswith("# ours\n[choices]\nunsent_days = 5\ngrace_days = 7 # agreed with Eva\n")
    again = settings.load(tmp_path)
    assert again.may_write("books")
    assert again.connections["books"].options == {"base_url": "http://127.0.0.1:1"}
    del again.connections["books"]
    settings.save(again, tmp_path)
    assert "books]" not in (tmp_path / settings.FILE).read_text("utf-8")


def test_writes_are_off_until_switched_on_but_a_test_key_may() -> None:
    """A live key writes nothing by default; a vendor's test key harms nobody."""
    chosen = settings.read("[writes]\nstripe = true\n")
    assert chosen.may_write("stripe")
    assert not chosen.may_write("hubspot")
    assert chosen.may_write("hubspot", test_key=True)


def test_today_can_be_fixed_and_is_the_companys_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """CUADRA_TODAY holds for tests and demos; a wrong one is named."""
    monkeypatch.setenv(settings.TODAY, "2026-11-20")
    assert settings.today(settings.Settings()) == dt.date(2026, 11, 20)
    monkeypatch.setenv(settings.TODAY, "20.11.2026")
    with pytest.raises(SettingsError, match=r"20\.11\.2026"):
        settings.today(settings.Settings())


def test_amounts_never_pass_through_binary_fractions() -> None:
    """0.1 in the file is exactly a tenth."""
    assert settings.read("[choices]\namount_tolerance = 0.1\n").choices.amount_tolerance == Decimal("0.1")


def test_what_is_tolerated_of_one_customer_is_read_and_kept(tmp_path: Path) -> None:
    """By its name, its tax id or its key; what is not said is as for all customers."""
    (tmp_path / settings.FILE).write_text(
        '[tolerances."Acme SL"]\namount = 2.5\n[tolerances."stripe:cus_1"]\ndays = 10\n'
    )
    chosen = settings.load(tmp_path)
    assert chosen.tolerances["Acme SL"].amount == Decimal("2.5") and chosen.tolerances["Acme SL"].rate is None
    chosen.choices.grace_days = 7
    settings.save(chosen, tmp_path)
    assert settings.load(tmp_path).tolerances["stripe:cus_1"].days == 10
