"""What people say about findings: agreed, put off, given to somebody, commented; and what brings them back."""

import datetime as dt
from pathlib import Path

import pytest
from small_company import ROWS, frame, keep, words
from test_deciding import asked, button

from dashboard import jobs
from reconcile.state import Decision, state

pytestmark = pytest.mark.usefixtures("lean")


def finding(data: Path, check: str) -> str:
    return asked(data, f"""SELECT id FROM findings WHERE "check" = '{check}' AND state <> 'fixed'""")[0][0]


def told(data: Path, id: str) -> str:
    return asked(data, f"SELECT state FROM findings WHERE id = '{id}'")[0][0]


@pytest.mark.capability("PLUS-4")
def test_a_difference_agreed_with_reason_approver_and_expiry_is_silent_until_then(
    data: Path, page, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Up to its last day nobody is asked; the day after it is back, with the identity it had."""
    wanted = finding(data, "won_not_invoiced")
    app = page("to-fix", finding=wanted)
    next(t for t in app.text_input if t.label == "Why").set_value("Paid in kind")
    next(t for t in app.text_input if t.label.startswith("Approved by")).set_value("Eva, finance")
    next(d for d in app.date_input if d.label.startswith("Until")).set_value(dt.date(2026, 11, 25))
    button(app, "Leave it").click().run()
    assert not app.exception and told(data, wanted) == "agreed"
    said = state(data).decision(f"finding:{wanted}")
    assert said and (said["reason"], said["approved_by"], said["until_on"]) == (
        "Paid in kind", "Eva, finance", dt.date(2026, 11, 25),
    )  # fmt: skip
    shown = words(page("to-fix", finding=wanted))
    assert "Agreed by Eva, finance" in shown and "25 Nov 2026" in shown and "Paid in kind" in shown
    for day, expected in (("2026-11-25", "agreed"), ("2026-11-26", "open")):
        monkeypatch.setenv("CUADRA_TODAY", day)
        jobs.reconcile(data)
        assert told(data, wanted) == expected, day


@pytest.mark.capability("PLUS-4")
def test_an_agreed_difference_comes_back_when_its_amount_changes(data: Path) -> None:
    """What was agreed was an amount; another amount was not agreed. The amount of before is silent again."""
    wanted = finding(data, "won_not_invoiced")
    decided = Decision(kind="finding", verdict="agreed", finding_id=wanted, amount="1000", currency="EUR", reason="ok")
    state(data).decide(decided, "ana")
    for amount, expected in (("1000", "agreed"), ("1000.01", "open"), ("1000", "agreed")):
        keep(data, ROWS | {"deals": [ROWS["deals"][0] | {"amount": amount}, *ROWS["deals"][1:]]})
        jobs.reconcile(data)
        assert told(data, wanted) == expected, amount


def test_what_is_put_off_comes_back_on_its_day(data: Path, page, monkeypatch: pytest.MonkeyPatch) -> None:
    """Until the day before it is among those put off; then it is asked again."""
    wanted = finding(data, "overdue")
    app = page("to-fix", finding=wanted)
    next(d for d in app.date_input if d.label == "Show it again on").set_value(dt.date(2026, 11, 24))
    button(app, "Put off").click().run()
    assert told(data, wanted) == "snoozed"
    assert "Overdue" not in str(frame(page("to-fix"))["problem"])
    assert len(frame(page("to-fix", state="snoozed"))["problem"]) == 1
    for day, expected in (("2026-11-23", "snoozed"), ("2026-11-24", "open")):
        monkeypatch.setenv("CUADRA_TODAY", day)
        jobs.reconcile(data)
        assert told(data, wanted) == expected, day


def test_an_exception_is_taken_back(data: Path, page) -> None:
    """Whoever finds it wrong opens it again; the log has both."""
    wanted = finding(data, "overdue")
    state(data).decide(Decision(kind="finding", verdict="agreed", finding_id=wanted, reason="ok"), "ana")
    jobs.reconcile(data)
    app = page("to-fix", finding=wanted)
    button(app, "Take back").click().run()
    assert told(data, wanted) == "open"
    assert [e["action"] for e in state(data).entries()[:2]] == ["undecide", "decide"]


def test_a_finding_is_given_to_somebody_and_the_list_asks_for_hers(data: Path, page) -> None:
    """Assigned in one click, kept across runs, filtered by person and by nobody."""
    wanted = finding(data, "overdue")
    app = page("to-fix", finding=wanted)
    next(s for s in app.selectbox if s.label == "Who looks after it").set_value("Marta Ruiz")
    button(app, "Assign").click().run()
    assert "given to Marta Ruiz" in app.success[0].value
    jobs.reconcile(data)
    assert frame(page("to-fix", who="Marta Ruiz"))["who"] == ["Marta Ruiz"]
    assert len(frame(page("to-fix", who="nobody"))["problem"]) == len(frame(page("to-fix"))["problem"]) - 1
    entry = state(data).entries()[0]
    assert (entry["action"], entry["after"]) == ("assign", {"person": "Marta Ruiz"})


def test_a_comment_stays_with_its_finding(data: Path, page) -> None:
    """It shows who said it; it is text, not markup; the next run keeps it."""
    wanted = finding(data, "overdue")
    app = page("to-fix", finding=wanted)
    next(t for t in app.text_input if t.label == "Comment").set_value("They pay *Monday*")
    button(app, "Add").click().run()
    jobs.reconcile(data)
    assert r"They pay \*Monday\*" in words(page("to-fix", finding=wanted))
    assert [c["who"] for c in state(data).comments(wanted)] == ["local"]


def test_a_finding_keeps_its_identity_across_runs(data: Path) -> None:
    """The same problem of the same record has the same id, and is fixed and reopened under it."""
    wanted = finding(data, "won_not_invoiced")
    jobs.reconcile(data)
    assert told(data, wanted) == "open"
    lost = [ROWS["deals"][0] | {"status": "lost"}, *ROWS["deals"][1:]]
    for deals, expected in ((lost, "fixed"), (ROWS["deals"], "open")):
        keep(data, ROWS | {"deals": deals})
        jobs.reconcile(data)
        assert told(data, wanted) == expected
    events = [h["event"] for h in state(data).history(dt.datetime(2020, 1, 1, tzinfo=dt.UTC))
              if h["finding_id"] == wanted]  # fmt: skip
    assert events == ["opened", "fixed", "reopened"]
