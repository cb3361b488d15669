"""A mail that came back stops the next one and is a finding, until the address is corrected."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from mailbox_server import Mailbox, came_back
from test_reminders import Books, blocked, books, customer, invoice

from reconcile import bounces, settings
from reconcile.mail import NAME, SECRET

__all__ = ["books"]


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    running = Mailbox("hidden")
    yield running
    running.stop()


def bounced(data: Path) -> list[str]:
    import duckdb

    with duckdb.connect(str(data / "warehouse.duckdb"), read_only=True) as db:
        found = db.execute(
            "SELECT subject_id, evidence FROM findings WHERE \"check\" = 'mail_bounced' AND state = 'open'"
        ).fetchall()
    return [f"{id} {evidence}" for id, evidence in found]


def test_what_came_back_stops_the_next_and_is_a_finding(books: Books, mailbox: Mailbox) -> None:
    """Only of our own mails, only for good; read once and to read only; a corrected address is written to."""
    books.rows["invoices"] = [invoice("in_1", "2026-03-01")]
    (plan,) = books.on("2026-03-08")
    assert books.send([plan]) == ["done"]
    (mail,) = books.mails()
    known = settings.load(books.data)
    box = {"imap_host": "127.0.0.1", "imap_port": mailbox.port, "imap_security": "none", "imap_user": "billing"}
    settings.save(known.model_copy(update={"mail": known.mail.model_copy(update=box)}), books.data)
    books.store.keep_credentials(NAME, {SECRET: "wrong"}, "ana")
    with pytest.raises(bounces.MailboxError, match="check user, password and folder"):
        bounces.look(books.data)
    books.store.keep_credentials(NAME, {SECRET: "hidden"}, "ana")
    mailbox.messages = [
        b"Subject: hello\r\n\r\nNo notification.\r\n",
        came_back("<0123456789abcdef0123456789abcdef@us.example>", "ana@acme.example"),  # not a mail of ours
        came_back(mail["message_id"], "ana@acme.example", "4.4.1", "delayed"),  # may still arrive
    ]
    assert bounces.look(books.data) == 0 and bounces.standing(books.data) == {}
    mailbox.messages.append(came_back(mail["message_id"], "Ana@Acme.example"))
    mailbox.calls.clear()
    assert bounces.look(books.data) == 1 and bounces.look(books.data) == 0
    assert sum("UID FETCH" in call for call in mailbox.calls) == 1
    assert not any(call.startswith(("SELECT", "UID STORE")) for call in mailbox.calls)
    entry = books.store.entries(action="reminder_bounced")[0]
    assert entry["subject"] == "invoices:stripe:in_1" and "no such user here" in entry["says"]
    (next_one,) = books.on("2026-03-16")
    assert "came back (550 no such user here)" in blocked([next_one])
    books.automatic()
    assert books.turn().runs == () and len(books.mails()) == 1
    assert len(bounced(books.data)) == 1 and "ana@acme.example" in bounced(books.data)[0]
    books.rows["customers"] = [customer(email="eva@acme.example")]
    books.rows["invoices"] = [invoice("in_1", "2026-03-01", customer_email="eva@acme.example")]
    (corrected,) = books.on("2026-03-16")
    assert corrected.is_ready and bounced(books.data) == []
    bounces.forget(books.store, "ana@acme.example", "eva")
    assert bounces.standing(books.data) == {}


def test_a_recipient_that_the_server_refused_at_once_is_not_tried_at_the_next_level(books: Books) -> None:
    """550 when we sent: the same as if it had come back."""
    books.rows["invoices"] = [invoice("in_1", "2026-03-01")]
    (plan,) = books.on("2026-03-08")
    books.sink.post("faults", [{"kind": "refuse_mail", "match": "ana@acme"}])
    assert books.send([plan]) == ["refused"]
    assert bounces.look(books.data) == 1 and bounces.look(books.data) == 0
    (again,) = books.on("2026-03-16")
    assert "refused the recipient" in blocked([again])
