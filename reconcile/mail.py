"""E-mail: a draft that can be shown, and the SMTP server that sends it once.

The Message-ID comes from the draft's key, so that the same wish is the same message and a server that lists what it
took (the sandbox does) can be asked for it. Plain SMTP cannot be asked: there a doubt stays one until a person looks.
"""

import hashlib
import re
import smtplib
import ssl
from collections.abc import Callable
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import parseaddr
from typing import Any

import httpx
from pydantic import BaseModel, ConfigDict

from extract.model import Draft
from extract.vendor import Refused, Unreachable, Unsure, VendorError
from reconcile.settings import Mail

NAME = "mail"  # the connection's name in plans, settings and the credential store
SECRET = "SMTP_PASSWORD"  # noqa: S105 the name of the secret, not one
_TIMEOUT = 30
_LONGEST = 120  # characters of a name in a header: a server refuses a line of a thousand
_EMAIL = re.compile(r"[^@\s,;<>\"]+@[^@\s,;<>\"]+\.[^@\s,;<>\".]+")


class Attached(BaseModel):
    """The PDF of an invoice that goes with a mail. Only where it is: it is fetched at the moment of sending."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    connection: str
    invoice_id: str
    name: str  # of the file, as the reader sees it


class MailDraft(Draft):
    """A message to send. `to` and `sender` are addresses as in a header: "Ana Ruiz <ana@acme.example>"."""

    to: str
    subject: str
    text: str
    sender: str
    reply_to: str | None = None
    language: str | None = None
    attached: tuple[Attached, ...] = ()

    @property
    def message_id(self) -> str:
        """The Message-ID, the same for the same key."""
        domain = parseaddr(self.sender)[1].rpartition("@")[2] or "localhost"
        return f"<{hashlib.sha256(self.key.encode()).hexdigest()[:32]}@{domain}>"

    def message(self) -> EmailMessage:
        """Return it as it goes over the wire. Refused if an address cannot be one."""
        made = EmailMessage()
        made["Message-ID"] = self.message_id
        made["From"], made["To"], made["Subject"] = _address(self.sender), _address(self.to), self.subject
        if self.reply_to:
            made["Reply-To"] = _address(self.reply_to)
        made["Auto-Submitted"] = "auto-generated"
        made.set_content(self.text, cte="quoted-printable")  # no line grows too long for SMTP
        if self.language:
            made["Content-Language"] = self.language
        return made


class Mailer:
    """Sends drafts through the SMTP server of the settings."""

    name = NAME

    def __init__(self, settings: Mail, password: str = "", fetch: Callable[[Attached], bytes] | None = None) -> None:
        self.settings, self._password, self._fetch = settings, password, fetch

    @property
    def is_on(self) -> bool:
        """Whether a server is set."""
        return bool(self.settings.host)

    @property
    def is_test(self) -> bool:
        """Whether the server keeps mails to itself: one on this machine that lists what it took."""
        return bool(self.settings.outbox) and self.settings.host in ("127.0.0.1", "localhost", "::1")

    def send(self, draft: MailDraft) -> dict[str, Any]:
        """Send it once. Refused on a no, Unsure if the connection broke after the text began to go out."""
        if not self.is_on:
            raise Refused(NAME, "no SMTP server is set: write its host into [mail] of settings.toml", 400)
        message = self._whole(draft)
        with self._connected() as server:
            try:
                _accepted(*server.mail(parseaddr(draft.sender)[1]), "the sender")
                _accepted(*server.rcpt(parseaddr(draft.to)[1]), "the recipient")
            except (smtplib.SMTPException, OSError) as error:
                raise Refused(NAME, f"{self.settings.host} broke off ({error}); nothing was sent") from error
            try:
                code, said = server.data(message.as_bytes(policy=SMTP))
            except (smtplib.SMTPException, OSError) as error:
                raise Unsure(NAME, f"{self.settings.host} gave no answer ({error}); it may have been sent") from error
            _accepted(code, said, "the message")
        return {"id": draft.message_id, "recipient": draft.to, "status": "sent"}

    def _whole(self, draft: MailDraft) -> EmailMessage:
        """Return the message with its files. Refused, to be tried again, where one cannot be fetched."""
        message = draft.message()
        for one in draft.attached:
            if self._fetch is None:
                raise Refused(NAME, f"{one.name} cannot be attached: nothing was sent")
            try:
                content = self._fetch(one)
            except VendorError as error:
                raise Refused(NAME, f"{one.name} cannot be attached ({error}); nothing was sent") from error
            message.add_attachment(content, "application", "pdf", filename=one.name)
        if draft.language and "Content-Language" not in message:  # it went with the text, into its part
            message["Content-Language"] = draft.language
        return message

    def find(self, draft: MailDraft) -> dict[str, Any] | None:
        """Return the message if the server took it, None if it did not. Unreachable where it cannot be asked."""
        if not self.settings.outbox:
            raise Unreachable(
                NAME, f"whether {draft.message_id} was sent cannot be asked by SMTP: look in the outbox and say so here"
            )
        try:
            reply = httpx.get(self.settings.outbox, params={"message_id": draft.message_id}, timeout=_TIMEOUT)
            reply.raise_for_status()
            found = reply.json()
        except (httpx.HTTPError, ValueError) as error:
            raise Unreachable(NAME, f"{self.settings.outbox} cannot be read ({error})") from error
        mails = found if isinstance(found, list) else found.get("mails", [])
        return {"id": draft.message_id, "recipient": draft.to, "status": "sent"} if mails else None

    def check(self) -> None:
        """Sign in and out. Refused with the server's words if that does not work."""
        with self._connected():
            pass

    def _connected(self) -> smtplib.SMTP:
        """Return the server, signed in. Refused: nothing was sent."""
        said = self.settings
        context = ssl.create_default_context()
        server: smtplib.SMTP | None = None
        try:
            if said.security == "tls":
                server = smtplib.SMTP_SSL(said.host, said.port, timeout=_TIMEOUT, context=context)
            else:
                server = smtplib.SMTP(said.host, said.port, timeout=_TIMEOUT)
            if said.security == "starttls":
                server.starttls(context=context)
            server.ehlo_or_helo_if_needed()
            if said.user:
                server.login(said.user, self._password)
        except smtplib.SMTPAuthenticationError as error:
            _close(server)
            raise Refused(NAME, f"{said.host} refused the user or the password: enter them again", 401) from error
        except (smtplib.SMTPNotSupportedError, ssl.SSLError) as error:
            _close(server)
            raise Refused(NAME, f"{said.host}: {said.security} does not work there ({error})", 400) from error
        except (smtplib.SMTPException, OSError) as error:
            _close(server)
            raise Refused(NAME, f"{said.host}:{said.port} cannot be reached ({error}); nothing was sent") from error
        return server


