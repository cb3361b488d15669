"""Mail goes out once, signed in, over TLS; a no and a doubt are told apart; letters are whole in every language."""

import re
import socket
import ssl
import subprocess
from collections.abc import Iterator
from email import message_from_bytes
from email.policy import SMTP as WIRE
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from extract.vendor import Refused, Unreachable, Unsure
from reconcile import mail
from reconcile.letters import LANGUAGES, PLACES, LetterError, checked, filled, letter, original
from reconcile.mail import MailDraft, Mailer, is_address, mailbox
from reconcile.settings import Mail

DRAFT = MailDraft(
    key="send_reminder:stripe:in_1:1", to="Ana Ruiz <ana@acme.example>", subject="Factura vencida – ñ",
    text="Línea " * 400, sender="Cobros <billing@cuadra.example>", language="es",
)  # fmt: skip


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


class Post:
    """An SMTP server's conscience: keeps mails; `answers` says how it replies to each part."""

    def __init__(self) -> None:
        self.mails: list[bytes] = []
        self.rcpt, self.data = "250 OK", "250 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.rcpt_tos.append(address)
        return self.rcpt

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.mails.append(envelope.content or b"")
        if self.data == "cut":
            server.transport.abort()
        return self.data


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tls")
    names = "subjectAltName=DNS:localhost,IP:127.0.0.1"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
         "-addext", names, "-keyout", folder / "key.pem", "-out", folder / "cert.pem"],
        check=True, capture_output=True,
    )  # fmt: skip
    return folder


