"""Who may do what: by role, at the place where it is done, whichever page or job asks for it."""

import datetime as dt
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from dashboard import imports, jobs, sample, setup, signin, unattended
from dashboard.notify import post
from dashboard.report import deliver
from reconcile import access, bounces, gate, settings, workflows
from reconcile.access import Forbidden, Person
from reconcile.action import Plan, Sentence, Subject
from reconcile.settings import Access, Settings, SettingsError
from reconcile.state import Decision, Entry, state

PAIR = Decision(kind="link", verdict="confirmed", left_table="deals", left_vendor="hubspot", left_id="1",
                right_table="invoices", right_vendor="stripe", right_id="in_1")  # fmt: skip
AGREED = Decision(kind="finding", verdict="agreed", finding_id="f1", reason="by phone")


def plan(action: str) -> Plan:
    subject = Subject(table="deals", vendor="hubspot", id="1")
    return Plan(
        key=f"{action}:1", chain="c", says=Sentence(text="It."), vendor="stripe", action=action, subject=subject
    )


# What somebody may try from a page, by the right it takes. Each is tried where it is done.
TRIES: dict[str, tuple[str, Callable[[Path], Any]]] = {
    "comment": ("comment", lambda data: state(data).comment("f1", "Called them.", "w")),
    "confirm a pair": ("decide", lambda data: state(data).decide(PAIR, "w")),
    "take a decision back": ("decide", lambda data: state(data).undecide(PAIR.subject, "w")),
    "assign": ("decide", lambda data: state(data).assign(["f1"], "Marta", "w")),
    "agree to an exception": ("approve", lambda data: state(data).decide(AGREED, "w")),
    "read again": ("refresh", lambda data: jobs.sync(data)),
    "compare again": ("refresh", lambda data: jobs.reconcile(data)),
    "take a file in": ("refresh", lambda data: imports.take(data, data / "none.csv")),
    "stop the schedule": ("refresh", lambda data: unattended.stop(state(data), "w")),
    "draft an invoice": ("write", lambda data: workflows.confirm(data, [plan("create_invoice")], "w")),
    "issue an invoice": ("approve", lambda data: workflows.confirm(data, [plan("issue_invoice")], "w")),
    "remind": ("approve", lambda data: workflows.confirm(data, [plan("create_task"), plan("send_reminder")], "w")),
    "do what nobody thought of": ("approve", lambda data: workflows.confirm(data, [plan("delete_everything")], "w")),
    "send a report": ("approve", lambda data: deliver.one(data, None, "email", "a@example.com", "w")),  # type: ignore
    "stop all writing": ("write", lambda data: gate.stop(state(data), "w")),
    "archive": ("write", lambda data: jobs.archive(data, "w")),
    "write to an address again that mails came back from": (
        "write",
        lambda data: bounces.forget(state(data), "a@example.com", "w"),
    ),
    "send a message again": ("administer", lambda data: post.again(state(data), "hook:a", ["1"], "w")),
    "try a channel": ("administer", lambda data: post.test(data, "hook:a", "w")),
    "remove the sample": ("administer", lambda data: sample.remove(data, "w", lambda what, count: None)),
    "take the sample in": ("administer", lambda data: sample.take_in(data, "w", lambda what, count: None)),
    "allow writing": ("administer", lambda data: gate.allow(state(data), "w")),
    "change settings": ("administer", lambda data: settings.save(Settings(), data)),
    "connect": ("administer", lambda data: setup.connect(data, "stripe", "stripe", {"STRIPE_KEY": "sk"})),
    "disconnect": ("administer", lambda data: setup.disconnect(data, "stripe")),
    "enter a key": ("administer", lambda data: state(data).keep_credentials("slack", {"KEY": "x"}, "w")),
}


