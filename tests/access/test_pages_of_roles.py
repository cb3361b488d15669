"""Pages as each role sees them; and what happens to a click that a role does not allow, whoever sends it."""

import time
from pathlib import Path

import pytest
from small_company import words
from streamlit.testing.v1 import AppTest
from two_sellers import Seen

from dashboard import signin
from reconcile import settings, workflows
from reconcile.access import Forbidden
from reconcile.state import state

ASK = "ask your administrator (Ana López)"


def texts(app: object) -> str:
    return words(app).replace("\\", "")  # type: ignore[arg-type]


def test_nobody_comes_in_who_is_not_signed_in_or_has_no_role(seen: Seen) -> None:
    """A door instead of a page: nothing of the company on it, and what to do."""
    for email, since, said in (
        ("", 60, "Sign in with your company’s account."),
        ("eve@elsewhere.example", 60, f"nobody gave you a role here: {ASK}"),
        ("ana@example.com", 13 * 3600, "sign in again from time to time"),
    ):
        for name in ("", "to-fix"):
            shown = seen(email, name, since=since)
            assert said in texts(shown)
            assert not shown.dataframe and "Website" not in str(shown._tree)


def test_a_session_that_rests_is_closed_also_for_what_it_still_shows(
    seen: Seen, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After an hour without a click the page is a door, and the button that was on it does nothing."""
    shown = seen("ana@example.com", "connections")
    before = state(data).count_entries()
    later = time.time() + 61 * 60
    monkeypatch.setattr(signin.time, "time", lambda: later)
    shown.run()
    assert "nothing was clicked for a while" in texts(shown) and not shown.dataframe
    assert state(data).count_entries() == before


@pytest.mark.capability("CONN-7")
def test_who_may_not_connect_reads_whom_to_ask(seen: Seen, data: Path) -> None:
    """Connections, settings, automations: a viewer and an operator read “ask your administrator”, and no error."""
    for email, name in (("vera@example.com", "connections"), ("april@example.com", "settings")):
        shown = seen(email, name)
        assert ASK in texts(shown) and not shown.error
    assert ASK not in texts(seen("ana@example.com", "connections"))
    kept = (data / settings.FILE).read_text()
    shown = seen("oleg@example.com", "connections")
    # the form may be on the page, or somebody makes it up: what it would do is refused where it is done
    from dashboard import setup
    from reconcile import access

    with access.acting_as(access.Person("oleg@example.com", "operator")), pytest.raises(Forbidden):
        setup.connect(data, "stripe", "stripe", {"STRIPE_KEY": "rk_test_1"})
    assert (data / settings.FILE).read_text() == kept and not state(data).credentials("stripe")


def test_a_click_that_the_role_does_not_allow_does_nothing(seen: Seen, data: Path) -> None:
    """The button is on the page, the right was taken away meanwhile: it is asked again where it is done."""
    known = settings.load(data)
    shown = seen("april@example.com", "to-fix", finding=_finding(data))
    assert [b.label for b in shown.button if b.label.startswith("Leave it")]
    people = known.access.people | {"april@example.com": "viewer"}
    settings.save(known.model_copy(update={"access": known.access.model_copy(update={"people": people})}), data)
    try:
        reason = next(t for t in shown.text_input if t.label == "Why")
        reason.set_value("by phone")
        next(b for b in shown.button if b.label == "Leave it").click().run()
        assert state(data).decisions() == [] and not shown.exception
        assert ASK in texts(shown) and not [b for b in shown.button if b.label == "Leave it"]
    finally:
        settings.save(known, data)


def _finding(data: Path) -> str:
    from dashboard.read import findings

    return str(next(f["id"] for f in findings.page(data, findings.Wanted()) if f["check"] == "won_not_invoiced"))


@pytest.mark.parametrize(
    ("email", "offered"),
    [
        ("vera@example.com", set()),
        ("sam@example.com", {"Add"}),
        ("oleg@example.com", {"Add", "Put off", "Assign"}),
        ("april@example.com", {"Add", "Put off", "Assign", "Leave it"}),
    ],
)
def test_a_finding_offers_what_the_role_may_do(seen: Seen, data: Path, email: str, offered: set[str]) -> None:
    """Comment, put off, give to somebody, leave it: each where there is a right for it, else whom to ask."""
    shown = seen(email, "to-fix", finding=_finding_of(data, email))
    labels = {b.label for b in shown.button}
    assert labels & {"Add", "Put off", "Assign", "Leave it"} == offered
    assert (ASK in texts(shown)) == (email in ("vera@example.com", "sam@example.com"))


def _finding_of(data: Path, email: str) -> str:
    from dashboard.read import findings
    from reconcile import access

    with access.acting_as(access.Person(email, "salesperson", ("sam@example.com",))):
        return str(findings.page(data, findings.Wanted(checks=("won_not_invoiced",)))[0]["id"])


def test_what_somebody_does_stands_under_their_name(seen: Seen, copied: Path) -> None:
    """The audit log tells who signed in as what, and who did what."""
    finding = _finding_of(copied, "sam@example.com")
    shown = seen("sam@example.com", "to-fix", finding=finding)
    next(t for t in shown.text_input if t.label == "Comment").set_value("They pay on Friday")
    next(b for b in shown.button if b.label == "Add").click().run()
    told = [(e["who"], e["action"], e["says"]) for e in state(copied).entries()]
    assert told == [("sam@example.com", "comment", "They pay on Friday"), ("sam@example.com", "sign_in", "salesperson")]
    assert workflows.runs(copied) == []


def test_an_administrator_gives_and_takes_roles_on_the_page(seen: Seen, copied: Path) -> None:
    """Kept in the settings and told in the log; the last administrator stays; a viewer's click is refused."""

    def give(shown: AppTest, whom: str, role: str) -> AppTest:
        next(t for t in shown.text_input if t.label == "Who").set_value(whom)
        shown.selectbox(key="give-role").set_value(role)
        next(b for b in shown.button if b.form_id == "give").click().run()
        assert not shown.exception
        return shown

    shown = seen("ana@example.com", "settings", part="people")
    assert "ana@example.com" in shown.dataframe[0].value["Who"].to_list()
    give(shown, "Zoe@Example.com", "operator")
    give(shown, "groups=books", "approver")
    give(shown, "bob", "viewer")
    assert "neither an e-mail address" in texts(shown)
    give(shown, "ana@example.com", "viewer")
    assert "make somebody else one first" in texts(shown)
    known = settings.load(copied).access
    assert (known.people["zoe@example.com"], known.claims) == ("operator", {"groups=books": "approver"})
    assert known.people["ana@example.com"] == "admin" and "bob" not in known.people
    told = [(e["who"], e["subject"], e["after"]) for e in state(copied).entries(action="change_access")]
    assert told[-1] == ("ana@example.com", "access:zoe@example.com", {"role": "operator"}) and len(told) == 2
    give(seen("vera@example.com", "settings", part="people"), "vera@example.com", "admin")
    assert settings.load(copied).access == known and state(copied).count_entries(action="change_access") == 2
    give(shown, "zoe@example.com", "")
    assert "zoe@example.com" not in settings.load(copied).access.people


def test_two_readers_share_no_filters(seen: Seen) -> None:
    """What one person searched, chose and narrowed is not what the next one sees."""
    first = seen("ana@example.com", "to-fix", q="Website", severity="high")
    assert next(t for t in first.text_input if t.label == "Search" and t.key != "find").value == "Website"
    second = seen("vera@example.com", "to-fix")
    assert next(t for t in second.text_input if t.label == "Search" and t.key != "find").value in ("", None)
    assert not second.query_params.get("q")
