"""Writing is off for live accounts until it is switched on, for each connection by itself; mail is a connection too."""

from pathlib import Path

import pytest

from extract.vendor import Connected, Unreachable, Vendor
from reconcile import gate
from reconcile.mail import Mailer
from reconcile.settings import Mail, Settings
from reconcile.state import State
from reconcile.workflows import mailer

SINK = Mail(host="127.0.0.1", outbox="http://127.0.0.1:1/sandbox/mails")


class Account(Vendor):
    """A vendor that says whether its account is a test, or that cannot be asked."""

    def __init__(self, answer: bool | None) -> None:
        super().__init__(name="books", base_url=f"http://127.0.0.1/{answer}")
        self.answer, self.asked = answer, 0

    def check(self) -> Connected:
        self.asked += 1
        if self.answer is None:
            raise Unreachable("books", "away")
        return Connected("1", self.answer)


@pytest.fixture(autouse=True)
def _forget() -> None:
    gate._known.clear()


@pytest.mark.capability("ROLL-7")
@pytest.mark.parametrize(
    ("vendor", "writes", "why"),
    [
        (Account(True), {}, None),
        (Account(False), {}, "live account"),
        (Account(False), {"books": True}, None),
        (Account(False), {"other": True}, "live account"),
        (None, {"books": True}, "not connected"),
        (Mailer(SINK), {}, None),
        (Mailer(Mail(host="smtp.example.com")), {}, "live account"),
        (Mailer(Mail(host="127.0.0.1")), {}, "live account"),
        (Mailer(Mail(host="smtp.example.com")), {"books": True}, None),
        (Mailer(Mail()), {"books": True}, "no SMTP server"),
    ],
    ids=["test", "live", "live, on", "another on", "none", "sink", "mail", "mail relay here", "mail, on", "no mail"],
)  # fmt: skip
def test_who_may_be_written_to(store: State, vendor: object, writes: dict[str, bool], why: str | None) -> None:
    """A test account may; a live one only when switched on; a mail server here may still send to the world."""
    found = gate.refusal("books", vendor, Settings(writes=writes), store)
    assert found is None if why is None else why in (found or "")


def test_a_vendor_is_asked_once_and_one_that_cannot_be_asked_counts_as_live(store: State) -> None:
    """Its word holds for a while; no word is no permission."""
    account = Account(True)
    for _ in range(3):
        gate.refusal("books", account, Settings(), store)
    assert account.asked == 1
    with pytest.raises(Unreachable):
        gate.refusal("books", Account(None), Settings(), store)
    assert gate.tests({"a": Account(True), "b": Account(None)}) == {"a": True, "b": False}


def test_the_switch_is_logged(store: State, tmp_path: Path) -> None:
    """Who stopped and who allowed, and why."""
    gate.stop(store, "eva", "audit")
    assert gate.is_stopped(store) and "eva" in str(gate.refusal("books", Account(True), Settings(), store))
    gate.allow(store, "ana")
    assert not gate.is_stopped(store)
    assert [(e["who"], e["action"]) for e in store.entries()] == [("ana", "allow_writing"), ("eva", "stop_all_writing")]


def test_the_mail_password_comes_from_the_environment_or_the_store(
    store: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is never in the settings."""
    store.keep_credentials("mail", {"SMTP_PASSWORD": "kept"}, "ana")
    assert mailer(Settings(mail=SINK), store)._password == "kept"
    monkeypatch.setenv("SMTP_PASSWORD", "given")
    assert mailer(Settings(mail=SINK), store)._password == "given"
