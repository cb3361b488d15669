"""From an empty company to the first reconciliation and the first invoice, by nothing but what the pages offer."""

import time
from pathlib import Path

import pypdfium2
import pytest
from newcomer import enter, marks, press
from small_company import words

from dashboard import guide, imports, jobs, onboarding, sample
from dashboard.read import coverage, data_folder, findings, ready
from extract.sandbox.server import Running
from reconcile import workflows
from reconcile.settings import load
from reconcile.state import state

DEALS = """Deal;Cliente;CIF;Importe;Moneda;Fecha de cierre;Estado;Comercial
Web Sol;Ferretería Sol SL;B12345674;1.000,00;EUR;03/11/2026;Ganado;Eva
Web Luna;Luna Clara SA;A28015865;2.500,50;EUR;28/10/2026;Ganado;Eva
"""
INVOICES = """Número;Cliente;CIF;Fecha;Vencimiento;Base imponible;IVA;Total;Moneda;Estado
F-2026-0017;Ferretería Sol SL;B12345674;04/11/2026;18/11/2026;1.000,00;210,00;1.210,00;EUR;Enviada
"""
FIRST, LAST = "Say who you are", "Make the first invoice, in a test account"
HUBSPOT, STRIPE = ("hubspot", "Token", "pat-eu1-sandbox"), ("stripe", "Key", "sk_test_sandbox")


def said_who(page) -> None:
    """Answer the first step."""
    app = page()
    assert app.title[0].value == "Set-up" and not any(marks(app).values())
    enter(app, "Company", "Ferretería Nueva SL")
    enter(app, "Whom people ask", "Ana Ruiz, ana@nueva.example")
    press(app, "That is us")
    assert marks(app)[FIRST] and load(data_folder()).company.name == "Ferretería Nueva SL"


def dropped(page, name: str, content: str) -> None:
    """Drop a file on Import and take it in."""
    app = page("import")
    app.file_uploader[0].upload(name, content.encode(), "text/csv").run()
    press(app, "Take it in")


def connected(page, shop: Running, vendor: str, label: str, secret: str) -> None:
    """Connect a system on the page Set-up."""
    app = page("setup", vendor=vendor, step="data")
    enter(app, label, secret)
    enter(app, "Address", shop.url)
    press(app, "Test and connect")
    assert not app.error, app.error[0].value


@pytest.mark.capability("CONN-11")
def test_own_files_reach_findings_and_a_connected_company_its_first_invoice(empty: Path, page, shop: Running) -> None:
    """Who we are → files → findings within 15 minutes; → systems → stages → an invoice in billing within 2 hours."""
    begun = time.monotonic()
    said_who(page)
    dropped(page, "deals.csv", DEALS)
    dropped(page, "facturas.csv", INVOICES)
    app = page("setup", step="findings")
    assert [f["record"] for f in findings.page(empty, findings.Wanted(checks=("won_not_invoiced",)))] == ["Web Luna"]
    assert "Money that hangs on them" in words(app)
    assert not marks(app)["Look at the first findings"]
    app.button(key="setup-findings").click().run()
    assert app.title[0].value == "To fix" and "Web Luna" in app.dataframe[0].value.to_string()
    assert time.monotonic() - begun < 15 * 60

    for one in (HUBSPOT, STRIPE):
        connected(page, shop, *one)
    app = page("setup", step="trigger")
    stages = app.multiselect(key="trigger-stages")
    assert len(stages.options) > 3 and all("›" in option for option in stages.options), "the CRM's own list"
    app.radio(key="trigger-how").set_value("stage")
    picked = stages.value[:1]
    stages.set_value(picked)
    app.button(key="FormSubmitter:setup-trigger-Save").click().run()
    assert load(empty).invoicing.stages == {"stage": picked} and load(empty).invoicing.triggers == ["stage"]
    assert marks(page("setup"))["Choose when a deal is to be invoiced"] and not marks(page("setup"))[LAST]

    before = numbers(shop)
    wanted = next(
        row["id"]
        for row in findings.page(empty, findings.Wanted(checks=("won_not_invoiced",)))
        if row["subject_vendor"] == "hubspot" and all(p.is_ready for p in workflows.fix(empty, [row["id"]]))
    )
    app = page("to-fix", finding=wanted)
    app.button(key="preview-one").click().run()
    assert not app.exception and app.button(key="confirm").label == "Confirm and write"
    # what that button starts; without a browser a press inside a dialog never arrives
    outcomes = workflows.settle(empty, workflows.fix(empty, [wanted]), "local")
    assert all(o.is_done for o in outcomes) and len(numbers(shop)) == len(before) + 1, outcomes
    assert marks(page("setup"))[LAST]
    assert time.monotonic() - begun < 2 * 3600


