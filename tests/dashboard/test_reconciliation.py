"""The page Reconciliation: suggestions by keyboard, everything searched, rules switched; never the whole table."""

from pathlib import Path
from typing import Any

import duckdb
import pytest
from small_company import ROWS, frame, keep, words
from test_deciding import CUSTOMER, again, asked, billed, button, paid

from dashboard import jobs
from dashboard.read import everything, matching
from dashboard.read.warehouse import Db, matches, pattern
from reconcile import settings
from reconcile.state import state

MANY = 10_500


@pytest.fixture
def asking(data: Path) -> Path:
    """Two payments, each with two invoices that fit equally well."""
    invoices = [billed(id, gross) for id, gross in (("7", "500"), ("8", "500"), ("5", "369.40"), ("6", "369.40"))]
    again(data, invoices=[ROWS["invoices"][0], *invoices],
          payments=[paid("b8", "500", **CUSTOMER), paid("b9", "369.40", **CUSTOMER)])  # fmt: skip
    return data


def keys(app) -> dict[str, Any]:
    """The buttons of the page by their keyboard shortcut."""
    return {b.proto.shortcut.upper(): b for b in app.button if b.proto.shortcut}


def test_suggestions_are_decided_with_the_keyboard_and_counted_in_when_asked(asking: Path, page) -> None:
    """Y links the marked candidate and shows the next record at once; the books follow when somebody asks."""
    before = asked(asking, "SELECT now_at FROM settings")
    app = page("reconciliation", part="review")
    assert {"Y", "N", "J", "K", "U"} <= set(keys(app))
    assert "PLN 500.00" in words(app) and "1 of 2" in words(app)
    keys(app)["Y"].click().run()
    assert not app.exception
    text = words(app)
    assert "1 of 1" in text and "1 decision is kept and not counted in yet" in text and "PLN 369.40" in text
    assert asked(asking, "SELECT now_at FROM settings") == before
    button(app, "Compare again").click().run()
    assert asked(asking, "SELECT COUNT(*) FROM links WHERE left_id = 'b8' AND status = 'confirmed'") == [(1,)]
    assert "not counted in yet" not in words(app)


@pytest.mark.capability("PLUS-1")
def test_a_finding_that_a_suggestion_may_answer_is_answered_where_it_is_read(asking: Path, page) -> None:
    """Money with two likely invoices is not said to be for none; the reader links one, or declines the other."""
    invoices = [ROWS["invoices"][0], *(billed(id, "500") for id in "78")]
    again(asking, invoices=invoices, payments=[paid("b8", "500", paid_on="2026-11-12", **CUSTOMER)])
    finding = """SELECT id, state FROM findings WHERE "check" = 'payment_without_invoice' AND subject_id = 'b8'"""
    ((id, state),) = asked(asking, finding)
    assert state == "unchecked"
    waits = [link.proto.label for link in page("to-fix").get("page_link")]
    assert "1 more waits for an answer to a suggestion" in waits
    app = page("to-fix", state="unchecked", finding=id)
    assert "2 suggestions wait for a yes or a no" in words(app)
    assert not [b for b in app.button if b.key == "preview-one"]
    next(b for b in app.button if b.key and b.key.startswith("no-")).click().run()
    assert not app.exception
    assert asked(asking, finding) == [(id, "fixed")], "the other one is the only one now"
    again(asking, invoices=invoices, payments=[paid("b7", "500", paid_on="2026-11-12", **CUSTOMER)])
    ((id, state),) = asked(asking, finding.replace("b8", "b7"))
    assert state == "unchecked"
    app = page("to-fix", state="unchecked", finding=id)
    next(b for b in app.button if b.key and b.key.startswith("yes-")).click().run()
    assert not app.exception
    assert asked(asking, finding.replace("b8", "b7")) == [(id, "fixed")]


def test_keys_go_on_and_back_over_candidates_and_records(asking: Path, page) -> None:
    """J marks the next candidate, then the next record; K goes back; N declines only the marked one."""
    app = page("reconciliation", part="review")
    first = keys(app)["Y"].key
    keys(app)["J"].click().run()
    second = keys(app)["Y"].key
    assert first != second and "b8" in first and "b8" in second
    keys(app)["J"].click().run()
    assert "b9" in keys(app)["Y"].key and "2 of 2" in words(app)
    keys(app)["K"].click().run()
    assert "b8" in keys(app)["Y"].key
    keys(app)["N"].click().run()
    (said,) = state(asking).decisions()
    assert said["verdict"] == "rejected" and said["left_id"] == "b8"
    assert "fit equally well" not in words(app), "one candidate is left of two"


def test_the_last_answer_is_taken_back_with_a_key(asking: Path, page) -> None:
    """A slip costs one key."""
    app = page("reconciliation", part="review")
    keys(app)["Y"].click().run()
    keys(app)["U"].click().run()
    assert state(asking).decisions() == [] and "1 of 2" in words(app)
    assert "not counted in yet" not in words(app), "nothing stands that the books do not have"


