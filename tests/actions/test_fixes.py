"""From a finding to its mending, against the invented company: what is previewed happens, once."""

import csv
import datetime as dt
import io
import json
import threading
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from company import Shop
from selling import LINES, invoices, sell

from extract import store
from extract.vendor import Vendor
from reconcile import gate, run, workflows
from reconcile.action import Plan, Subject
from reconcile.settings import Invoicing


def by_action(plans: list[Plan]) -> dict[str, Plan]:
    return {p.action: p for p in plans}


def after(plan: Plan) -> dict[str, str]:
    return {c.field: c.after or "" for c in plan.preview}


@pytest.mark.capability(
    "CUST-1", "CUST-5", "INV-1", "INV-9", "MAP-6", "MAP-7", "MAP-8", "WB-4", "WB-7", "WB-9", "SEND-2", "PLUS-6"
)
def test_a_won_deal_becomes_customer_invoice_mail_and_write_back_as_previewed(shop: Shop) -> None:
    """Nothing happens before the confirmation; after it, exactly what was shown; a second press adds nothing."""
    finding = shop.finding(
        "won_not_invoiced", "d.customer_id NOT IN (SELECT left_id FROM links WHERE left_table = 'customers')"
    )
    plans = shop.plans(finding)
    chain = ["create_customer", "update_customer", "create_invoice", "issue_invoice", "send_invoice", "update_deal"]
    assert [p.action for p in plans] == chain and all(p.is_ready for p in plans)
    assert shop.writes() == [] and shop.get("mails") == []

    assert set(shop.mend(plans)) == {"done"}
    shown = by_action(plans)
    subject = shown["create_invoice"].subject
    shop.look_again()
    (invoice,) = shop.rows(
        "SELECT number, customer_name, customer_tax_id, customer_email, deal_reference, gross, net, due_on, issued_on, "
        "customer_id, description, id FROM invoices WHERE deal_id = ?", subject.id,
    )  # fmt: skip
    said = after(shown["create_invoice"])
    names = ("customer", "tax_id", "email", "reference", "gross", "net", "due_on", "issued_on")
    money = [f"{amount:.2f}" for amount in invoice[5:7]]
    assert [said[n] for n in names] == [*invoice[1:5], *money, *map(str, invoice[7:9])]
    lines = ("SELECT description, quantity, unit_price, tax_rate FROM lines WHERE document = ? AND document_id = ? "
             "ORDER BY position")  # fmt: skip
    assert shop.rows(lines, "invoice", invoice[11]) == shop.rows(lines, "deal", subject.id)
    asked = "SELECT name, tax_id, email, street, city, postcode, country, phone FROM customers WHERE id = ?"
    (customer,) = shop.rows(asked, invoice[9])
    said = after(shown["create_customer"])
    assert list(customer) == [
        said[n] for n in ("name", "tax_id", "email", "street", "city", "postcode", "country", "phone")
    ]
    (told,) = shop.rows(
        "SELECT invoice_number, invoice_status, invoiced_amount, invoice_due_on, invoice_recipient FROM deals "
        "WHERE id = ?", subject.id,
    )  # fmt: skip
    assert told == (invoice[0], "sent", invoice[5], invoice[7], customer[0])
    (mail,) = shop.get("mails")
    assert customer[2] in str(mail)
    assert shop.rows("SELECT state FROM findings WHERE id = ?", finding) == [("fixed",)]

    before, sent = shop.changed(), len(shop.writes())
    assert set(shop.mend(plans)) <= {"found", "nothing"}
    assert shop.changed() == before and len(shop.writes()) == sent


@pytest.mark.capability("INV-5")
def test_customer_then_invoice_then_deal_each_with_its_own_idempotency_key(shop: Shop) -> None:
    """The calls come in that order, and every creating call at the billing system carries a key of its own."""
    finding = shop.finding(
        "won_not_invoiced", "d.customer_id NOT IN (SELECT left_id FROM links WHERE left_table = 'customers')"
    )
    shop.mend(shop.plans(finding))
    posts = [c for c in shop.get("calls", vendor="stripe", method="POST") if "cuadra_sent" not in c["query"]]
    order = [c["path"].rsplit("/", 1)[-1] for c in posts]
    assert order.index("customers") < order.index("invoices") < order.index("finalize") < order.index("send")
    assert shop.writes()[-1][0] == "PATCH" and "/deals/" in shop.writes()[-1][1]
    keys = [
        c["key"]
        for c in posts
        if c["path"].rsplit("/", 1)[-1] in ("customers", "invoices", "invoiceitems", "finalize", "send")
    ]
    assert all(keys) and len(set(keys)) == len(keys)


