"""What people decide about pairs: asked with all candidates, kept, heard by the next reconciliation."""

import json
import shutil
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from small_company import ROWS, frame, keep, words

from dashboard import jobs
from reconcile.state import state

pytestmark = pytest.mark.usefixtures("lean")
CUSTOMER = {"payer_name": "LODZ PRINT SP. Z O.O.", "payer_tax_id": "PL5252248481"}


def asked(data: Path, sql: str) -> list:
    with duckdb.connect(str(data / "warehouse.duckdb"), read_only=True) as db:
        return db.execute(sql).fetchall()


def button(app, label: str, at: int = 0):
    return [b for b in app.button if b.label == label][at]


def paid(id: str, amount: str, **more: Any) -> dict[str, Any]:
    """A bank line of the small company's Polish customer, unless it says otherwise."""
    line = {"vendor": "bank", "id": id, "paid_on": "2026-11-18", "amount": amount, "currency": "PLN",
            "method": "transfer", "reference": "zaplata", "status": "booked"}  # fmt: skip
    return line | more


def billed(id: str, gross: str, **more: Any) -> dict[str, Any]:
    """An open invoice to the small company's Polish customer."""
    return ROWS["invoices"][1] | {
        "id": id, "number": f"FV-2026-{id}", "net": gross, "tax": "0", "gross": gross, "issued_on": "2026-11-03",
    } | more  # fmt: skip


def again(data: Path, **rows: list[dict[str, Any]]) -> None:
    """Read other rows and reconcile by what was decided."""
    keep(data, ROWS | rows)
    jobs.reconcile(data)


@pytest.mark.capability("LINK-1")
def test_an_invoice_made_in_billing_is_shown_as_not_linked(data: Path, page) -> None:
    """It is listed with what it is worth and a way to find its deal; it counts in all totals."""
    text = words(page("reconciliation", part="invoices"))
    assert r"FV\-2026\-102" in text and "belongs to no deal" in text
    receivable = (
        "SELECT value FROM figures WHERE name = 'receivables' AND currency = 'PLN' AND period_end = '2026-11-20'"
    )
    assert float(asked(data, receivable)[0][0]) == 2460 - 400 + 369


@pytest.mark.capability("LINK-1")
def test_an_invoice_without_a_deal_shows_the_deals_it_may_belong_to(data: Path, page) -> None:
    """Each suggestion says why; one click makes it the invoice's deal."""
    twins = [ROWS["deals"][1] | {"id": id, "title": f"Year {id}", "amount": "300", "won_on": "2026-11-08",
                                 "reference": None} for id in "89"]  # fmt: skip
    again(data, deals=[*ROWS["deals"], *twins])
    ask = "SELECT left_id, status FROM links WHERE left_table = 'deals' AND right_id = 'in_2' ORDER BY 1"
    assert asked(data, ask) == [("8", "suggested"), ("9", "suggested")]
    app = page("reconciliation", part="invoices")
    assert "Year 8" in words(app) and "Year 9" in words(app) and "Same customer" in words(app)
    button(app, "Yes, link").click().run()
    assert ("8", "confirmed") in asked(data, ask)


@pytest.mark.capability("LINK-2")
def test_invoices_are_searched_ticked_and_added_to_a_deal(data: Path, page) -> None:
    """Two are ticked and added: both are on the deal then; one that has a deal already raises a warning first."""
    app = page("reconciliation", part="hand")
    assert all(field.placeholder for field in app.text_input)  # else an English word stands there
    app.text_input(key="hand-deal").set_value("audit")
    app.text_input(key="hand-invoice").set_value("lodz").run()
    assert len(app.checkbox) == 2
    for box in app.checkbox:
        box.check()
    app.run()
    assert r"FV\-2026\-101" in app.warning[0].value and "Already on another deal" in app.warning[0].value
    button(app, "Add 2 invoices").click().run()
    assert "2 invoices linked" in app.success[0].value
    links = (
        "SELECT right_id FROM links WHERE left_table = 'deals' AND left_id = '3' AND status = 'confirmed' ORDER BY 1"
    )
    assert asked(data, links) == [("in_1",), ("in_2",)]
    assert {d["verdict"] for d in state(data).decisions()} == {"confirmed"}
    shown = words(page("deals", deal="hubspot:3"))
    assert "FV-2026-101" in shown and "FV-2026-102" in shown


