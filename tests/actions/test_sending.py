"""How an invoice goes out: issued and sent as chosen, by billing or by us, and above an amount with four eyes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from company import PAUSES, Shop
from small_company import words
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash
from test_fixes import after, by_action, new_deal
from test_terms import chosen, stripe_invoice, won

from reconcile import approvals, four_eyes, settings, workflows
from reconcile.action import Plan
from reconcile.letters import KEPT
from reconcile.settings import Approval

FRAME = Path(__file__).resolve().parents[2] / "dashboard" / "frame.py"
Page = Callable[[str], AppTest]


@pytest.fixture
def page(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Page:
    monkeypatch.setenv("CUADRA_DATA", str(shop.data))

    def opened(name: str) -> AppTest:
        app = AppTest.from_file(str(FRAME), default_timeout=120)
        app._page_hash = calc_hash(name)
        app.run()
        assert not app.exception, app.exception
        return app

    return opened


def press(app: AppTest, key: str) -> AppTest:
    """Press the button of a key."""
    next(b for b in app.button if b.key == key).click()
    app.run()
    assert not app.exception, app.exception
    return app


def state_of(shop: Shop, deal: str) -> list[tuple[Any, ...]]:
    """Return state, whether a day of sending is known, and the findings' states of the invoice of a deal."""
    shop.look_again()
    return shop.rows(
        "SELECT s.state, i.sent_at IS NOT NULL FROM invoices AS i JOIN invoice_summary AS s USING (vendor, id) "
        "WHERE i.deal_id = ?", deal,
    )  # fmt: skip


@pytest.mark.capability("SEND-1")
def test_the_toggle_sends_on_issue_or_leaves_it_to_be_sent(shop: Shop, page: Page) -> None:
    """Off: issued, no mail, “to be sent”. On: the customer has the mail, billing the state and the day."""
    app = page("automations")
    app.toggle(key="inv-issue").set_value(True)
    app.toggle(key="inv-send").set_value(False)
    press(app, next(b.key for b in app.button if b.key and b.key.startswith("invoicing-save")))
    known = settings.load(shop.data).invoicing
    assert (known.issue, known.send) == (True, False)
    assert shop.store.entries(action="change_invoicing")[0]["who"] == "local"
    quiet, first = won(shop)
    plans = shop.plans(quiet)
    assert "send_invoice" not in by_action(plans) and set(shop.mend(plans)) == {"done"}
    assert state_of(shop, first["deal_id"]) == [("waiting", False)] and shop.get("mails") == []

    chosen(shop, send=True)
    loud, second = won(shop, new_deal(amount="1300") | {"company_id": first["company_id"]})
    assert set(shop.mend(shop.plans(loud))) <= {"done", "nothing"}
    assert state_of(shop, second["deal_id"]) == [("sent", True)]
    assert [m["to"] for m in shop.get("mails")] == [["pagos1200@talleres-nuevos.example"]]  # the customer's


@pytest.mark.capability("SEND-3", "SEND-2")
def test_our_own_mail_carries_the_pdf_or_a_link_that_works(shop: Shop) -> None:
    """Both modes through our server: the PDF opens, the link shows the invoice; billing knows it as sent; once."""
    chosen(shop, send_by="mail", attach="pdf")
    finding, first = won(shop)
    plans = shop.plans(finding)
    assert [p.action for p in plans][-4:] == ["issue_invoice", "mail_invoice", "note_sent", "update_deal"]
    assert "va adjunta" in after(by_action(plans)["mail_invoice"])["text"]
    assert set(shop.mend(plans)) == {"done"} and set(shop.mend(plans)) <= {"found", "nothing"}
    (mail,) = shop.get("mails")
    number = stripe_invoice(shop, first["deal_id"])["number"]
    assert mail["subject"] == f"Factura {number} de Cuadra Test SL" and mail["attachments"] == [f"{number}.pdf"]
    assert (
        mail["sizes"][0] > 500
        and mail["language"] == "es"
        and "Atentamente\nCuadra Test SL" in mail["text"].replace("\r", "")
    )
    assert state_of(shop, first["deal_id"]) == [("sent", True)]
    told = shop.rows("SELECT invoice_status, invoice_number FROM deals WHERE id = ?", first["deal_id"])
    assert told == [("sent", number)]

    chosen(shop, attach="link")
    finding, second = won(shop, new_deal(amount="1300") | {"company_id": first["company_id"]})
    assert set(shop.mend(shop.plans(finding))) <= {"done", "nothing"}
    _, linked = shop.get("mails")
    address = next(word for word in linked["text"].split() if "//" in word)
    seen = httpx.get(address)
    assert seen.status_code == 200 and stripe_invoice(shop, second["deal_id"])["number"] in seen.text
    assert linked["attachments"] == []

    missing, _ = won(shop, new_deal(amount="1400", nif="40303265045", country="France") | {"contact": None})
    assert {n.name for p in shop.plans(missing) for n in p.needs} == {"email"}