@pytest.mark.capability("CUST-3", "LINK-3")
@pytest.mark.parametrize("written", ["ES {0}", "{0}"])
def test_a_customer_made_by_hand_meanwhile_is_found_by_its_tax_id(shop: Shop, written: str) -> None:
    """The warehouse does not know it yet; billing does, however the tax id is written: no second customer."""
    finding = shop.finding(
        "won_not_invoiced", "d.customer_id IN (SELECT id FROM customers WHERE country = 'ES' AND vendor = 'hubspot') "
        "AND d.customer_id NOT IN (SELECT left_id FROM links WHERE left_table = 'customers')",
    )  # fmt: skip
    plans = shop.plans(finding)
    tax_id = by_action(plans)["create_customer"].draft.tax_id
    form = {
        "name": "By hand",
        "email": "by-hand@acme.example",
        "tax_id_data[0][type]": "es_cif",
        "tax_id_data[0][value]": written.format(tax_id),
    }
    made = httpx.post(f"{shop.url}/v1/customers", data=form, headers={"Authorization": "Bearer sk_test_sandbox"}).json()
    states = shop.mend(plans)
    assert states[0] == "found" and set(states[1:]) == {"done"}
    run = workflows.runs(shop.data)[0]
    assert run.outcomes[0].data["id"] == made["id"]
    shop.look_again()
    assert shop.rows("SELECT other_id FROM customers WHERE id = ?", plans[0].subject.id) == [(made["id"],)]


@pytest.mark.capability("CUST-4", "CHECK-3", "CHECK-4", "CHECK-5", "PLUS-9")
@pytest.mark.parametrize("nif", ["", "B12345678"], ids=["missing", "invalid"])
def test_a_bad_tax_id_is_asked_for_and_no_call_is_made(shop: Shop, nif: str) -> None:
    """The plan names the value; confirming is refused before any call; with a valid value it goes through."""
    made = shop.post("deals", new_deal(nif=nif))
    shop.look_again()
    finding = shop.finding("won_not_invoiced", f"d.id = '{made['deal_id']}'")
    plans = shop.plans(finding)
    assert {n.name for p in plans for n in p.needs} == {"tax_id"}
    assert "invoice would be rejected" in str(next(n for p in plans for n in p.needs).says)
    with pytest.raises(ValueError, match="tax_id"):
        shop.mend(plans)
    assert [w for w in shop.writes() if w[1].startswith("/v1/")] == []
    plans = shop.plans(finding, given={"tax_id": "B35680669"})
    assert all(p.is_ready for p in plans) and set(shop.mend(plans)) == {"done"}
    shop.look_again()
    known = shop.rows("SELECT vendor, tax_id FROM customers WHERE name = 'Talleres Nuevos SL' ORDER BY vendor")
    assert known == [("hubspot", "B35680669"), ("stripe", "B35680669")]


@pytest.mark.capability("SEND-2")
def test_without_an_address_the_invoice_cannot_be_sent_and_it_is_said(shop: Shop) -> None:
    """A missing e-mail is asked for before anything is created; where nothing is sent it is not needed."""
    made = shop.post("deals", new_deal() | {"contact": None})
    shop.look_again()
    finding = shop.finding("won_not_invoiced", f"d.id = '{made['deal_id']}'")
    assert "email" in {n.name for p in shop.plans(finding) for n in p.needs}
    shop.set(invoicing=Invoicing(issue=True))
    assert all(p.is_ready for p in shop.plans(finding))


@pytest.mark.capability("INV-4")
def test_three_lines_become_the_same_three_and_a_wrong_total_is_said(shop: Shop) -> None:
    """Lines with quantity, price and tax are the deal's; a total that is not the deal's amount is a caution."""
    lines = [{"name": n, "quantity": q, "price": p, "hs_tax_rate": "21"} for n, q, p in
             (("Design", "2", "600"), ("Hosting", "12", "10.50"), ("Support", "1.5", "80"))]  # fmt: skip
    right = shop.post("deals", new_deal(amount="1446") | {"lines": lines})
    wrong = shop.post("deals", new_deal(amount="1500") | {"lines": lines})
    shop.look_again()
    plans = {made["deal_id"]: by_action(shop.plans(shop.finding("won_not_invoiced", f"d.id = '{made['deal_id']}'")))
             for made in (right, wrong)}  # fmt: skip
    good, bad = plans[right["deal_id"]]["create_invoice"], plans[wrong["deal_id"]]["create_invoice"]
    assert [(x.description, x.quantity, x.unit_price, x.tax_rate) for x in good.draft.lines] == [
        ("Design", 2, 600, 21), ("Hosting", 12, Decimal("10.50"), 21), ("Support", Decimal("1.5"), 80, 21)
    ]  # fmt: skip
    assert after(good)["net"] == "1446.00" and after(good)["gross"] == "1749.66"
    assert "amount_mismatch" not in {c.code for c in good.cautions}
    assert "amount_mismatch" in {c.code for c in bad.cautions}


