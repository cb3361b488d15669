"""How often it is right by the user's own word: counted from what rules had proposed when a person spoke."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from small_company import ROWS, words
from test_deciding import again, asked, paid
from typer.testing import CliRunner

from dashboard.cli import app as command
from reconcile import decisions, quality
from reconcile.state import Decision, state

RUN = CliRunner()


def said(left: str, right: str, verdict: str, rule: str = "", was: str = "", amount: str = "100", currency: str = "EUR",
         best: str = "name") -> dict[str, Any]:  # fmt: skip
    decided = Decision(
        kind="link", verdict=verdict, left_table="payments", left_vendor="bank", left_id=left, right_table="invoices",
        right_vendor="stripe", right_id=right, amount=amount, currency=currency, rule=rule, was=was,
        evidence=json.dumps([{"code": "date", "agrees": False}, {"code": best, "agrees": True}]) if rule else "",
    )  # fmt: skip
    return decided.model_dump()


BOOKS = [
    said("1", "a", "confirmed", "payment_amount", "automatic"),
    said("2", "b", "confirmed", "payment_amount", "automatic", "300"),
    said("3", "c", "rejected", "payment_amount", "automatic"),
    said("4", "d", "confirmed", "payment_amount_tie", "suggested", best="amount"),
    said("4", "e", "rejected", "payment_amount_tie", "suggested", best="amount"),
    said("5", "f", "confirmed", amount="500"),  # by hand: no rule had thought of it
    said("6", "g", "confirmed", "number_in_text", "automatic", "70", "USD", "number_in_text"),
]


@pytest.mark.capability("PLUS-5")
def test_precision_recall_and_abstentions_are_counted_from_decisions() -> None:
    """Links by hand are missed links; a declined automatic link is an error; a tie is an abstention."""
    told = quality.own(BOOKS)["payments_invoices"]
    assert (told["confirmed"], told["declined"], told["by_hand"], told["abstained"]) == (5, 2, 1, 1)
    assert told["automatic"]["precision"] == pytest.approx(3 / 4)
    assert told["automatic"]["recall"] == pytest.approx(3 / 5)
    assert told["with_suggested"]["precision"] == pytest.approx(4 / 6)
    assert told["with_suggested"]["recall"] == pytest.approx(4 / 5)
    rules = {r["rule"]: (r["judged"], r["confirmed"], r["declined"]) for r in told["by_rule"]}
    assert rules == {"payment_amount": (3, 2, 1), "payment_amount_tie": (2, 1, 1), "number_in_text": (1, 1, 0)}
    evidence = {e["evidence"]: e["precision"] for e in told["by_evidence"]}
    assert evidence == {"name": pytest.approx(2 / 3), "amount": 0.5, "number_in_text": 1.0}


@pytest.mark.capability("PLUS-5")
def test_money_is_weighed_in_each_currency_apart() -> None:
    """400 of 1000 euros were found without asking; dollars are never added to them."""
    money = {m["currency"]: m for m in quality.own(BOOKS)["payments_invoices"]["money"]}
    assert (str(money["EUR"]["confirmed"]), money["EUR"]["recall_automatic"]) == ("1000", 0.4)
    assert money["EUR"]["recall_with_suggested"] == 0.5 and money["USD"]["recall_automatic"] == 1.0


def test_what_was_never_judged_has_no_precision() -> None:
    """No decisions say nothing: not 0 %, not 100 %."""
    assert quality.own([]) == {}
    told = quality.own([said("5", "f", "confirmed")])["payments_invoices"]
    assert told["automatic"]["precision"] is None and told["automatic"]["recall"] == 0.0
    told = quality.own([said("5", "f", "rejected", "payment_amount", "automatic")])["payments_invoices"]
    assert told["automatic"]["precision"] == 0.0 and told["automatic"]["recall"] is None


@pytest.mark.capability("PLUS-5")
def test_the_command_and_the_page_say_the_same(data: Path, page) -> None:
    """`cuadra quality --json` has stable keys; the page shows the same shares."""
    unlink = ["--data", str(data), "unlink", "payments:bank:b1", "invoices:stripe:in_1", "--json"]
    done = RUN.invoke(command, unlink)
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["rule"] == "number_in_text"
    done = RUN.invoke(command, ["--data", str(data), "link", "deals:hubspot:3", "invoices:stripe:in_2"])
    assert done.exit_code == 0, done.output
    shown = RUN.invoke(command, ["--data", str(data), "quality", "--json"])
    told = json.loads(shown.stdout)
    assert set(told) == {"deals_invoices", "payments_invoices"}
    assert set(told["payments_invoices"]) == {
        "confirmed", "declined", "by_hand", "automatic", "with_suggested", "abstained", "by_rule", "by_evidence",
        "money",
    }  # fmt: skip
    assert told["payments_invoices"]["automatic"]["precision"] == 0.0
    assert told["deals_invoices"]["automatic"]["recall"] == 0.0
    people = RUN.invoke(command, ["--data", str(data), "quality"])
    assert "number_in_text" in people.stdout and "0.0%" in people.stdout
    app = page("reconciliation", part="rules")
    table = app.dataframe[0].value.to_dict("list")
    assert table["precision"] == ["–", "0.0 %"] and table["recall"] == ["0.0 %", "–"]
    assert "you confirmed 0 and declined 1" in words(app)


def test_the_command_links_declines_and_undoes(data: Path) -> None:
    """A pair is named by table, vendor and id; what cannot be is said with what to write."""
    pair = ["payments:bank:b2", "invoices:stripe:in_2"]
    for arguments, word in (
        (["link", "payments:bank:b2", "nothing"], "write it like"),
        (["link", "payments:bank:b2", "customers:stripe:cus_1"], "cannot be linked"),
        (["link", "payments:bank:nobody", "invoices:stripe:in_2"], "no record nobody"),
        (["link", *pair, "--amount", "a lot"], "is not an amount"),
        (["unlink", *pair, "--undo"], "nothing was decided"),
    ):
        done = RUN.invoke(command, ["--data", str(data), *arguments])
        assert done.exit_code == 2 and word in " ".join(done.stderr.split()), arguments
    assert state(data).decisions() == []
    assert RUN.invoke(command, ["--data", str(data), "link", *pair]).exit_code == 0
    ask = "SELECT status FROM links WHERE left_id = 'b2'"
    assert asked(data, ask) == [("confirmed",)]
    assert RUN.invoke(command, ["--data", str(data), "unlink", *pair, "--undo"]).exit_code == 0
    assert asked(data, ask) == []


@pytest.mark.parametrize(
    ("given", "word"),
    [({"in_2": "369.01"}, "369.00 PLN"), ({"in_2": "300", "in_1": "300.01"}, "600.00 PLN"), ({"in_2": "0"}, "of 0")],
    ids=["more than the invoice", "more than the payment", "nothing"],
)
def test_nothing_is_allocated_twice_by_hand(data: Path, given: dict[str, str], word: str) -> None:
    """More than a payment or an invoice holds is refused as a whole, with what is left."""
    again(data, payments=[paid("b2", "600", payer_name="THIRD PARTY")])
    wanted = [_part("b2", id, amount) for id, amount in given.items()]
    with pytest.raises(decisions.NotAllowed, match=word):
        decisions.decide(data, wanted, "ana")
    assert state(data).decisions() == []


def test_what_others_allocated_before_counts(data: Path) -> None:
    """Two payments may share an invoice up to its amount; changing one's part frees the other's."""
    again(data, payments=[paid(id, "300", payer_name="THIRD PARTY") for id in ("b2", "b3")])
    decisions.decide(data, [_part("b2", "in_2", "300")], "ana")
    with pytest.raises(decisions.NotAllowed, match=r"only 69\.00 PLN is left"):
        decisions.decide(data, [_part("b3", "in_2", "70")], "ana")
    decisions.decide(data, [_part("b2", "in_2", "100")], "ana")
    decisions.decide(data, [_part("b3", "in_2", "269")], "ana")
    assert ROWS["invoices"][1]["gross"] == "369"


def _part(payment: str, invoice: str, amount: str) -> Decision:
    left, right = ("payments", "bank", payment), ("invoices", "stripe", invoice)
    return decisions.pair(left, right, "confirmed", Decimal(amount), "PLN")