def _close(server: smtplib.SMTP | None) -> None:
    if server is not None:
        server.close()


def _accepted(code: int, said: bytes, what: str) -> None:
    """Raise what a reply means: 4xx may pass by itself, 5xx is a no."""
    if code < 400:
        return
    text = f"the server refused {what}: {code} {said.decode('utf-8', 'replace')}"
    raise Refused(NAME, text, None if code < 500 else 400)


def is_address(text: str) -> bool:
    """Return whether a text can be one e-mail address that every mail server takes; its domain may be in any script."""
    if not _EMAIL.fullmatch(text):
        return False
    try:
        return _spelt(text).isascii()
    except (ValueError, HeaderParseError):
        return False


def mailbox(name: str, address: str) -> str:
    """Return a name and an address as `MailDraft` wants them, whatever stands in the name: it stays one address.

    An address that is none is left as it is: whoever plans asks for another.
    """
    said = " ".join("".join(c if c.isprintable() else " " for c in name).split())[:_LONGEST]
    return str(Address(said, addr_spec=_spelt(address))) if is_address(address) else address


def sender_of(said: Mail, company: str) -> str:
    """Return whom our mails are from: the sender of the settings, with the company's name where it has none."""
    return mailbox(company, said.sender) if is_address(said.sender) else said.sender


def _spelt(address: str) -> str:
    """Return an address with its domain as mail servers know it. ValueError or HeaderParseError where it is none."""
    local, _, domain = address.rpartition("@")
    return Address(addr_spec=f"{local}@{domain.encode('idna').decode()}").addr_spec


def _address(text: str) -> Address:
    name, address = parseaddr(text)
    if not is_address(address):
        raise Refused(NAME, f'"{text}" is not an e-mail address: correct it; nothing was sent', 400)
    return Address(display_name=name, addr_spec=address)
