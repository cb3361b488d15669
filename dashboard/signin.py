"""Signing in by OpenID Connect: what Streamlit needs for it, who somebody is, and when their session is over.

The provider's secret comes from the environment or the credential store and is handed over in memory: it is written to
no file and shown nowhere.
"""

import os
import secrets
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from reconcile import access
from reconcile.access import Person
from reconcile.settings import Access, Settings
from reconcile.state import Entry, State, state

NAME = "sign-in"  # of the provider in the credential store
SECRET = "OIDC_CLIENT_SECRET"  # noqa: S105 the name of a secret, not one
COOKIE = "COOKIE_SECRET"
LOCAL = "local"  # who acts where nobody signs in
_KNOWN = "/.well-known/openid-configuration"
CALLBACK = "/oauth2callback"
_LATE = 120.0  # seconds that the provider's clock may be ahead of ours
_clicked: dict[tuple[str, int], float] = {}  # session → its last click
_lock = threading.Lock()


class NotReady(Exception):
    """Sign-in is wanted and cannot work; the text says what is missing and what to do."""


def for_streamlit(data: Path, settings: Settings) -> dict[str, Any] | None:
    """Return what st.login needs, None where nobody has to sign in. NotReady if something is missing."""
    chosen = settings.access
    if not chosen.is_on:
        return None
    address = check(settings)
    store = state(data)
    kept = store.credentials(NAME)
    secret = os.environ.get(SECRET) or kept.get(SECRET)
    if not secret:
        raise NotReady(f"the secret of the sign-in is missing: enter it by `cuadra sign-in`, or set {SECRET}")
    if COOKIE not in kept:  # kept, so that a restart signs nobody out
        store.keep_credentials(NAME, {COOKIE: secrets.token_urlsafe(48)}, "sign-in")
        kept = store.credentials(NAME)
    return {
        "redirect_uri": address + CALLBACK, "cookie_secret": kept[COOKIE], "client_id": chosen.client_id,
        "client_secret": secret, "server_metadata_url": metadata(chosen.issuer),
    }  # fmt: skip


def check(settings: Settings) -> str:
    """Return where people open the page. NotReady where that is not said, or would not be safe."""
    address = settings.reports.address.rstrip("/")
    if not address:
        raise NotReady("sign-in needs to know where people open the page: say --address, or `address` in [reports]")
    host = urlsplit(address).hostname or ""
    if urlsplit(address).scheme != "https" and host not in ("localhost", "127.0.0.1", "::1"):
        raise NotReady(f"{address} is not encrypted, so anybody on the way could sign in: put it behind HTTPS first")
    return address


def metadata(issuer: str) -> str:
    """Return where a provider describes itself."""
    return issuer if issuer.endswith(_KNOWN) else issuer.rstrip("/") + _KNOWN


def person(claims: Mapping[str, Any], chosen: Access) -> Person:
    """Return who somebody is by what the provider said; without a role if they may not, or no longer, look."""
    email = access.address(claims)
    name = email or str(claims.get("name") or claims.get("sub") or "")
    if not claims.get("is_logged_in") or over(claims, chosen):
        return Person(name, "")
    return Person(name, access.role_of(chosen, claims), tuple(filter(None, (email, chosen.crm_emails.get(email)))))


def over(claims: Mapping[str, Any], chosen: Access) -> Literal["", "age", "idle"]:
    """Return why a session is over; empty while it lasts. One that does not say when it began is."""
    key, now = _key(claims), time.time()
    if not key[1] or not -_LATE <= now - key[1] <= chosen.session_hours * 3600:
        return "age"
    last = _clicked.get(key)
    return "idle" if last is not None and now - last > chosen.idle_minutes * 60 else ""


def clicked(claims: Mapping[str, Any], chosen: Access, store: State) -> None:
    """Note that somebody is here; the first click of a session is told in the audit log."""
    if over(claims, chosen):
        return
    key, now = _key(claims), time.time()
    with _lock:
        is_new = key not in _clicked
        for old in [k for k in _clicked if now - k[1] > chosen.session_hours * 3600]:
            del _clicked[old]
        _clicked[key] = now
    if is_new:
        with access.acting_as(access.PROGRAM):
            _tell(person(claims, chosen), key, store)


def _tell(who: Person, key: tuple[str, int], store: State) -> None:
    mark = f"{NAME}:{key[0]}:{key[1]}"
    if not store.count_entries(action="sign_in", key=mark):
        outcome = "done" if who.role else "refused"
        store.record(Entry(who=who.name, action="sign_in", outcome=outcome, key=mark, says=who.role or "no role"))


def _key(claims: Mapping[str, Any]) -> tuple[str, int]:
    """Return what tells one signing-in from another: whose, and when (UTC seconds, 0 where it is not said)."""
    said = claims.get("iat")
    return str(claims.get("sub") or claims.get("email") or ""), int(said) if isinstance(said, int | float) else 0
