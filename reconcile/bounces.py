"""Mails that came back: read from the mailbox by IMAP, and refusals that the mail server gave at once.

Only what returns a message of ours counts, told by its Message-ID, and only what will not pass by itself (5.x.x). An
address that a mail came back from is not written to again before it is corrected, or a person says that it is right.

Source: RFC 3464 (delivery status notifications), RFC 3501 (IMAP), read 2026-11-21.
"""

import contextlib
import email
import email.policy
import hashlib
import imaplib
import os
import ssl
from collections.abc import Iterator
from email.message import Message
from email.utils import parseaddr
from pathlib import Path
from typing import Any, NamedTuple

import sqlalchemy as sa
import structlog

from reconcile import access, schema
from reconcile.mail import NAME as MAIL
from reconcile.mail import SECRET
from reconcile.settings import Mail, load
from reconcile.state import Entry, State, now, state

KEPT = "bounce:"  # what is known of an address, in the state store
FAILED = "bounces:failed"  # why the mailbox could not be read: says, at
_PLACE = "bounces:place"  # how far the mailbox was read
_REFUSED = "bounces:refused"  # how far the ledger was
_MOST = 200  # messages that one look takes
_LONGEST = 300_000  # bytes of a message that are read: a notification is small, what it returns may not be
log = structlog.get_logger("cuadra.bounces")


class Bounce(NamedTuple):
    """A mail that came back. `message_id` is that of the mail, without brackets."""

    address: str
    status: str
    says: str
    message_id: str


class MailboxError(Exception):
    """The mailbox cannot be read; the text says what to do."""


def look(data: Path) -> int:
    """Take in what came back since the last look; return how many addresses that stops. MailboxError."""
    said, store = load(data).mail, state(data)
    found = list(_refused(store))
    if said.imap_host:
        found += _read(said, store)
    fresh = [b for b in found if store.value(f"{KEPT}{b.address}") is None]
    for bounce in fresh:
        store.keep(f"{KEPT}{bounce.address}", {"status": bounce.status, "says": bounce.says, "at": now().isoformat()})
        store.record(Entry(who="mailbox", action="reminder_bounced", outcome="done", vendor=MAIL,
                           key=f"bounce:{bounce.message_id}:{bounce.address}", subject=_subject(store, bounce),
                           says=f"{bounce.address}: {bounce.says}"))  # fmt: skip
    return len(fresh)


def standing(data: Path | None) -> dict[str, dict[str, Any]]:
    """Return the addresses that mails came back from, in small letters, with status, says and at."""
    if data is None:
        return {}
    return {name.removeprefix(KEPT): dict(said) for name, said in state(data).values(KEPT).items()}


def forget(store: State, address: str, who: str) -> None:
    """Let an address be written to again, as a person says that it is right."""
    access.need("write")
    store.drop([f"{KEPT}{address}"])
    store.record(Entry(who=who, action="forget_bounce", outcome="decided", subject=f"address:{address}"))


def parse(content: bytes) -> Iterator[Bounce]:
    """Yield what a message says that came back for good; nothing where it is no notification."""
    message = email.message_from_bytes(content, policy=email.policy.compat32)
    if message.get_content_type() != "multipart/report":
        return
    parts = list(message.walk())
    returned = next((_id_of(p) for p in parts if p.get_content_type() in ("message/rfc822", "text/rfc822-headers")), "")
    for part in parts:
        if part.get_content_type() != "message/delivery-status":
            continue
        for said in part.get_payload() if part.is_multipart() else ():
            if not isinstance(said, Message) or str(said.get("Action", "")).strip().lower() != "failed":
                continue
            status, address = str(said.get("Status", "")).strip(), str(said.get("Final-Recipient", ""))
            if status.startswith("5.") and returned:
                diagnostic = " ".join(str(said.get("Diagnostic-Code", "")).partition(";")[2].split())
                yield Bounce(_small(address.rpartition(";")[2]), status, diagnostic[:200] or status, returned)


def _id_of(part: Message) -> str:
    """Return the Message-ID of the mail that a notification returns."""
    held = part.get_payload()
    if isinstance(held, list):
        inner: Any = held[0]
    else:
        inner = email.message_from_string(str(part.get_payload(decode=False)))
    return str(inner.get("Message-ID", "")).strip().strip("<>")