def test_an_invoice_that_billing_sent_is_not_sent_again_by_us(shop: Shop) -> None:
    """Somebody sent it in billing between the preview and the click: no second mail."""
    chosen(shop, send_by="mail", send=False, issue=True)
    finding, made = won(shop)
    assert set(shop.mend(shop.plans(finding))) == {"done"}
    shop.look_again()
    id = stripe_invoice(shop, made["deal_id"])["id"]
    chosen(shop, send=True)
    plans = workflows.offer(shop.data, "send_invoice", by_action_subject(id))
    assert [p.action for p in plans][:2] == ["mail_invoice", "note_sent"]
    chosen(shop, send_by="billing")
    assert set(shop.mend(workflows.offer(shop.data, "send_invoice", by_action_subject(id)))) <= {"done", "nothing"}
    assert len(shop.get("mails")) == 1
    assert set(shop.mend(plans)) <= {"found", "nothing"} and len(shop.get("mails")) == 1


def by_action_subject(id: str) -> Any:
    from reconcile.action import Subject

    return Subject(table="invoices", vendor="stripe", id=id)


@pytest.mark.capability("SEND-4")
def test_the_invoice_mail_is_edited_with_a_preview_of_real_data(shop: Shop, page: Page) -> None:
    """Without a placeholder that must be there it cannot be used; with it, its words go out with the signature."""
    chosen(shop, send_by="mail")
    known = settings.load(shop.data)
    shop.set(mail=known.mail.model_copy(update={"signature": "Eva, Administración"}))
    app = page("automations")
    app.selectbox(key="invoice-language").set_value("es").run()
    own = "Su factura {number}\n\nHola {customer}: {total}. {document}\n{signature}\n"
    app.text_area(key="text-invoice-es").set_value(own.replace("{total}", "mucho")).run()
    assert "This text cannot be sent. missing" in words(app)
    assert not [b for b in app.button if b.key == "invoice-save"]
    app.text_area(key="text-invoice-es").set_value(own).run()
    (number, customer) = shop.rows(
        "SELECT number, customer_name FROM invoices WHERE vendor = 'stripe' AND number IS NOT NULL AND gross > 0 "
        "AND status <> 'draft' ORDER BY issued_on DESC NULLS LAST, id LIMIT 1")[0]  # fmt: skip
    seen = words(app).replace("\\", "")  # as Markdown shows it
    (body,) = [text.value for text in app.text if text.value.startswith("Hola ")]
    assert f"Su factura {number}" in seen and customer in body and "Eva, Administración" in body
    press(app, "invoice-save")
    assert shop.store.value(f"{KEPT}invoice.es") == own
    finding, _ = won(shop)
    assert set(shop.mend(shop.plans(finding))) == {"done"}
    (mail,) = shop.get("mails")
    assert mail["subject"].startswith("Su factura ") and mail["text"].strip().endswith("Eva, Administración")


def mend_as(shop: Shop, plans: list[Plan], who: str) -> str:
    """Confirm plans as somebody, and return how their run ended."""
    workflows.launch(shop.data, PAUSES)
    (run_id,) = workflows.confirm(shop.data, plans, who)
    workflows.wait(shop.data, [run_id], 60)
    return workflows.status(shop.data, run_id).state