@pytest.fixture
def post(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Post, Mail]]:
    """A server that wants STARTTLS and a password, and the settings that reach it."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")

    def known(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        right = isinstance(data, LoginPassword) and data == LoginPassword(b"cobros", b"right")
        return AuthResult(success=right, handled=False)

    handler = Post()
    running = Controller(handler, hostname="127.0.0.1", port=free_port(), tls_context=context, require_starttls=True,
                         authenticator=known, auth_required=True)  # fmt: skip
    running.start()
    port = running.port
    trusted = ssl.create_default_context(cafile=certificate / "cert.pem")
    monkeypatch.setattr(mail.ssl, "create_default_context", lambda: trusted)
    yield handler, Mail(host="127.0.0.1", port=port, user="cobros", sender=DRAFT.sender)
    running.stop(no_assert=True)


def test_it_goes_out_over_tls_signed_in_with_an_id_of_its_key(post: tuple[Post, Mail]) -> None:
    """Certificate verified, password given, no line too long, the Message-ID from the key."""
    handler, settings = post
    Mailer(settings, "right").send(DRAFT)
    (raw,) = handler.mails
    got = message_from_bytes(raw)
    assert got["Message-ID"] == DRAFT.message_id == DRAFT.model_copy().message_id
    assert got["To"] == "Ana Ruiz <ana@acme.example>" and got["Content-Language"] == "es"
    assert got.get_payload(decode=True).decode().split() == DRAFT.text.split()  # type: ignore[union-attr]
    assert max(map(len, raw.splitlines())) < 1000


def test_a_wrong_password_is_a_clear_no(post: tuple[Post, Mail]) -> None:
    """Nothing is sent, the password is not shown."""
    handler, settings = post
    with pytest.raises(Refused, match="password") as error:
        Mailer(settings, "wrong-secret").send(DRAFT)
    assert error.value.status == 401 and "wrong-secret" not in str(error.value) and handler.mails == []


def test_a_server_without_tls_is_refused(tmp_path: Path) -> None:
    """No password goes over an open line."""
    running = Controller(Post(), hostname="127.0.0.1", port=free_port())
    running.start()
    port = running.port
    with pytest.raises(Refused, match="starttls"):
        Mailer(Mail(host="127.0.0.1", port=port, user="cobros", sender=DRAFT.sender), "right").send(DRAFT)
    running.stop(no_assert=True)


@pytest.mark.parametrize(("answer", "passes"), [("550 no such user", False), ("451 try later", True)])
def test_a_refused_recipient_is_a_no_for_good_or_for_now(post: tuple[Post, Mail], answer: str, passes: bool) -> None:
    """5xx must be mended, 4xx may pass; neither was sent."""
    handler, settings = post
    handler.rcpt = answer
    with pytest.raises(Refused, match=answer[4:]) as error:
        Mailer(settings, "right").send(DRAFT)
    assert (error.value.status is None) is passes and handler.mails == []


def test_a_line_that_breaks_after_the_text_is_a_doubt_which_smtp_cannot_settle(post: tuple[Post, Mail]) -> None:
    """It may have been sent: looking says so honestly, and nothing is sent again by itself."""
    handler, settings = post
    handler.data = "cut"
    with pytest.raises(Unsure):
        Mailer(settings, "right").send(DRAFT)
    assert len(handler.mails) == 1
    with pytest.raises(Unreachable, match="look in the outbox"):
        Mailer(settings, "right").find(DRAFT)


def test_no_server_is_said_and_nobody_there_may_pass() -> None:
    """Not set is a setting to make; not reachable may pass."""
    with pytest.raises(Refused, match="no SMTP server is set") as unset:
        Mailer(Mail()).send(DRAFT)
    with pytest.raises(Refused, match="nothing was sent") as away:
        Mailer(Mail(host="127.0.0.1", port=1, sender=DRAFT.sender)).send(DRAFT)
    assert unset.value.status == 400 and away.value.status is None


def test_an_address_that_is_none_is_refused_before_anything() -> None:
    """Neither a missing domain nor a second header gets through."""
    for wrong in ("ana", "ana@", "Ana <ana@acme>", ""):
        with pytest.raises(Refused, match="address"):
            DRAFT.model_copy(update={"to": wrong}).message()
    with pytest.raises(ValueError):
        DRAFT.model_copy(update={"subject": "a\nBcc: x@y.example"}).message()


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ('Acme "SL", Söhne <x@y.example>', 'Acme "SL", Söhne <x@y.example>'),
        ("Łódź Print", "Łódź Print"),
        ("Acme\nBcc: eve@x.example", "Acme Bcc: eve@x.example"),
        ("A\x00cme \\ (Ltd)", "A cme \\ (Ltd)"),
        ("x" * 5000, "x" * 120),
        ("", ""),
    ],
    ids=["address in it", "accents", "a header in it", "control characters", "too long", "none"],
)
def test_whatever_stands_in_a_name_the_mail_has_one_recipient(name: str, shown: str) -> None:
    """Read back from what goes over the wire: one address, ours, and the name in letters that people read."""
    to = mailbox(name, "ana@acme.example")
    assert "=?" not in to  # a person reads it in the preview
    sent = message_from_bytes(DRAFT.model_copy(update={"to": to}).message().as_bytes(policy=WIRE), policy=default)
    assert [(a.display_name, a.addr_spec) for a in sent["To"].addresses] == [(shown, "ana@acme.example")]
    assert sent["Bcc"] is None


def test_an_address_may_have_a_domain_in_any_script_and_must_be_one() -> None:
    """What every mail server takes; the domain goes out as servers know it, everything else is asked for."""
    assert mailbox("", "ana@łódź.example") == "ana@xn--d-uga0v4h.example"
    wrong = (
        "josé@acme.example",
        "ana@acme",
        "a@x.example, b@x.example",
        "Ana <a@x.example>",
        "a@x.example\n",
        "a..b@x.y",
    )
    assert not [to for to in wrong if is_address(to)]


def test_what_is_filled_in_cannot_move_the_end_of_the_subject() -> None:
    """A number or a name of two lines stays in its place."""
    values = {"number": "F-1\nF-2", "customer": "Acme\nSL"}
    assert filled("{number} of {customer}\n\nDear {customer}", values) == ("F-1 F-2 of Acme SL", "Dear Acme\nSL\n")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_letter_is_whole_in_every_language(language: str) -> None:
    """Each placeholder is filled, each language and level has a text of its own, a missing value is refused by name."""
    values = {name: f"<{name}>" for must, may in PLACES.values() for name in must | may}
    texts = set()
    for name, (must, _) in PLACES.items():
        subject, text = letter(name, language, values)
        assert ("<number>" in subject or name == "bills") and "{" not in text and "<total>" in subject + text
        assert all(f"<{place}>" in subject + text for place in must)
        assert ("<rights>" in text) == (name == "reminder_3")
        assert all(text != letter(name, other, values)[1] for other in LANGUAGES if other != language)
        assert checked(name, original(name, language))
        texts.add(text)
        with pytest.raises(LetterError, match="total"):
            letter(name, language, {k: v for k, v in values.items() if k != "total"})
    assert len(texts) == len(PLACES)


def test_a_language_without_letters_is_english() -> None:
    """Nobody gets an empty mail."""
    values = dict.fromkeys(("number", "customer", "statement", "total", "company"), "x")
    assert letter("reminder_1", "de", values) == letter("reminder_1", "en", values)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("Subject\n\n{customer} {statement} {company}", "missing: {total}"),
        ("Subject\n\n{customer} {statement} {total} {company} {iban}", "unknown: {iban}"),
        ("Subject\n\n{customer} {statement} {total} {company} {", "brace"),
        ("{customer} {statement} {total} {company}", "first line is the subject"),
        ("Subject\n\n{customer} {statement} {total:d} {company!r}", "{company}, {total} with nothing but the name"),
    ],
)
def test_a_letter_that_lacks_something_is_refused(text: str, why: str) -> None:
    """What must be said is said in every letter, and what nobody fills in is not sent."""
    with pytest.raises(LetterError, match=re.escape(why)):
        checked("reminder_1", text)