@pytest.fixture(autouse=True)
def _no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plans are written down and nothing is carried out: what a role may start is the question here."""
    monkeypatch.setattr(workflows, "launch", lambda data: None)
    monkeypatch.setattr(workflows, "_enqueue", lambda run_id: None)
    monkeypatch.setattr(jobs.run, "reconcile", None)
    monkeypatch.setattr(setup, "trial", None)


def everything(data: Path) -> tuple[Any, ...]:
    """Return all that could have been done."""
    store, path = state(data), data / settings.FILE
    return (
        store.decisions(), store.assignments(), store.entries(), workflows.runs(data), store.values(""),
        store.credentials("slack"), path.read_text() if path.exists() else "",
    )  # fmt: skip


@pytest.mark.parametrize("role", ["", *access.RIGHTS])
def test_each_role_does_what_it_may_and_nothing_else(role: Any, tmp_path: Path) -> None:
    """Refused: nothing is done, and nothing is said to have been. Allowed: it is not a right that stops it."""
    state(tmp_path).decide(PAIR, "before")
    for what, (right, attempt) in TRIES.items():
        before = everything(tmp_path)
        with access.acting_as(Person("somebody@example.com", role)):
            if right in access.RIGHTS.get(role, ()):
                allowed(attempt, tmp_path)
                continue
            with pytest.raises(Forbidden) as refused:
                attempt(tmp_path)
        assert refused.value.right == right or (refused.value.right, right) == ("write", "approve"), what
        assert everything(tmp_path) == before, what


def allowed(attempt: Callable[[Path], Any], data: Path) -> None:
    """Try what a right does not stop; an empty folder may stop it later, which is not the question."""
    try:
        attempt(data)
    except Forbidden:
        raise
    except Exception:  # noqa: BLE001
        pass


def test_roles_only_grow() -> None:
    """A viewer may change nothing; whoever approves may do what an operator may; settings are the administrator's."""
    rights = access.RIGHTS
    assert rights["viewer"] == frozenset() and rights["salesperson"] == {"comment"}
    assert rights["operator"] < rights["approver"] < rights["admin"]
    assert [role for role in rights if "administer" in rights[role]] == ["admin"]


def test_a_job_that_somebody_began_goes_on_as_them_in_its_thread() -> None:
    """Long jobs run beside the page: there a viewer is a viewer too, and the page's thread stays who it was."""
    with access.acting_as(Person("v@example.com", "viewer")), ThreadPoolExecutor(1) as pool:
        assert pool.submit(access.carried(access.acting)).result().role == "viewer"
        with pytest.raises(Forbidden):
            pool.submit(access.carried(lambda: access.need("decide"))).result()
        assert pool.submit(access.acting).result() == access.PROGRAM  # the thread itself is nobody's
    assert access.acting() == access.PROGRAM


SAID = Access(
    issuer="https://id.example", client_id="c", people={"Ana@Example.com": "admin", "bob@example.com": "viewer"},
    claims={"groups=finance": "approver", "groups=all": "viewer", "department=Sales": "salesperson"},
    domains={"example.com": "operator"},
)  # fmt: skip


@pytest.mark.parametrize(
    ("claims", "role"),
    [
        ({"email": "ana@example.com"}, "admin"),
        ({"email": " ANA@EXAMPLE.COM "}, "admin"),
        ({"email": "ana@example.com", "email_verified": True}, "admin"),
        ({"email": "ana@example.com", "email_verified": False}, ""),  # anybody could have typed it
        ({"email": "bob@example.com", "groups": ["finance"]}, "viewer"),  # what is said of the person stands
        ({"email": "eve@example.com", "groups": ["all", "finance"]}, "approver"),
        ({"email": "eve@example.com", "groups": "all"}, "viewer"),
        ({"email": "eve@example.com", "groups": ["financeers"]}, "operator"),
        ({"email": "eve@other.com", "department": "Sales"}, "salesperson"),
        ({"email": "eve@example.com.evil.org"}, ""),
        ({"email": "ana@example.com@evil.org"}, ""),
        ({}, ""),
    ],
)
def test_a_role_comes_from_address_claim_or_domain(claims: dict[str, Any], role: str) -> None:
    """The address goes first, then claims, then the domain; an address nobody verified is none."""
    assert access.role_of(SAID, claims) == role