@pytest.mark.capability("INV-21")
def test_above_an_amount_somebody_else_approves_before_it_is_issued(shop: Shop, page: Page) -> None:
    """The draft waits in a list. Who asked cannot agree, neither on the page nor past it; another issues it so."""
    shop.set(approval=Approval.model_validate({"above": {"EUR": "1000"}}))
    small, low = won(shop, new_deal(amount="800") | {"lines": []})
    plans = shop.plans(small, given={"tax_rate": "21"})
    assert mend_as(shop, plans, "ana") == "done"
    finding, made = won(shop, new_deal() | {"company_id": low["company_id"]})
    plans = shop.plans(finding)
    assert mend_as(shop, plans, "local") == "waiting"
    draft = stripe_invoice(shop, made["deal_id"])
    assert draft["status"] == "draft" and len(shop.get("mails")) == 1
    assert mend_as(shop, plans, "local") == "waiting"  # pressing again changes nothing
    (row,) = approvals.waiting(shop.store)
    assert (row["asked_by"], str(row["amount"]), row["currency"]) == ("local", "1452.0000", "EUR")
    this = (row["vendor"], row["invoice_id"], row["content"])
    app = page("activity")
    assert "1,452.00" in words(app) and next(b for b in app.button if b.label == "Approve and issue").disabled
    with pytest.raises(approvals.NotYours):
        four_eyes.approve(shop.data, *this, "local")
    with pytest.raises(approvals.NotYours):
        four_eyes.approve(shop.data, *this, " Local")  # the same person, written otherwise
    with shop.store.write() as db:  # past the page and past the function: the chain itself looks at who agreed
        db.exec_driver_sql("UPDATE approvals SET state = 'approved', decided_by = 'local'")
    assert mend_as(shop, plans, "local") == "waiting" and stripe_invoice(shop, made["deal_id"])["status"] == "draft"
    with shop.store.write() as db:
        db.exec_driver_sql("UPDATE approvals SET state = 'waiting', decided_by = ''")
    run_id = four_eyes.approve(shop.data, *this, "eva")
    workflows.wait(shop.data, [run_id], 60)
    assert workflows.status(shop.data, run_id).state == "done"
    assert stripe_invoice(shop, made["deal_id"])["status"] == "open" and len(shop.get("mails")) == 2
    with pytest.raises(approvals.Decided):
        four_eyes.approve(shop.data, *this, "eva")
    asked, said = (shop.store.entries(action=name)[0] for name in ("ask_approval", "approve_invoice"))
    assert (asked["who"], said["who"]) == ("local", "eva")


@pytest.mark.capability("INV-21")
def test_a_rejected_draft_comes_back_with_a_comment(shop: Shop, page: Page) -> None:
    """It stays a draft; trying again says why; once it was changed in billing, it is asked about anew."""
    shop.set(approval=Approval.model_validate({"above": {"EUR": "0"}}))
    finding, made = won(shop)
    plans = shop.plans(finding)
    assert mend_as(shop, plans, "ana") == "waiting"
    app = page("activity")
    app = press(app, next(b.key for b in app.button if b.label == "Send back"))
    assert "write a comment" in words(app) and len(approvals.waiting(shop.store)) == 1
    next(t for t in app.text_input if "send it back" in t.label).set_value("wrong price").run()
    app = press(app, next(b.key for b in app.button if b.label == "Send back"))
    assert approvals.waiting(shop.store) == []
    said = shop.store.entries(action="reject_invoice")[0]
    assert (said["who"], said["says"]) == ("local", "wrong price")
    assert mend_as(shop, plans, "ana") == "refused"
    assert "local rejected it: wrong price" in workflows.runs(shop.data)[0].outcomes[-1].error
    draft = stripe_invoice(shop, made["deal_id"])
    assert draft["status"] == "draft"
    httpx.post(f"{shop.url}/v1/invoices/{draft['id']}", data={"description": "Corrected"},
               headers={"Authorization": "Bearer sk_test_sandbox"})  # fmt: skip
    assert mend_as(shop, plans, "ana") == "waiting" and len(approvals.waiting(shop.store)) == 1