def test_the_preview_comes_to_what_billing_makes_of_it(shop: Shop) -> None:
    """Half cents in quantity, price, discount and tax, and lines of nothing: the total is billing's, to the cent."""
    cases: list[list[tuple[str, str, str, str]]] = [  # quantity, price, discount, tax
        [("1.5", "33.35", "", "21")], [("1", "0.125", "", "21")] * 3, [("1", "10.05", "50", "21")],
        [("1", "0.50", "", "21"), ("1", "10.5", "", "5")], [("0", "100", "", "21"), ("1", "50", "", "21")],
        [("1", "100", "", "21"), ("1", "-20.005", "", "21")],
    ]  # fmt: skip
    names = ("quantity", "price", "hs_discount_percentage", "hs_tax_rate")
    sold = [
        sell(shop, 100 + at, won=10, amount="",
             lines=[{"name": "A"} | dict(zip(names, line, strict=True)) for line in lines])
        for at, lines in enumerate(cases)
    ]  # fmt: skip
    shop.look_again()
    shop.set(invoicing=Invoicing())
    for deal in sold:
        plans = shop.plans(shop.finding("won_not_invoiced", f"d.id = '{deal}'"))
        shown = after(by_action(plans)["create_invoice"])
        assert set(shop.mend(plans)) <= {"done", "nothing"}
        (made,) = invoices(shop, deal)
        assert [shown["net"], shown["gross"]] == [
            f"{Decimal(made[name]) / 100:.2f}" for name in ("total_excluding_tax", "total")
        ]


def test_a_line_without_a_price_is_not_given_away_unsaid(shop: Shop) -> None:
    """It would be invoiced with nothing: a person is told, and no flow does that by itself."""
    sell(shop, 100, won=10, amount="", lines=[{"name": "Design", "quantity": "2"}, *LINES])
    shop.look_again()
    (create,) = [p for p in shop.plans(shop.finding("won_not_invoiced", "d.title = 'Project 100'"))
                 if p.action == "create_invoice"]  # fmt: skip
    assert [str(c.says) for c in create.cautions if c.code == "no_price"] == [
        "Design has no price in the CRM: it would be invoiced with 0."
    ]


@pytest.mark.capability("INV-7")
def test_the_due_date_follows_the_terms_and_can_be_chosen_but_not_before_the_issue(shop: Shop) -> None:
    """Terms of the customer by default, any later day by choice; a day before the issue is refused."""
    finding = shop.finding("won_not_invoiced")
    draft = by_action(shop.plans(finding))["create_invoice"].draft
    (terms,) = shop.rows("SELECT c.payment_terms_days FROM deals AS d JOIN customers AS c ON c.id = d.customer_id "
                         "WHERE d.id = ?", draft.deal_id)  # fmt: skip
    assert (draft.due_on - draft.issued_on).days == (terms[0] if terms[0] is not None else 30)
    chosen = draft.issued_on + dt.timedelta(days=9)
    assert by_action(shop.plans(finding, given={"due_on": str(chosen)}))["create_invoice"].draft.due_on == chosen
    early = shop.plans(finding, given={"due_on": str(draft.issued_on - dt.timedelta(days=1))})
    assert [n.name for n in by_action(early)["create_invoice"].needs] == ["due_on"]
    with pytest.raises(ValueError, match="due_on"):
        shop.mend(early)


@pytest.mark.capability("PLUS-2")
def test_what_remains_of_a_part_invoiced_deal_is_invoiced_and_no_more(shop: Shop) -> None:
    """The deal's lines less what was invoiced before: the sum of its invoices is the deal's amount."""
    finding = shop.finding("partly_invoiced")
    plans = by_action(shop.plans(finding))
    (deal,) = shop.rows("SELECT d.amount, s.remaining, s.basis FROM findings AS f "
                        "JOIN deals AS d ON d.id = f.subject_id JOIN deal_summary AS s ON s.id = d.id "
                        "WHERE f.id = ?", finding)  # fmt: skip
    assert abs(Decimal(after(plans["create_invoice"])[deal[2]]) - deal[1]) <= Decimal("0.05")
    assert set(shop.mend(list(plans.values()))) <= {"done", "nothing"}
    shop.look_again()
    assert shop.rows("SELECT state FROM findings WHERE id = ?", finding) == [("fixed",)]