def test_settings_refuse_a_role_that_is_none(tmp_path: Path) -> None:
    """A slip in a role or a claim is said with its name, and gives nobody anything."""
    for text, named in (('people = {"a@b.c" = "boss"}', "access.people"), ('claims = {finance = "admin"}', "groups=")):
        with pytest.raises(SettingsError, match=named):
            settings.read(f"[access]\n{text}\n")
    made = Settings(access=SAID)
    settings.save(made, tmp_path)
    assert settings.load(tmp_path).access == made.access


NOW = dt.datetime(2026, 11, 20, 9, tzinfo=dt.UTC).timestamp()


def test_a_session_ends_by_age_and_by_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twelve hours after signing in, or an hour after the last click; no click brings it back, signing in does."""
    at = [NOW]
    monkeypatch.setattr(signin.time, "time", lambda: at[0])
    monkeypatch.setattr(signin, "_clicked", {})
    store = state(tmp_path)

    def seen(since: float) -> dict[str, Any]:
        return {"is_logged_in": True, "sub": "1", "email": "ana@example.com", "iat": int(since)}

    def click(claims: dict[str, Any]) -> str:
        signin.clicked(claims, SAID, store)
        return signin.person(claims, SAID).role

    first = seen(NOW)
    assert click(first) == "admin"
    at[0] += 59 * 60
    assert click(first) == "admin"
    at[0] += 59 * 60
    assert click(first) == "admin"
    at[0] += 61 * 60
    assert signin.over(first, SAID) == "idle" and click(first) == "" and click(first) == ""
    again = seen(at[0])
    assert click(again) == "admin" and click(first) == ""
    for _ in range(12):
        at[0] += 59.9 * 60
        click(again)
    at[0] += 15 * 60
    assert signin.over(again, SAID) == "age" and click(again) == ""
    assert signin.over(seen(at[0] + 3600), SAID) == "age"  # from the future
    assert signin.over({"sub": "1"}, SAID) == "age"  # says not when
    entries = [(e["who"], e["outcome"], e["says"]) for e in store.entries(action="sign_in")]
    assert entries == [("ana@example.com", "done", "admin")] * 2  # told once for each signing in
    signin.clicked({"sub": "9", "email": "x@evil.org", "iat": int(at[0])}, SAID, store)
    assert store.entries(action="sign_in")[0]["outcome"] == "refused"


def test_what_signing_in_needs_is_said_and_its_secrets_are_not_written(tmp_path: Path) -> None:
    """No address, no encryption, no secret: each is named. The cookie's secret is made once and kept encrypted."""
    store, chosen = state(tmp_path), Settings(access=SAID)

    def ready(address: str) -> dict[str, Any]:
        reports = chosen.reports.model_copy(update={"address": address})
        return signin.for_streamlit(tmp_path, chosen.model_copy(update={"reports": reports})) or {}

    assert signin.for_streamlit(tmp_path, Settings()) is None
    for address, named in (("", "--address"), ("http://cuadra.example", "HTTPS"), ("https://cuadra.example", "secret")):
        with pytest.raises(signin.NotReady, match=named):
            ready(address)
    store.keep_credentials(signin.NAME, {signin.SECRET: "swordfish-1234"}, "w")
    made = ready("https://cuadra.example/")
    assert made["redirect_uri"] == "https://cuadra.example/oauth2callback"
    assert made["server_metadata_url"] == "https://id.example/.well-known/openid-configuration"
    assert made["client_secret"] == "swordfish-1234" and len(made["cookie_secret"]) > 40
    assert ready("https://cuadra.example")["cookie_secret"] == made["cookie_secret"]
    for path in tmp_path.rglob("*"):
        if path.is_file():
            assert b"swordfish" not in path.read_bytes() and made["cookie_secret"].encode() not in path.read_bytes()


def test_who_may_not_be_logged_logs_nothing(tmp_path: Path) -> None:
    """A line of the log is refused with what it would have told, in one transaction."""
    store = state(tmp_path)
    with access.acting_as(Person("v@example.com", "viewer")):
        for name in ("comment", "decide", "change_settings", "something_new"):
            with pytest.raises(Forbidden):
                store.record(Entry(who="v@example.com", action=name, outcome="done"))
    assert store.entries() == []