@pytest.mark.capability("LINK-2")
@pytest.mark.parametrize("record", ["hubspot:c2", "hubspot:contact:9"])
def test_invoices_are_searched_ticked_and_added_to_a_company_or_a_person(data: Path, page, record: str) -> None:
    """Two of another customer are ticked: that is said first; added, both stand on the record, and again after it."""
    person = {"vendor": "hubspot", "id": "contact:9", "name": "Ewa Nowak", "kind": "person", "email": "e@nowak.example"}
    again(data, customers=[*ROWS["customers"], person])
    before = frame(page("customer", customer=record)) if record == "hubspot:c2" else {"name": []}
    assert not any("FV" in name for name in before["name"])
    app = page("customer", customer=record)
    app.text_input(key="more-invoice").set_value("lodz").run()
    for box in app.checkbox:
        box.check()
    app.run()
    assert r"FV\-2026\-101" in app.warning[0].value and "another customer" in app.warning[0].value
    button(app, "Add 2 invoices").click().run()
    assert "2 invoices linked" in app.success[0].value
    names = frame(page("customer", customer=record))["name"]
    assert "FV-2026-101" in names and "FV-2026-102" in names
    jobs.reconcile(data)
    assert "FV-2026-102" in frame(page("customer", customer=record))["name"]
    assert {(d["left_table"], d["right_table"]) for d in state(data).decisions()} == {("customers", "invoices")}
    assert "FV-2026-101" in frame(page("customer", customer="hubspot:c1"))["name"], "it stays with its own customer"


@pytest.mark.capability("LINK-8")
def test_a_bank_line_is_given_to_an_open_invoice(data: Path, page) -> None:
    """Money that is for nothing is proposed against open invoices of its currency; confirmed, it closes them."""
    again(data, payments=[ROWS["payments"][0], paid("b2", "369", payer_name="THIRD PARTY")])
    app = page("reconciliation", part="bank")
    assert "THIRD PARTY" in words(app)
    app = page("reconciliation", part="hand", what="payment", payment="bank:b2")
    app.text_input(key="find-payments:bank:b2").set_value("102").run()
    next(b for b in app.checkbox if "102" in b.label).check().run()
    button(app, "Link").click().run()
    assert "1 invoice linked" in app.success[0].value
    assert asked(data, "SELECT state, open_amount FROM invoice_summary WHERE id = 'in_2'")[0][0] == "paid"


@pytest.mark.capability("LINK-8")
def test_likely_invoices_of_a_payment_stand_there_before_anything_is_typed(data: Path, page) -> None:
    """Those of its payer or of its amount that are open, in its currency."""
    lines = {
        "theirs": paid("theirs", "12", payer_name="LODZ PRINT"),
        "amount": paid("amount", "369", payer_name="THIRD PARTY"),
        "neither": paid("neither", "12", payer_name="THIRD PARTY"),
        "foreign": paid("foreign", "12", payer_name="LODZ PRINT", currency="EUR"),
    }
    again(data, payments=[ROWS["payments"][0], *lines.values()])
    wanted = {"theirs": ["101", "102"], "amount": ["102"], "neither": [], "foreign": []}
    for id, numbers in wanted.items():
        app = page("reconciliation", part="hand", what="payment", payment=f"bank:{id}")
        assert sorted(box.label.split(" ")[0][-3:] for box in app.checkbox) == numbers, id


@pytest.mark.capability("LINK-2")
def test_likely_invoices_of_a_deal_stand_there_before_anything_is_typed(data: Path, page) -> None:
    """Those of its customer without a deal; where there is none, all that are open."""
    sold = ROWS["deals"][0] | {"id": "8", "title": "Course", "amount": "999", "currency": "PLN", "customer_id": "c1"}
    again(data, deals=[*ROWS["deals"], sold])
    app = page("reconciliation", part="hand")
    for searched, offered in (("course", ["102"]), ("audit", ["101", "102"])):
        app.text_input(key="hand-deal").set_value(searched).run()
        assert sorted(box.label.split(" ")[0][-3:] for box in app.checkbox) == offered


