"""The Automations page: a person switches flows there, sees what is due, and writes the letters."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from company import Shop
from small_company import words
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from dashboard import unattended
from dashboard.words import money
from reconcile import settings
from reconcile.automations.switch import is_automatic
from reconcile.late import claim
from reconcile.settings import FLOWS, Automation

FRAME = Path(__file__).resolve().parents[2] / "dashboard" / "frame.py"
Page = Callable[[], AppTest]


@pytest.fixture
def page(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Page:
    monkeypatch.setenv("CUADRA_DATA", str(shop.data))

    def opened() -> AppTest:
        app = AppTest.from_file(str(FRAME), default_timeout=60)
        app._page_hash = calc_hash("automations")
        app.run()
        assert not app.exception, app.exception
        return app

    return opened


def press(app: AppTest, label: str, at: int = 0) -> AppTest:
    """Press a button by what it says."""
    [b for b in app.button if b.label == label][at].click()
    app.run()
    assert not app.exception, app.exception
    return app


@pytest.mark.capability("ROLL-3", "ROLL-4")
def test_a_flow_is_switched_by_a_person_for_one_salesperson(shop: Shop, page: Page) -> None:
    """The choice is in the settings, who made it in the log, and what would start now is shown before it does."""
    app = press(page(), "Show what would happen now")
    assert "wait for a click" in "\n".join(e.label for e in app.expander)
    before = next(e.label for e in app.expander if "wait for a click" in e.label)
    app.radio(key="mode-deal_to_invoice").set_value("automatic")
    owner = app.multiselect(key="owners-deal_to_invoice").options
    app.multiselect(key="owners-deal_to_invoice").select(owner[0])
    app.number_input(key="cap-deal_to_invoice").set_value(4)
    app = press(app, "Save")
    chosen = settings.load(shop.data).automation("deal_to_invoice")
    assert (chosen.mode, len(chosen.owners), chosen.daily_cap) == ("automatic", 1, 4)
    entry = shop.store.entries(action="switch_automation")[0]
    assert entry["who"] == "local" and entry["after"]["owners"] == chosen.owners
    assert "Switched by local" in words(app) and shop.writes() == []  # switching writes nothing by itself
    app = press(app, "Show what would happen now")
    started = [e.label for e in app.expander if "would start now" in e.label]
    assert started and int(started[0].split()[0]) < int(before.split()[0])


@pytest.mark.capability("ROLL-5")
def test_the_next_flow_wants_a_reason(shop: Shop, page: Page) -> None:
    """Without one nothing is switched and the page says what to do; with one it is, and the log keeps it."""
    app = page()
    app.radio(key="mode-payment_to_crm").set_value("automatic")
    app = press(app, "Save", 1)
    assert "say why" in words(app)
    assert settings.load(shop.data).automation("payment_to_crm").mode == "suggest"
    app.radio(key="mode-payment_to_crm").set_value("automatic")
    app.text_input(key="reason-payment_to_crm").set_value("tested with the bank's file")
    press(app, "Save", 1)
    assert settings.load(shop.data).automation("payment_to_crm").mode == "automatic"
    assert shop.store.entries(action="switch_automation")[0]["says"] == "tested with the bank's file"


@pytest.mark.capability("REM-2", "REM-6")
def test_reminders_are_off_until_one_switch_turns_them_on(shop: Shop, page: Page) -> None:
    """The letters can be changed first; automatic is one switch of its own and starts no other flow."""
    app = page()
    modes = [r.value for r in app.radio if r.key and r.key.startswith("mode-")]
    assert "automatic" not in modes
    own = "Pago pendiente {number}\n\nHola {customer}:\n{statement}\nTotal {total}\n{company}\n"
    app.selectbox(key="letter-language").set_value("es").run()
    app.text_area(key="text-reminder_1-es").set_value(own.replace("{total}", "mucho")).run()
    assert "This text cannot be sent. missing" in words(app)
    assert not [b for b in app.button if b.key == "letter-save"]
    app.text_area(key="text-reminder_1-es").set_value(own).run()
    assert "**Pago pendiente F" in words(app) and "cannot be sent" not in words(app)
    press(app, "Use this text", 1)  # the first is of the mail that carries an invoice
    assert shop.store.entries(action="change_letter")[0]["who"] == "local"
    app.radio(key="mode-overdue_to_reminder").set_value("automatic")
    app.text_input(key="reason-overdue_to_reminder").set_value("agreed")
    press(app, "Save", 2)
    chosen = settings.load(shop.data).automations
    assert {flow: a.mode for flow, a in chosen.items() if a.mode == "automatic"} == {"overdue_to_reminder": "automatic"}
    mails = [p for f in overdue(shop) for p in shop.plans(f) if p.action == "send_reminder" and p.data["level"] == "1"]
    spanish = [p.draft.text for p in mails if p.draft and p.draft.language == "es"]
    assert spanish and all(text.startswith("Hola ") for text in spanish)


def overdue(shop: Shop) -> list[str]:
    return [
        f for (f,) in shop.rows("SELECT id FROM findings WHERE \"check\" = 'overdue' AND state = 'open' ORDER BY id")
    ]


@pytest.mark.capability("PLUS-8")
def test_what_the_law_lets_us_claim_is_a_figure(shop: Shop, page: Page) -> None:
    """The same sum as the letters' lines: interest on each company's invoice that is 30 days late, and 40 EUR each."""
    late = shop.rows("""SELECT s.open_amount, s.due_on FROM invoice_summary AS s
        LEFT JOIN customers AS c ON c.vendor = s.vendor AND c.id = s.customer_id
        WHERE s.state = 'overdue' AND s.currency = 'EUR' AND s.days_overdue >= 30
        AND COALESCE(c.kind, 'company') <> 'person'""")
    today = settings.today(settings.load(shop.data))
    claims = [owed for amount, due_on in late if (owed := claim("ES", amount, due_on, today))]
    assert claims
    shown = words(page()).replace("\\", "")
    assert money(sum(c.interest for c in claims), "EUR").replace("\N{NO-BREAK SPACE}", " ") in shown
    assert f"{40 * len(claims):,}" in shown


def test_a_flow_that_only_the_file_says_automatic_is_told_so(shop: Shop, page: Page) -> None:
    """Nobody put their name to it: it suggests, and the page says why."""
    shop.set(automations={"customer_data": Automation(mode="automatic")})
    assert "nobody has put their name" in words(page())


def test_a_preview_says_that_its_flow_is_off(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not that nothing can be done: what is off, and where it is switched on."""
    monkeypatch.setenv("CUADRA_DATA", str(shop.data))
    shop.set(automations={"deal_to_invoice": Automation(mode="off")})
    app = AppTest.from_file(str(FRAME), default_timeout=60)
    app.query_params["finding"] = shop.finding("won_not_invoiced")
    app._page_hash = calc_hash("to-fix")
    app.run()
    app.button(key="preview-one").click().run()
    assert not app.exception and "This automation is off" in words(app)