def _read(said: Mail, store: State) -> list[Bounce]:
    """Return what came back of our own mails, from the messages that came since the last look."""
    ours, found = _ours(store), list[Bounce]()
    place = store.value(_PLACE) or {}
    try:
        with _opened(said, store) as box:
            validity = int(box.response("UIDVALIDITY")[1][0] or 0)
            last = int(place.get("uid", 0)) if place.get("validity") == validity else 0
            numbers = box.uid("SEARCH", f"UID {last + 1}:*")[1][0] or b""
            uids = sorted(int(n) for n in numbers.split() if int(n) > last)[:_MOST]  # "*" is the last, also if seen
            for uid in uids:
                for part in box.uid("FETCH", str(uid), f"(BODY.PEEK[]<0.{_LONGEST}>)")[1]:
                    if isinstance(part, tuple):
                        found += [b for b in parse(part[1]) if b.message_id.partition("@")[0] in ours]
                last = uid
    except imaplib.IMAP4.error as error:
        raise MailboxError(
            f"{said.imap_host} refused the mailbox ({error}): check user, password and folder"
        ) from error
    except (OSError, ValueError) as error:
        raise MailboxError(f"{said.imap_host}:{said.imap_port} cannot be read ({error})") from error
    store.keep(_PLACE, {"validity": validity, "uid": last})
    return found


@contextlib.contextmanager
def _opened(said: Mail, store: State) -> Iterator[imaplib.IMAP4]:
    """Give the mailbox, opened to read only: nothing in it is marked as seen."""
    context = ssl.create_default_context()
    if said.imap_security == "tls":
        box: imaplib.IMAP4 = imaplib.IMAP4_SSL(said.imap_host, said.imap_port, ssl_context=context, timeout=30)
    else:
        box = imaplib.IMAP4(said.imap_host, said.imap_port, timeout=30)
    try:
        if said.imap_security == "starttls":
            box.starttls(context)
        kept = store.credentials(MAIL)
        box.login(said.imap_user or said.user, os.environ.get(SECRET) or kept.get(SECRET, ""))
        if box.select(said.imap_folder, readonly=True)[0] != "OK":
            raise imaplib.IMAP4.error(f"there is no folder {said.imap_folder}")
        yield box
    finally:
        with contextlib.suppress(imaplib.IMAP4.error, OSError):
            box.logout()


def _ours(store: State) -> set[str]:
    """Return what the Message-IDs of our mails begin with."""
    table = schema.ledger
    with store.read() as db:
        keys = db.execute(sa.select(table.c.key).where(table.c.vendor == MAIL)).scalars()
        return {hashlib.sha256(key.encode()).hexdigest()[:32] for key in keys}


def _refused(store: State) -> Iterator[Bounce]:
    """Yield the addresses that the mail server refused at once, since the last look."""
    table, last = schema.ledger, store.value(_REFUSED) or ""
    query = sa.select(table).where(table.c.vendor == MAIL, table.c.state == "refused")
    with store.read() as db:
        rows = [dict(row) for row in db.execute(query.order_by(table.c.ended_at)).mappings()]
    for row in rows:
        at, text = row["ended_at"].isoformat(), row["error"] or ""
        address = _small(((row["request"] or {}).get("draft") or {}).get("to", ""))
        if at > last and "refused the recipient: 5" in text and address:
            yield Bounce(address, "5", text[:200], hashlib.sha256(row["key"].encode()).hexdigest()[:32])
    if rows:
        store.keep(_REFUSED, max(row["ended_at"].isoformat() for row in rows))


def _subject(store: State, bounce: Bounce) -> str:
    """Return the record that the mail was about, where the ledger knows it."""
    wanted = bounce.message_id.partition("@")[0]
    table = schema.ledger
    with store.read() as db:
        for row in db.execute(sa.select(table.c.key, table.c.request).where(table.c.vendor == MAIL)).mappings():
            if hashlib.sha256(row["key"].encode()).hexdigest()[:32] == wanted:
                about = (row["request"] or {}).get("subject") or {}
                return f"{about.get('table')}:{about.get('vendor')}:{about.get('id')}" if about else ""
    return ""


def _small(address: str) -> str:
    return parseaddr(address.strip())[1].lower()
