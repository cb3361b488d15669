"""The sandbox's mail: an SMTP server that takes every message and shows it, and refuses whom it is told to refuse."""

import email
import email.policy
import socket
import threading
from collections.abc import Callable
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

OK, REFUSED = "250 OK", "550 5.1.1 mailbox unavailable"


class Mailbox:
    """All mails that arrived, oldest first; `is_refused` says whom there is not, `arrived` is told of each."""

    def __init__(self, is_refused: Callable[[str], bool], arrived: Callable[[], None]) -> None:
        self.mails: list[dict[str, Any]] = []
        self.is_refused, self.arrived = is_refused, arrived
        self.lock = threading.Lock()

    def deliver(self, message: EmailMessage, sender: str, recipients: list[str]) -> None:
        """Keep a message as its reader sees it."""
        text, page = message.get_body(("plain",)), message.get_body(("html",))
        files = list(message.iter_attachments())
        with self.lock:
            self.mails.append({
                "message_id": str(message["message-id"] or ""), "from": str(message["from"] or sender),
                "sender": sender,
                "to": recipients, "subject": str(message["subject"] or ""), "reply_to": str(message["reply-to"] or ""),
                "language": str(message["content-language"] or ""), "text": text.get_content() if text else "",
                "html": page.get_content() if page else "", "attachments": [f.get_filename() or "" for f in files],
                "sizes": [len(f.get_payload(decode=True) or b"") for f in files],
                "headers": {k.lower(): str(v) for k, v in message.items()},
            })  # fmt: skip
        self.arrived()

    def found(self, message_id: str | None = None, to: str | None = None) -> list[dict[str, Any]]:
        """Return the mails with this id and to this recipient, or all."""
        with self.lock:
            return [
                m for m in self.mails
                if (not message_id or m["message_id"].strip("<>") == message_id.strip("<>"))
                and (not to or to in m["to"])
            ]  # fmt: skip

    # what aiosmtpd calls

    async def handle_RCPT(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Take or refuse a recipient."""
        if self.is_refused(address):
            return REFUSED
        envelope.rcpt_tos.append(address)
        return OK

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        """Take a message."""
        content = envelope.content if isinstance(envelope.content, bytes) else (envelope.content or "").encode()
        message = email.message_from_bytes(content, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        self.deliver(message, envelope.mail_from or "", list(envelope.rcpt_tos))
        return OK


def smtp_server(mailbox: Mailbox, port: int) -> Controller:
    """Return a started SMTP server on 127.0.0.1; `port` 0 takes any free one."""
    if port == 0:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
    controller = Controller(mailbox, hostname="127.0.0.1", port=port, ready_timeout=10)
    controller.start()
    return controller