@pytest.mark.capability("ROLL-1")
def test_going_live_is_four_switches_off_at_first(shop: Shop, page: Page) -> None:
    """Reminders, e-mails, weekly report, bank reconciliation: each turned on alone starts no other, and is logged."""
    shop.set(invoicing=settings.load(shop.data).invoicing.model_copy(update={"send": False}))

    def live() -> dict[str, bool]:
        known = settings.load(shop.data)
        runs = {flow: is_automatic(known, shop.store, flow) for flow in FLOWS}
        week = known.schedules.get("week")
        return runs | {"emails": known.invoicing.send, "reports": bool(week and week.cron)}

    app = page()
    switches = [t.value for t in app.toggle if (t.key or "").startswith("live-")]
    assert not any(live().values()) and switches == [False] * 4
    for name in ("overdue_to_reminder", "emails", "reports", "payment_to_crm"):
        if name in FLOWS:
            app.toggle(key=f"live-{name}").set_value(True).run()  # without a word it is refused
            assert "say why" in words(app) and not any(live().values()) and not app.toggle(key=f"live-{name}").value
            app.text_input(key=f"live-reason-{name}").set_value("tried for a week").run()
        app.toggle(key=f"live-{name}").set_value(True).run()
        assert not app.exception and {n for n, on in live().items() if on} == {name}
        assert shop.store.entries(limit=1)[0]["action"] in ("switch_automation", "change_settings")
        app.toggle(key=f"live-{name}").set_value(False).run()
        assert not any(live().values())


def test_reading_by_itself_is_planned_stopped_and_started(shop: Shop, page: Page) -> None:
    """When it reads next and how it went is said; a line that is no schedule is refused in words."""
    app = page()
    assert "read only when somebody presses" in words(app) and "not read by itself yet" in words(app)
    app.selectbox(key="reading-cron").set_value("*/5 * * * *")
    app.button(key="reading-save").click().run()
    assert settings.load(shop.data).schedules["sync"].cron == "*/5 * * * *"
    assert "Next: " in words(app)
    told = [{"vendor": "stripe", "items": 7, "rejected": 0, "error": "401: the key was taken back"}]
    unattended.note(shop.store, why="schedule", started_at="2026-11-21T10:00:00+00:00", readings=told, runs=2, error="")
    app = press(page(), "Stop")
    text = words(app)
    assert "Stopped by local" in text and "7 records changed" in text and "the key was taken back" in text
    assert unattended.stopped(shop.store)["who"] == "local"
    app = press(app, "Start again")
    assert "Next: " in words(app) and not unattended.stopped(shop.store)


def test_a_flow_is_narrowed_to_a_pipeline_a_country_and_an_amount(shop: Shop, page: Page) -> None:
    """What stands in the form is what is kept; an amount that is none keeps nothing."""
    app = page()
    pipeline = app.multiselect(key="pipelines-deal_to_invoice").options[0]
    app.multiselect(key="pipelines-deal_to_invoice").select(pipeline)
    app.multiselect(key="countries-deal_to_invoice").select("ES")
    app.text_input(key="ceiling-deal_to_invoice").set_value("a lot")
    app = press(app, "Save")
    assert "Nothing was saved" in words(app) and not settings.load(shop.data).automation("deal_to_invoice").countries
    app.text_input(key="ceiling-deal_to_invoice").set_value("5000 EUR, pln 20000.50")
    press(app, "Save")
    chosen = settings.load(shop.data).automation("deal_to_invoice")
    assert len(chosen.pipelines) == 1 and chosen.countries == ["ES"]
    assert chosen.ceiling == {"EUR": Decimal(5000), "PLN": Decimal("20000.50")}
    assert not settings.load(shop.data).automation("payment_to_crm").countries