@pytest.mark.capability("INV-19")
def test_an_amount_in_another_currency_is_never_written_to_the_deal(shop: Shop) -> None:
    """The pair is flagged with both amounts; number and state may be written, the amount not."""
    rows = shop.rows("SELECT d.id, d.amount, d.currency, s.invoiced_gross, s.invoice_currency FROM deal_summary AS s "
                     "JOIN deals AS d USING (vendor, id) WHERE s.verdict = 'currency'")  # fmt: skip
    assert rows
    from reconcile.actions.update_deal import UpdateDeal
    from reconcile.facts import opened
    from reconcile.settings import load, today

    chosen, plans = load(shop.data), []
    with opened(shop.data, chosen, today(chosen)) as facts:
        for id, *_ in rows:
            plans.append(UpdateDeal().plan(facts.deal("hubspot", id), facts))
    for plan, (id, _amount, currency, _gross, other) in zip(plans, rows, strict=True):
        if plan is None:
            continue
        assert "invoiced_amount" not in plan.data
        (caution,) = [c for c in plan.cautions if c.code == "currency_differs"]
        assert currency in str(caution.says) and other in str(caution.says), id


@pytest.mark.capability("WB-5", "WB-6", "CHECK-1", "COMPL-3")
def test_a_payment_reaches_the_deal_with_the_day_the_money_came(shop: Shop) -> None:
    """State paid, and the value date of the money: not the day of the reading."""
    finding = shop.finding("paid_not_in_crm")
    (plan,) = shop.plans(finding)
    (wanted,) = shop.rows("SELECT s.paid_on, s.invoice_number FROM deal_summary AS s WHERE s.id = ?", plan.subject.id)
    assert shop.mend([plan]) == ["done"]
    shop.look_again()
    (told,) = shop.rows("SELECT paid_on, invoice_number, invoice_status FROM deals WHERE id = ?", plan.subject.id)
    assert told == (*wanted, "paid") and wanted[0] < dt.date.today()
    assert shop.rows("SELECT state FROM findings WHERE id = ?", finding) == [("fixed",)]
    logged_and_unalterable(shop, plan, str(wanted[0]))


def logged_and_unalterable(shop: Shop, plan: Plan, paid_on: str) -> None:
    """Say whether the log holds who changed what from what to what, when and where, for good, and in its export."""
    (line,) = shop.store.entries(action="update_deal")
    assert line["before"]["paid_on"] == "" and line["after"]["paid_on"] == paid_on
    assert line["who"] and line["at"] and line["vendor"] == plan.vendor and line["subject"] == str(plan.subject)
    for change in ("UPDATE audit SET who = 'nobody'", "DELETE FROM audit"):
        with pytest.raises(sa.exc.DatabaseError, match="append-only"), shop.store.write() as db:
            db.execute(sa.text(change))
    file = io.StringIO()
    shop.store.export_audit(file)
    (row,) = (r for r in csv.DictReader(io.StringIO(file.getvalue())) if r["action"] == "update_deal")
    assert json.loads(row["after"])["paid_on"] == paid_on and row["who"] == line["who"]


def test_only_what_differs_at_this_moment_is_written(shop: Shop) -> None:
    """Somebody mended half of it by hand after the plan was made: only the rest is sent, and logged as it was."""
    (plan,) = shop.plans(shop.finding("paid_not_in_crm"))
    shop.post(f"deals/{plan.subject.id}", {"cuadra_invoice_status": "paid"})
    assert shop.mend([plan]) == ["done"]
    assert "invoice_status" not in shop.store.entries(action="update_deal")[0]["after"]


