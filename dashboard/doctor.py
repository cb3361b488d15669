"""`cuadra check`: whether everything that the product leans on is as it must be, and what to do where it is not."""

import datetime as dt
import shutil
import smtplib
import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Literal, NamedTuple

from dashboard import letting_in, signin
from extract.vendor import Unauthorised, Vendor, VendorError
from reconcile import settings as choices
from reconcile.connections import connections, unconnected
from reconcile.state import state

SKEW = 60  # seconds our clock may be off before signatures and dates go wrong


class Examined(NamedTuple):
    """One thing looked at: ok, note (works, but worth knowing), lacking, or refused."""

    what: str
    state: Literal["ok", "note", "lacking", "refused"]
    says: str


def examine(data: Path) -> Iterator[Examined]:
    """Yield what was found, credentials first."""
    settings = choices.load(data)
    for name, vendor in connections(data).items():
        yield from _connection(name, vendor, settings)
    for name, lacks in unconnected(data).items():
        yield Examined(
            name, "lacking", f"enter {', '.join(lacks)}: `cuadra connect {settings.connections[name].vendor}`"
        )
    if not settings.connections:
        yield Examined("connections", "note", "none yet: `cuadra connect VENDOR`, or `cuadra import FILE`")
    yield _mail(data, settings)
    yield _sign_in(data, settings)
    yield _browser()
    yield _disk(data)


def _connection(name: str, vendor: Vendor, settings: choices.Settings) -> Iterator[Examined]:
    try:
        who = vendor.check()
    except Unauthorised as error:
        yield Examined(name, "refused", str(error))
        return
    except VendorError as error:
        yield Examined(name, "refused", f"{error} Try again later, or look whether the vendor has an outage.")
        return
    if who.missing:
        yield Examined(
            name, "lacking", f"connected to {who.account}, but these rights are missing: {', '.join(who.missing)}"
        )
    if who.note:
        yield Examined(name, "note", who.note)
    kind = "TEST account" if who.is_test else "live account"
    writes = "may be written to" if settings.may_write(name, who.is_test) else "is only read: writes are switched off"
    yield Examined(name, "ok", f"{who.account} ({kind}), {writes}, API {vendor.api_version or 'unversioned'}")
    yield from _clock(name, vendor)


def _clock(name: str, vendor: Vendor) -> Iterator[Examined]:
    reply = vendor.client.get(vendor.url)
    told = reply.headers.get("date")
    if not told:
        return
    off = abs((dt.datetime.fromtimestamp(time.time(), dt.UTC) - parsedate_to_datetime(told)).total_seconds())
    if off > SKEW:
        yield Examined("clock", "lacking", f"this machine's clock differs from {name}'s by {off:.0f} s: set it by NTP")


def _mail(data: Path, settings: choices.Settings) -> Examined:
    mail = settings.mail
    if not mail.host:
        return Examined("mail", "note", "no SMTP server in [mail] of settings.toml: reminders cannot be sent")
    try:
        kind = smtplib.SMTP_SSL if mail.security == "tls" else smtplib.SMTP
        with kind(mail.host, mail.port, timeout=10) as server:
            if mail.security == "starttls":
                server.starttls()
            if mail.user:
                server.login(mail.user, state(data).credentials("mail").get("SMTP_PASSWORD", ""))
    except (OSError, smtplib.SMTPException) as error:
        return Examined("mail", "refused", f"{mail.host}:{mail.port} ({mail.security}): {error}")
    return Examined("mail", "ok", f"{mail.host}:{mail.port} answers ({mail.security})")


def _browser() -> Examined:
    found = next((p for p in ("chromium", "google-chrome", "firefox") if shutil.which(p)), None)
    return Examined(
        "browser", "ok" if found else "note", found or "none on this machine: open the page from another one"
    )


def _sign_in(data: Path, settings: choices.Settings) -> Examined:
    if not settings.access.is_on:
        return Examined("sign-in", "note", "nobody signs in: the page answers this machine alone (`cuadra sign-in`)")
    try:
        signin.for_streamlit(data, settings)
        letting_in.asked(settings.access.issuer)
    except (signin.NotReady, letting_in.Wrong, letting_in.Silent) as error:
        return Examined("sign-in", "refused", str(error))
    people = len(letting_in.listed(data))
    return Examined("sign-in", "ok", f"{settings.access.issuer} answers; {people} have a role (`cuadra access`)")


def _disk(data: Path) -> Examined:
    free = shutil.disk_usage(data if data.exists() else Path(".")).free / 1024**3
    return Examined("disk", "ok" if free > 1 else "lacking", f"{free:.1f} GiB free")