@pytest.mark.capability("LINK-8")
def test_a_payment_is_split_over_invoices_and_never_over_what_is_there(data: Path, page) -> None:
    """Amounts are typed per invoice; more than the payment or the invoice is refused before it is sent."""
    again(
        data, invoices=[*ROWS["invoices"], billed("7", "500")], payments=[paid("b2", "600", payer_name="THIRD PARTY")]
    )
    app = page("reconciliation", part="hand", what="payment", payment="bank:b2")
    for number, id in (("102", "in_2"), ("2026-7", "7")):
        app.text_input(key="find-payments:bank:b2").set_value(number).run()
        app.checkbox(key=f"add-payments:bank:b2-invoices:stripe:{id}").check().run()
    first, second = (app.text_input(key=f"give-payments:bank:b2-invoices:stripe:{id}") for id in ("in_2", "7"))
    assert (first.value, second.value) == ("369.00", "231.00")
    first.set_value("0").run()
    assert "Nothing is given to FV" in app.warning[0].value and not [b for b in app.button if "split" in b.label]
    app.text_input(key="give-payments:bank:b2-invoices:stripe:in_2").set_value("369.01").run()
    assert "is open: lower the amount" in app.error[0].value
    app.text_input(key="give-payments:bank:b2-invoices:stripe:in_2").set_value("300").run()
    app.text_input(key="give-payments:bank:b2-invoices:stripe:7").set_value("300.01").run()
    assert "more than the payment" in app.error[0].value
    app.text_input(key="give-payments:bank:b2-invoices:stripe:7").set_value("300,00").run()
    assert not app.error
    button(app, "Keep this split").click().run()
    split = "SELECT right_id, amount, status FROM links WHERE left_id = 'b2' ORDER BY right_id"
    assert asked(data, split) == [("7", Decimal(300), "confirmed"), ("in_2", Decimal(300), "confirmed")]
    again(data, invoices=[*ROWS["invoices"], billed("7", "500"), billed("8", "600")],
          payments=[paid("b2", "600", payer_name="THIRD PARTY", reference="FV-2026-8")])  # fmt: skip
    sure = "SELECT right_id FROM links WHERE left_id = 'b2' AND status = 'confirmed' ORDER BY 1"
    assert asked(data, sure) == [("7",), ("in_2",)], "a decision wins over the number that the text names now"


@pytest.mark.capability("LINK-8")
def test_the_bank_line_of_an_invoice_that_billing_calls_paid_can_be_given_to_it(data: Path, page) -> None:
    """What billing was told and what the bank saw are one money: the word of the one leaves room for the other."""
    told = paid("r1", "369", vendor="stripe", method="recorded", invoice_id="in_2", reference=None,
                paid_on="2026-11-12")  # fmt: skip
    again(data, payments=[told, paid("b2", "369", payer_name="THIRD PARTY", paid_on="2026-11-19")],
          invoices=[ROWS["invoices"][0], ROWS["invoices"][1] | {"status": "paid", "paid": "369"}])  # fmt: skip
    app = page("reconciliation", part="hand", what="payment", payment="bank:b2")
    app.text_input(key="find-payments:bank:b2").set_value("102").run()
    app.checkbox(key="add-payments:bank:b2-invoices:stripe:in_2").check().run()
    assert not app.error and not app.warning
    button(app, "Link").click().run()
    assert asked(data, "SELECT status FROM links WHERE left_id = 'b2' AND right_id = 'in_2'") == [("confirmed",)]
    assert asked(data, "SELECT paid FROM invoice_summary WHERE id = 'in_2'") == [(Decimal(369),)]


@pytest.mark.capability("LINK-6")
def test_of_two_that_fit_equally_both_are_shown_and_none_is_picked(data: Path, page) -> None:
    """A customer pays with two equal invoices open: the page asks, with both, until a person says which."""
    twins = [billed("8", "369"), billed("9", "369")]
    again(data, invoices=[ROWS["invoices"][0], *twins], payments=[paid("b9", "369", **CUSTOMER)])
    app = page("reconciliation", part="bank")
    text = words(app)
    assert r"FV\-2026\-8" in text and r"FV\-2026\-9" in text
    assert asked(data, "SELECT COUNT(*) FROM links WHERE left_id = 'b9' AND right_table = 'invoices' "
                       "AND status = 'automatic'") == [(0,)]  # fmt: skip
    button(app, "Yes, link").click().run()
    assert "Linked." in app.success[0].value
    told = "SELECT status, COUNT(*) FROM links WHERE left_id = 'b9' AND status <> 'rejected' GROUP BY status"
    assert asked(data, told) == [("confirmed", 1)]