@pytest.mark.capability("WB-10")
def test_of_several_invoices_the_last_updated_one_is_told(shop: Shop) -> None:
    """B was updated after A: the deal says B; then A is: it says A. The amount is the sum of both."""
    made = shop.post("deals", new_deal(amount="1000") | {"lines": []})
    auth = {"Authorization": "Bearer sk_test_sandbox"}
    customer = httpx.post(f"{shop.url}/v1/customers", data={"name": "Talleres Nuevos SL"}, headers=auth).json()["id"]
    ids = []
    for _ in "AB":
        form = {"customer": customer, "collection_method": "send_invoice", "days_until_due": "30", "currency": "eur",
                "metadata[crm_deal_id]": made["deal_id"], "pending_invoice_items_behavior": "exclude"}  # fmt: skip
        invoice = httpx.post(f"{shop.url}/v1/invoices", data=form, headers=auth).json()["id"]
        line = {"customer": customer, "invoice": invoice, "amount": "50000", "currency": "eur", "description": "Half"}
        httpx.post(f"{shop.url}/v1/invoiceitems", data=line, headers=auth)
        httpx.post(f"{shop.url}/v1/invoices/{invoice}/finalize", headers=auth)
        shop.post("clock", {"seconds": 5})
        ids.append(invoice)
    said = []
    for latest in (ids[1], ids[0]):
        shop.post("clock", {"seconds": 5})
        httpx.post(f"{shop.url}/v1/invoices/{latest}", data={"metadata[note]": "touched"}, headers=auth)
        shop.look_again()
        (row,) = shop.rows(
            "SELECT invoice_id, invoices, invoiced_gross FROM deal_summary WHERE id = ?", made["deal_id"]
        )
        said.append(row)
    assert said == [(ids[1], 2, Decimal(1000)), (ids[0], 2, Decimal(1000))]


def test_an_overdue_invoice_is_reminded_once_in_the_customers_language(shop: Shop) -> None:
    """One mail per invoice and level; the second press finds it; the store knows it."""
    finding = shop.finding("overdue")
    plans = shop.plans(finding)
    (plan,) = (p for p in plans if p.action == "send_reminder")  # the rest: a task for the salesperson, finance told
    assert set(shop.mend(plans)) == {"done"} and shop.mend([plan]) == ["found"]
    assert shop.plans(finding) == []  # nothing new is due before the next level
    (mail,) = shop.get("mails")
    assert plan.draft.message_id in str(mail) and plan.draft.subject in str(mail)
    assert [r["invoice_id"] for r in shop.store.reminders("stripe", plan.subject.id)] == [plan.subject.id]


@pytest.mark.capability("ERR-1")
@pytest.mark.parametrize("change", [{"amount": "5000"}, {"dealstage": "closedlost"}], ids=["amount", "lost"])
def test_a_deal_that_changed_since_the_preview_is_not_invoiced(shop: Shop, change: dict[str, str]) -> None:
    """The CRM is asked once more before the invoice is made; a new preview shows what it says now."""
    deal = sell(shop, 100, won=10)
    shop.look_again()
    plans = shop.plans(shop.finding("won_not_invoiced", f"d.id = '{deal}'"))
    shop.post(f"deals/{deal}", change)
    assert shop.mend(plans)[-1] == "refused" and invoices(shop, deal) == []
    (run,) = workflows.runs(shop.data)
    assert f"deal {deal} said won 1200.00 EUR" in run.outcomes[-1].error and "read again" in run.outcomes[-1].error
    shop.look_again()
    asked = "SELECT id FROM findings WHERE subject_id = ? AND state = 'open' AND action = 'create_invoice'"
    fresh = [p for (f,) in shop.rows(asked, deal) for p in shop.plans(f)]
    assert bool(fresh) == ("amount" in change)
    assert not fresh or (set(shop.mend(fresh)) <= {"done", "found", "nothing"} and len(invoices(shop, deal)) == 1)


@pytest.mark.parametrize("amount", ["100", ""], ids=["in part", "whole"])
def test_what_was_paid_a_minute_ago_is_not_reminded_of(shop: Shop, amount: str) -> None:
    """Billing is asked once more before the mail goes: no letter, no task, and the next reading knows better."""
    plans = shop.plans(shop.finding("overdue"))
    invoice = plans[0].data["invoices"].split()[0].rpartition(".")[0]
    shop.post(f"invoices/{invoice}/pay", {"amount": amount} if amount else {})
    assert shop.mend(plans) == ["refused"] and shop.get("mails") == []
    (run,) = workflows.runs(shop.data)
    assert "read again" in run.outcomes[0].error
    shop.look_again()
    again = [p for (f,) in shop.rows("SELECT id FROM findings WHERE subject_id = ? AND state = 'open'", invoice)
             for p in shop.plans(f) if p.action == "send_reminder"]  # fmt: skip
    assert bool(again) == bool(amount) and (not again or shop.mend(again)[0] == "done")


def test_a_vendor_that_is_down_is_tried_again_and_the_rest_goes_on(shop: Shop) -> None:
    """503 and broken connections are retried with back-off; the chain ends as if nothing had been."""
    shop.post("faults", [{"kind": "status", "match": "/v1/invoices$", "method": "POST", "status": 503, "times": 2},
                         {"kind": "dead", "match": "finalize", "method": "POST", "times": 1}])  # fmt: skip
    plans = shop.plans(shop.finding("won_not_invoiced"))
    assert set(shop.mend(plans)) <= {"done", "found"}
    assert [p[1] for p in shop.writes()].count("/v1/invoices") >= 2
    shop.look_again()
    assert len(shop.rows("SELECT id FROM invoices WHERE deal_id = ?", plans[-1].subject.id)) == 1