def test_every_candidate_says_what_agrees_and_what_does_not(data: Path, page) -> None:
    """The rule in words, the facts that agree, and both values of those that do not."""
    twins = [billed("8", "369"), billed("9", "369")]
    again(data, invoices=[ROWS["invoices"][0], *twins],
          payments=[paid("b9", "369", payer_name="LODZ PRINT SP. Z O.O.", paid_on="2026-11-01")])  # fmt: skip
    text = words(page("reconciliation", part="review"))
    assert "Same customer, and the amount fits" in text
    assert "Amount: PLN 369.00" in text
    assert "| Payment | Invoice |" in text and "1 Nov 2026" in text


def test_everything_is_searched_and_each_figure_opens_its_rows(data: Path, page) -> None:
    """One search over deals, invoices, payments and customers, by number, name without accents, or amount."""
    assert set(frame(page("reconciliation", part="all", q="lodz"))["what"]) == {
        "Deal", "Invoice", "Payment", "Customer",
    }  # fmt: skip
    assert frame(page("reconciliation", part="all", q="77.50"))["what"] == ["Payment"]
    assert frame(page("reconciliation", part="all", q="po-7"))["title"] == ["FV-2026-101", "Rollout"]
    app = page("reconciliation", part="all", stage="no_invoice")
    assert frame(app)["title"] == ["thanks"]
    figure = next(b for b in app.button if b.key == "stage-no_invoice")
    assert figure.label == "1 record" and not figure.disabled
    assert "Nothing matches" in words(page("reconciliation", part="all", q="no such thing"))


@pytest.mark.parametrize(
    ("text", "found"),
    [("lodz", True), ("ŁÓDŹ", True), ("Lódz print", True), ("łodzi", False), ("o.o.", True), ("oxo", False),
     ("Sp. z o", True), ("(", False), ("\\", False), ("%", False), (".*", False), ("  ", True)],
    ids=repr,
)  # fmt: skip
def test_a_search_text_is_text_whatever_its_case_and_accents(text: str, found: bool) -> None:
    """Nothing in it is a pattern; letters with accents and without are the same letter."""
    asked = f"SELECT {matches('words')} FROM (SELECT 'Łódź Print Sp. z o.o.' AS words)"
    with duckdb.connect() as db:
        assert db.execute(asked, {"text": pattern(text)}).fetchall() == [(found,)]


def test_a_page_of_many_is_all_that_is_read(data: Path, page, monkeypatch: pytest.MonkeyPatch) -> None:
    """With more than ten thousand payments no question returns more than its page, whatever is shown or searched."""
    many = [paid(f"m{n}", f"{n}.5", payer_name=f"Payer {n}", reference=f"gift {n}") for n in range(1, MANY + 1)]
    again(data, payments=many)
    fetched: list[int] = []
    ask = Db.rows

    def counted(self: Db, sql: str, **values: Any) -> list[dict[str, Any]]:
        found = ask(self, sql, **values)
        fetched.append(len(found))
        return found

    monkeypatch.setattr(Db, "rows", counted)
    app = page("reconciliation", part="bank")
    assert "10,500 payments" in words(app)
    assert "More than 10,000 records" in words(page("reconciliation", part="all", q="gift"))
    assert len(frame(page("reconciliation", part="all", stage="no_invoice"))["what"]) == everything.PAGE
    page("reconciliation", part="hand", what="payment")
    page("reconciliation", part="review")
    page("reconciliation", part="rules")
    assert max(fetched) <= everything.PAGE
    assert matching.count_loose(data) == MANY


@pytest.mark.capability("PLUS-5")
def test_a_rule_is_switched_off_on_the_page_and_the_run_honours_it(data: Path, page) -> None:
    """Rules stand in the order they run, each with its switch; the setting is in the file and in the log."""
    assert asked(data, "SELECT COUNT(*) FROM links WHERE rule = 'number_in_text'") == [(1,)]
    app = page("reconciliation", part="rules")
    titles = [t.label for t in app.toggle]
    assert titles[0].startswith("1. ") and len(titles) > 20
    app.toggle(key="rule-number_in_text").set_value(False)
    button(app, "Save and compare again").click().run()
    assert not app.exception
    assert settings.load(data).choices.rules_off == ["number_in_text"]
    assert asked(data, "SELECT COUNT(*) FROM links WHERE rule = 'number_in_text'") == [(0,)]
    assert state(data).entries(action="switch_rules")[0]["after"] == {"rules_off": "number_in_text"}
    app = page("reconciliation", part="rules")
    assert app.toggle(key="rule-number_in_text").value is False
    app.toggle(key="rule-number_in_text").set_value(True)
    button(app, "Save and compare again").click().run()
    assert asked(data, "SELECT COUNT(*) FROM links WHERE rule = 'number_in_text'") == [(1,)]


def test_a_company_without_anything_to_decide_is_told_so(empty: Path, page) -> None:
    """Every part says that it is empty, and what would be there."""
    keep(empty, {})
    jobs.reconcile(empty)
    for part, said in (("review", "Nothing to decide"), ("bank", "All money is accounted for"),
                       ("invoices", "Every invoice has its deal"), ("all", "Nothing matches"),
                       ("decided", "No decision"), ("rules", "Nothing was decided yet"),
                       ("hand", "No deal matches")):  # fmt: skip
        assert said in words(page("reconciliation", part=part)), part