@pytest.mark.capability("LINK-6")
def test_money_of_a_customer_finds_the_deal_or_asks_which(data: Path, page) -> None:
    """One open deal: linked, and its page shows the money. Two: the app asks, showing both, and never picks."""
    card = paid("ch_1", "500", vendor="stripe", method="card", customer_id="cus_1")
    open_deal = {"vendor": "hubspot", "id": "21", "title": "Archive", "status": "open", "amount": "900",
                 "currency": "PLN", "customer_id": "c1"}  # fmt: skip
    mine = [d for d in ROWS["deals"] if d["customer_id"] != "c1"]
    invoices = [billed("8", "90", customer_id="cus_2", customer_name="Somebody else", customer_tax_id=None)]
    again(data, deals=[*mine, open_deal], invoices=invoices, payments=[card])
    ask = "SELECT right_id, status FROM links WHERE left_id = 'ch_1' ORDER BY right_id"
    assert asked(data, ask) == [("21", "automatic")]
    assert "PLN 500.00" in words(page("deals", deal="hubspot:21"))
    twin = open_deal | {"id": "22", "title": "Scanning"}
    again(data, deals=[*mine, open_deal, twin], invoices=invoices, payments=[card])
    assert asked(data, ask) == [("21", "suggested"), ("22", "suggested")]
    app = page("reconciliation", part="bank")
    assert "Archive" in words(app) and "Scanning" in words(app)
    at = [b.key for b in app.button if b.label == "Yes, link"].index("yes-stripe-ch_1-hubspot-22")
    button(app, "Yes, link", at).click().run()
    assert asked(data, ask) == [("22", "confirmed")]


@pytest.mark.capability("LINK-5")
def test_a_tax_id_one_character_off_is_asked_about_and_updates_nobody(data: Path, page) -> None:
    """The two stay apart until a person says that it was a slip; both ids are shown."""
    other = ROWS["customers"][2] | {"id": "cus_9", "other_id": None, "name": "Acme Sur", "tax_id": "B85674216",
                                    "email": "x@y.example", "country": "ES"}  # fmt: skip
    again(data, customers=[*ROWS["customers"], other])
    ask = "SELECT status, rule FROM links WHERE right_id = 'cus_9'"
    assert asked(data, ask) == [("suggested", "tax_id_nearly")]
    app = page("reconciliation", part="review")
    text = words(app)
    assert "B85674215" in text and "B85674216" in text and "perhaps a slip" in text
    about_it = "SELECT \"check\" FROM findings WHERE action = 'update_customer' AND subject_id IN ('c2', 'cus_9')"
    assert "tax_id_differs" not in {check for (check,) in asked(data, about_it)}


def test_a_pair_that_was_declined_never_comes_back(data: Path, page) -> None:
    """No means no: in every later run, also when the rows come anew with another text."""
    invoices = [*ROWS["invoices"], billed("8", "369")]
    again(data, payments=[paid("b9", "369", payer_name=CUSTOMER["payer_name"])], invoices=invoices)
    app = page("reconciliation", part="bank")
    button(app, "No").click().run()
    assert "stay apart" in app.success[0].value
    said = state(data).decisions()[0]
    assert said["verdict"] == "rejected" and said["was"] == "suggested"
    ask = f"SELECT DISTINCT status FROM links WHERE left_id = 'b9' AND right_id = '{said['right_id']}'"
    for text in ("zaplata", "zaplata za FV-2026-8", "FV-2026-102"):
        again(data, payments=[paid("b9", "369", reference=text, **CUSTOMER)], invoices=invoices)
        assert asked(data, ask) == [("rejected",)]


def test_a_payer_that_was_confirmed_is_known_next_time_and_the_reason_says_so(data: Path, page) -> None:
    """Money of a stranger is given to a customer by hand; the next transfer from that account finds its invoice."""
    stranger = {"payer_name": "HOLDING XYZ GMBH", "payer_iban": "DE89370400440532013000"}
    first, second = paid("b2", "369", **stranger), paid("b3", "777.31", paid_on="2026-11-19", **stranger)
    invoices = [*ROWS["invoices"], billed("8", "777.31")]
    again(data, payments=[first, second], invoices=invoices)
    ask = "SELECT status, rule FROM links WHERE left_id = 'b3' AND right_id = '8'"
    assert ("automatic", "payment_amount") not in asked(data, ask)
    app = page("reconciliation", part="hand", what="payment", payment="bank:b2")
    app.text_input(key="find-payments:bank:b2").set_value("102").run()
    next(b for b in app.checkbox if "102" in b.label).check().run()
    button(app, "Link").click().run()
    assert asked(data, ask) == [("automatic", "payment_amount")]
    (evidence,) = asked(data, "SELECT evidence FROM links WHERE left_id = 'b3' AND right_id = '8'")[0]
    assert ("learnt_account", True) in {(fact["code"], fact["agrees"]) for fact in json.loads(evidence)}