@pytest.mark.capability("ERR-3")
def test_a_wrong_credential_writes_nothing_and_says_so(shop: Shop) -> None:
    """Refused at the first step, by name; a good one resumes."""
    plans = shop.plans(shop.finding("won_not_invoiced"))
    shop.store.keep_credentials("stripe", {"STRIPE_KEY": "sk_test_wrong"}, "ana")
    assert shop.mend(plans) == ["refused"]
    run = workflows.runs(shop.data)[0]
    assert run.state == "refused" and "credential was refused" in run.outcomes[0].error
    assert all(status == 401 for _, _, status in shop.writes())
    shop.store.keep_credentials("stripe", {"STRIPE_KEY": "sk_test_sandbox"}, "ana")
    assert set(shop.mend(plans)) == {"done"}


@pytest.mark.capability("ROLL-7")
def test_live_accounts_are_not_written_to_before_it_is_switched_on(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Test keys may write; live ones need the switch, one for each connection."""
    (plan,) = shop.plans(shop.finding("paid_not_in_crm"))
    monkeypatch.setattr(gate, "is_test", lambda vendor: False)
    assert shop.mend([plan]) == ["refused"]
    assert "live account" in workflows.runs(shop.data)[0].outcomes[0].error and shop.writes() == []
    shop.set(writes={"hubspot": True})
    assert shop.mend([plan]) == ["done"]


def test_the_red_switch_stops_all_writing(shop: Shop) -> None:
    """Nothing is sent while it is down, and who pulled it is said."""
    (plan,) = shop.plans(shop.finding("paid_not_in_crm"))
    gate.stop(shop.store, "eva", "wrong prices")
    assert shop.mend([plan]) == ["refused"] and shop.writes() == []
    assert "eva stopped all writing: wrong prices" in workflows.runs(shop.data)[0].outcomes[0].error
    gate.allow(shop.store, "eva")
    assert shop.mend([plan]) == ["done"]


@pytest.mark.capability("PLUS-6")
def test_pressed_in_two_tabs_it_is_one_run(shop: Shop) -> None:
    """Two confirmations of the same chain at once: one run, one invoice."""
    plans = shop.plans(shop.finding("won_not_invoiced"))
    workflows.launch(shop.data)
    ids: list[str] = []
    tabs = [threading.Thread(target=lambda: ids.extend(workflows.confirm(shop.data, plans, "ana"))) for _ in range(4)]
    for tab in tabs:
        tab.start()
    for tab in tabs:
        tab.join()
    assert len(ids) == 4 and len(set(ids)) == 1
    shop.mend(plans)
    assert len([w for w in shop.writes() if w[1] == "/v1/invoices"]) == 1


def test_a_mistake_of_ours_ends_the_run_and_it_may_be_tried_again(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that nobody performs any more is not shown as running, and does not stand in for the next one."""
    plans = shop.plans(shop.finding("won_not_invoiced"))
    with monkeypatch.context() as broken:
        broken.setattr(workflows, "perform", lambda *_, **__: [][0])
        assert shop.mend(plans) == ["doubt"]
    (run,) = workflows.runs(shop.data)
    assert run.state == "doubt" and "IndexError" in run.outcomes[0].error
    assert set(shop.mend(plans)) <= {"done", "found", "nothing"}


def test_a_run_that_could_not_even_be_ended_is_ended_later(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """The database was away at the worst moment: whoever looks next closes what nobody performs any more."""

    def away(*_: Any) -> None:
        raise OSError("away")

    plans = shop.plans(shop.finding("won_not_invoiced"))
    with monkeypatch.context() as broken:
        broken.setattr(workflows, "perform", away)
        broken.setattr(workflows, "_close", away)
        workflows.launch(shop.data)
        (id,) = workflows.confirm(shop.data, plans, "ana")
        with pytest.raises(OSError, match="away"):
            workflows.DBOS.retrieve_workflow(id).get_result()
    assert workflows.status(shop.data, id).state == "running" and workflows._engine is not None
    workflows._recover(workflows._engine)
    assert workflows.status(shop.data, id).state == "doubt"
    assert set(shop.mend(plans)) <= {"done", "found", "nothing"}


@pytest.mark.capability("LINK-5")
def test_a_tax_id_one_character_off_is_another_customer_and_a_hint(shop: Shop) -> None:
    """It is not updated nor taken for the same; the plan creates a new one and says who it may be."""
    (other,) = shop.rows("SELECT tax_id FROM customers WHERE vendor = 'stripe' AND tax_id_country = 'FR' "
                         "AND LENGTH(tax_id) = 11 ORDER BY id LIMIT 1")  # fmt: skip
    near = other[0][:-1] + str((int(other[0][-1]) + 1) % 10)
    made = shop.post("deals", new_deal(nif=near, country="France"))
    shop.look_again()
    create = by_action(shop.plans(shop.finding("won_not_invoiced", f"d.id = '{made['deal_id']}'")))["create_customer"]
    assert [c.code for c in create.cautions] == ["tax_id_typo"] and other[0] in str(create.cautions[0].says)


def new_deal(nif: str = "B35680669", amount: str = "1200", country: str = "Spain") -> dict[str, object]:
    """A won deal of a company that billing does not know, old enough to be missed."""
    won = (dt.date.today() - dt.timedelta(days=9)).isoformat()
    return {
        "company": {"name": "Talleres Nuevos SL", "nif": nif, "address": "Calle Nueva 1", "city": "Madrid",
                    "zip": "28001", "country": country},
        "contact": {"email": f"pagos{amount}@talleres-nuevos.example", "firstname": "Ana", "lastname": "Ruiz"},
        "deal": {"dealname": "Web", "amount": amount, "closedate": f"{won}T10:00:00Z", "pipeline": "default",
                 "dealstage": "closedwon", "hs_v2_date_entered_closedwon": f"{won}T10:00:00Z"},
        "lines": [{"name": "Design", "quantity": "2", "price": "600", "hs_tax_rate": "21"}],
    }  # fmt: skip


@pytest.mark.capability("PLUS-6")
def test_whatever_can_be_mended_is_gone_after_the_next_reading(shop: Shop) -> None:
    """Two findings of every check that has a fix: mended, read again, gone; nothing new appears in their place.

    A reminder mends nothing by itself. What an issued invoice says stays on it, so that is no fix's to mend.
    """
    rows = shop.rows("""SELECT "check", id FROM findings WHERE state = 'open' AND action NOT IN ('', 'send_reminder')
                        ORDER BY "check", id""")
    tried: dict[str, list[str]] = {}
    plans: list[Plan] = []
    for check, id in rows:
        found = shop.plans(id) if len(tried.get(check, [])) < 2 else []
        if found and all(p.is_ready for p in found):
            tried.setdefault(check, []).append(id)
            plans += [p for p in found if p.key not in {q.key for q in plans}]
    before = {id for (id,) in shop.rows("SELECT id FROM findings")}
    assert {
        "contact_differs",
        "tax_id_differs",
        "invoice_not_sent",
        "paid_not_in_crm",
        "partly_invoiced",
        "won_not_invoiced",
    } <= set(tried)
    assert set(shop.mend(plans)) <= {"done", "nothing"}
    shop.look_again()
    left = dict(shop.rows("SELECT id, state FROM findings"))
    mended = {check: {left.get(id, "fixed") for id in ids} for check, ids in tried.items()}
    assert mended == {check: {"fixed"} for check in tried}
    appeared = shop.rows("SELECT id, \"check\", detail, evidence FROM findings WHERE state = 'open'")
    assert [row[1:] for row in appeared if row[0] not in before] == []


@pytest.mark.capability("LINK-7")
def test_a_known_customer_is_taken_with_the_reason_an_unknown_one_picked_or_created(shop: Shop) -> None:
    """Known: preselected, and why. Unknown: the likeliest are listed; the one picked is used and remembered."""
    known = shop.finding(
        "won_not_invoiced", "d.customer_id IN (SELECT left_id FROM links WHERE left_table = 'customers')"
    )
    assert after(by_action(shop.plans(known))["create_invoice"])["customer_known_by"] in (
        "stored_customer_id",
        "tax_id",
    )
    ((id, name),) = shop.rows("SELECT id, name FROM customers WHERE vendor = 'stripe' AND email IS NOT NULL "
                              "AND tax_id IS NOT NULL ORDER BY id LIMIT 1")  # fmt: skip
    deal = new_deal()
    deal["company"]["name"] = name.replace(".", "")  # type: ignore[index]
    made = shop.post("deals", deal)
    shop.look_again()
    finding = shop.finding("won_not_invoiced", f"d.id = '{made['deal_id']}'")
    create = by_action(shop.plans(finding))["create_customer"]
    assert id in [c.value for c in create.choices] and name in str(create.choices[0].says)
    plans = shop.plans(finding, given={"customer_id": id})
    assert "create_customer" not in by_action(plans)
    assert by_action(plans)["create_invoice"].draft.customer_id == id
    shop.mend(plans[:1])
    shop.look_again()
    assert shop.rows("SELECT other_id FROM customers WHERE id = ?", made["company_id"]) == [(id,)]


@pytest.mark.capability("LINK-8")
def test_money_on_the_bank_statement_closes_the_invoice(shop: Shop) -> None:
    """A bank line that pays an open invoice in full: confirmed, billing has it as paid, once, and the deal knows."""
    (id, number, gross, currency), *_ = shop.rows(
        "SELECT i.id, i.number, i.gross, i.currency FROM invoices AS i JOIN invoice_summary AS s USING (vendor, id) "
        "JOIN deal_summary AS d ON d.invoice_id = i.id AND d.invoices = 1 "
        "WHERE s.state IN ('sent', 'overdue') AND i.paid = 0 AND s.deal_count = 1 ORDER BY i.id")  # fmt: skip
    statement = {"id": "bank-1", "paid_on": dt.date.today().isoformat(), "amount": str(gross), "currency": currency,
                 "method": "transfer", "reference": f"Invoice {number}", "payer_name": "ACME"}  # fmt: skip
    store.take(Bank(), shop.data, [("payments", statement)])
    run.reconcile(shop.data, shop.store.decisions())
    plans = workflows.offer(shop.data, "record_payment", Subject(table="invoices", vendor="stripe", id=id))
    assert [p.action for p in plans] == ["record_payment", "update_deal"]
    assert shop.mend(plans) == ["done", "done"] and set(shop.mend(plans)) == {"found", "nothing"}
    shop.look_again()
    assert shop.rows("SELECT status FROM invoices WHERE id = ?", id) == [("paid",)]
    assert shop.rows("SELECT invoice_status, paid_on FROM deals WHERE id = ?", plans[1].subject.id) == [
        ("paid", dt.date.today())
    ]
    assert workflows.offer(shop.data, "record_payment", Subject(table="invoices", vendor="stripe", id=id)) == []


@pytest.mark.capability("ERR-4")
def test_one_that_is_refused_does_not_hold_up_the_others(shop: Shop) -> None:
    """Of two chains confirmed together the refused one says why, the other is done."""
    first, second = (shop.plans(f) for (f,) in shop.rows("""SELECT id FROM findings WHERE "check" = 'paid_not_in_crm'
                     AND state = 'open' ORDER BY id LIMIT 2"""))  # fmt: skip
    shop.post(
        "faults", [{"kind": "status", "match": f"/deals/{first[0].subject.id}$", "method": "PATCH", "status": 400}]
    )
    assert sorted(shop.mend([*first, *second])) == ["done", "refused"]


class Bank(Vendor):
    """A bank statement that was imported."""

    def __init__(self) -> None:
        super().__init__(name="bank", base_url="http://127.0.0.1:1")

    def rows(self, kind: str, item: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
        yield kind, item


@pytest.mark.capability("CUST-3", "CUST-5")
def test_two_won_deals_of_one_new_customer_at_once(shop: Shop) -> None:
    """Both chains want the customer: it is created once, and each deal gets its own invoice."""
    first = shop.post("deals", new_deal())
    second = shop.post("deals", new_deal(amount="1300") | {"company_id": first["company_id"]})
    shop.look_again()
    findings = [shop.finding("won_not_invoiced", f"d.id = '{made['deal_id']}'") for made in (first, second)]
    plans = shop.plans(*findings)
    assert len({p.chain for p in plans}) == 2 and set(shop.mend(plans)) <= {"done", "found", "nothing"}
    assert [w[1] for w in shop.writes() if w[2] < 300].count("/v1/customers") == 1
    shop.look_again()
    invoices = shop.rows(
        "SELECT deal_id, customer_id FROM invoices WHERE deal_id IN (?, ?)", first["deal_id"], second["deal_id"]
    )
    assert len(invoices) == 2 and len({customer for _, customer in invoices}) == 1


def test_what_a_refused_note_left_undone_is_completed(shop: Shop) -> None:
    """The mail went out, the note on the invoice was put off: the next try finds the mail and writes the note."""
    fault = {"kind": "status", "match": "/v1/invoices/in_[A-Za-z0-9]+$", "method": "POST", "status": 429, "times": 1}
    shop.post("faults", [fault])
    plans = shop.plans(shop.finding("won_not_invoiced"))
    assert "found" in shop.mend(plans) and len(shop.get("mails")) == 1
    (invoice,) = shop.changed()["invoices"]
    assert invoice["metadata"]["cuadra_sent_key"].startswith("send_invoice:")