def numbers(shop: Running) -> list[str]:
    """Return the ids of the invoices that billing has."""
    return list(shop.sandbox.stripe.books.objects["invoices"])


@pytest.mark.capability("CONN-13")
def test_the_steps_tick_themselves_off_can_be_left_and_are_printed(empty: Path, page) -> None:
    """What is done is ticked, for everybody and after a restart; the printed guide has all steps and the same marks."""
    said_who(page)
    dropped(page, "deals.csv", DEALS)
    app = page("setup")
    done = marks(app)
    assert done == {s.title: s.done for s in onboarding.steps(empty, load(empty))}
    assert [title for title, is_done in done.items() if is_done] == [FIRST, "Connect systems, or drop files"]
    assert "no records of the kind “Invoices”" in app.warning[0].value, "half of it is not called read"
    made = guide.pdf(onboarding.steps(empty, load(empty)), load(empty))
    paper = "\n".join(sheet.get_textpage().get_text_range() for sheet in pypdfium2.PdfDocument(made))
    flat = " ".join(paper.split())
    assert all(step.title in flat for step in onboarding.steps(empty, load(empty)))
    assert flat.count("✓") == 2 and "Ana Ruiz" in flat and "restricted key" in flat
    assert page("setup").get("download_button")


def test_a_field_that_no_record_fills_is_named_and_holds_the_gate(empty: Path, page) -> None:
    """Invoices without a due date: the field is named, its step is open, and the gate asks for a reason."""
    dropped(page, "deals.csv", DEALS)
    dated = INVOICES.replace("04/11/2026", "14/11/2026")  # a day over 12 says which way round dates are
    lines = [";".join(part for at, part in enumerate(line.split(";")) if at != 4) for line in dated.splitlines()]
    dropped(page, "facturas.csv", "\n".join(lines) + "\n")
    app = page("setup", step="fields")
    assert any("says “Due”" in e.value for e in app.error)
    done = marks(app)
    assert not done["See that every field is found"] and not done["See whether the data is good enough"]
    press(app, "Go on anyway")
    assert any(e.value == "Say why first." for e in app.error)
    enter(app, "Why it is good enough for now", "our terms are on paper")
    press(app, "Go on anyway")
    assert marks(app)["See whether the data is good enough"] and "our terms are on paper" in words(app)
    assert state(empty).entries()[0]["action"] == "setup_step"


def test_sample_data_comes_and_goes_without_touching_ones_own(empty: Path, page) -> None:
    """Taken in and compared by one click; removed by one, with a file that was imported meanwhile left as it is."""
    app = page("setup")
    app.button(key="sample-in").click().run()
    assert not app.exception and ready(empty) and sample.is_in(state(empty)) and app.title[0].value == "Set-up"
    assert "sample data of an invented company" in words(page("to-fix")), "said on every page"
    assert findings.page(empty, findings.Wanted(states=("open", "unchecked")))
    (empty / "deals.csv").write_text(DEALS)
    imports.take(empty, empty / "deals.csv")
    jobs.reconcile(empty)
    with pytest.raises(sample.NotEmpty):
        sample.take_in(empty, "ana", lambda what, count: None)
    app = page("setup")
    app.button(key="sample-out").click().run()
    assert not app.exception and not sample.is_in(state(empty))
    assert coverage.sides(empty) == {"deals": 2, "invoices": 0, "payments": 0}


def test_removed_sample_data_leaves_an_empty_company(empty: Path, page) -> None:
    """Nothing of it is left: the page begins at the beginning."""
    app = page("setup")
    app.button(key="sample-in").click().run()
    app = page("setup")
    app.button(key="sample-out").click().run()
    assert not app.exception and not ready(empty) and not onboarding.sources(empty)
    assert page().title[0].value == "Set-up"