def test_a_wrong_link_is_undone_where_it_is_seen_and_stays_undone(data: Path, page) -> None:
    """On the deal's chain a sure link is declined in one click, and the declined one never comes back."""
    ask = "SELECT status FROM links WHERE left_table = 'deals' AND left_id = '2' AND right_id = 'in_1'"
    assert asked(data, ask) == [("automatic",)]
    app = page("deals", deal="hubspot:2")
    button(app, "Unlink").click().run()
    assert asked(data, ask) == [("rejected",)]
    jobs.reconcile(data)
    assert asked(data, ask) == [("rejected",)]
    assert "FV-2026-101" not in words(page("deals", deal="hubspot:2"))
    said = state(data).entries()[0]
    assert (said["who"], said["after"]["verdict"], said["after"]["was"]) == ("local", "rejected", "automatic")


def test_a_second_deal_for_an_invoice_raises_a_warning_also_where_it_is_suggested(data: Path, page) -> None:
    """Whoever confirms is told that the invoice has a deal already."""
    twins = [ROWS["deals"][1] | {"id": id, "title": f"Year {id}", "amount": "300", "won_on": "2026-11-08",
                                 "reference": None} for id in "89"]  # fmt: skip
    again(data, deals=[*ROWS["deals"], *twins])
    app = page("reconciliation", part="review")
    assert not app.warning
    shutil.copy(data / "warehouse.duckdb", data / "next")  # pages keep the file open that they read
    with duckdb.connect(str(data / "next")) as db:
        db.execute("UPDATE invoice_summary SET deal_count = 1 WHERE id = 'in_2'")
    (data / "next").replace(data / "warehouse.duckdb")
    app = page("reconciliation", part="review")
    assert "Already on another deal" in app.warning[0].value


def test_a_decision_is_taken_back_and_the_rules_decide_again(data: Path, page) -> None:
    """Undo is on the page of decisions; who decided and who took it back stay in the log, before and after."""
    app = page("reconciliation", part="hand")
    app.text_input(key="hand-deal").set_value("audit")
    app.text_input(key="hand-invoice").set_value("102").run()
    app.checkbox[0].check().run()
    button(app, "Add 1 invoice").click().run()
    app = page("reconciliation", part="decided")
    assert "Audit" in words(app) and r"FV\-2026\-102" in words(app)
    button(app, "Take back").click().run()
    assert state(data).decisions() == []
    assert asked(data, "SELECT COUNT(*) FROM links WHERE left_id = '3' AND right_id = 'in_2'") == [(0,)]
    newest, oldest = state(data).entries()[:2]
    assert (newest["action"], oldest["action"]) == ("undecide", "decide")
    assert newest["before"]["verdict"] == oldest["after"]["verdict"] == "confirmed" and newest["who"] == "local"


@pytest.mark.capability("PLUS-5")
def test_each_reason_is_told_with_what_both_sides_say(data: Path, page) -> None:
    """On the deal's chain: what agrees with its value, what does not with both values."""
    text = words(page("deals", deal="hubspot:2")).replace("\\", "")
    assert "Reference: PO-7 · Tax id: PL5252248481 · E-mail: old@lodz.example ≠ new@lodz.example" in text
    assert "Invoice number in the text: FRA FV-2026-101 part ≈ FV-2026-101 · Name: LODZ PRINT ≈ Łódź Print" in text
    assert "Amount: PLN 400.00 ≠ PLN 2,460.00" in text


def test_a_candidate_is_compared_with_its_payment_by_value(data: Path, page) -> None:
    """Money that may be for two invoices: names, tax ids and days stand beside each other."""
    invoices = [*ROWS["invoices"], billed("8", "369")]
    again(data, payments=[paid("b9", "369", payer_name=CUSTOMER["payer_name"])], invoices=invoices)
    text = words(page("reconciliation", part="bank")).replace("\\", "")
    assert "| Amount | PLN 369.00 | PLN 2,460.00 |" in text and "| Date | 18 Nov 2026 | 3 Oct 2026 |" in text
    assert "Name: LODZ PRINT SP. Z O.O. ≈ Łódź Print Sp. z o.o. · Amount: PLN 369.00 · Date: 18 Nov 2026 ≈" in text
