"""Between the network and the pages: who may ask at all, how often, and what every answer tells the browser.

Web hooks need no session and are signed instead; everything else is for this machine alone while nobody has to sign in.
"""

import ipaddress
import math
from collections.abc import MutableMapping
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import structlog
from pyrate_limiter import Duration, Rate, RateItem, TokenBucket
from pyrate_limiter.buckets import StateBucket
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboard import way_back
from dashboard.read import data_folder
from reconcile.settings import SettingsError, load

HOOKS = "/hooks/"
SIGN_IN = ("/auth/login", "/auth/logout", "/oauth2callback")
LIMITS = {"hook": Rate(300, Duration.MINUTE), "sign-in": Rate(30, Duration.MINUTE)}  # of one caller
CALLERS = 20_000  # whose pace is remembered; the one not heard of longest is forgotten first
A_YEAR = 31_536_000  # seconds
log = structlog.get_logger("cuadra.guard")

# Streamlit's own scripts are inline and compile expressions; nothing comes from another machine, nobody may frame us.
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' 'wasm-unsafe-eval' blob:; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
    "connect-src 'self' blob: data:; worker-src 'self' blob:; frame-src 'self' blob: data:; object-src 'none'; "
    "base-uri 'self'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "x-robots-tag": "noindex, nofollow",
}


class Doors(NamedTuple):
    """What the settings say of who may ask."""

    signs_in: bool
    is_encrypted: bool


class Guard:
    """Lets a request through or answers it, and puts the headers on every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request or connection."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        doors = _doors()

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                _add(message, scope, doors)
            await send(message)

        refused = _refused(scope, doors)
        await (refused or self.app)(scope, receive, told)


def _refused(scope: Scope, doors: Doors) -> Response | ASGIApp | None:
    """Return the answer to somebody who may not ask, or not so often; None for all others."""
    path = scope["path"]
    kind = "hook" if path.startswith(HOOKS) else "sign-in" if path.endswith(SIGN_IN) else ""
    if kind and (wait := _wait(kind, _caller(scope))):
        log.warning("too many", kind=kind, caller=_caller(scope))
        return JSONResponse({"says": f"too many calls: again in {wait} s"}, 429, {"retry-after": str(wait)})
    if kind == "hook" or doors.signs_in or _is_here(scope):
        return None
    log.warning("refused: not this machine, and nobody has to sign in", caller=_caller(scope))
    if scope["type"] == "websocket":
        return _closed
    return PlainTextResponse(
        "This page is for the machine it runs on alone, because nobody has to sign in. Open it there at 127.0.0.1, or "
        "set up sign-in (`cuadra sign-in`; see README, “Let others in”).\n", 403,
    )  # fmt: skip


async def _closed(scope: Scope, receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "websocket.close", "code": 1008})


def _doors() -> Doors:
    """Return what the settings say now; while they cannot be read, as if nobody had to sign in: this machine alone."""
    data = data_folder()
    try:
        changed = (data / "settings.toml").stat().st_mtime_ns
    except FileNotFoundError:
        return Doors(False, False)
    return _read(str(data), changed)


@lru_cache(maxsize=4)
def _read(data: str, changed: int) -> Doors:
    try:
        settings = load(Path(data))
    except SettingsError:
        return Doors(False, False)
    return Doors(settings.access.is_on, settings.reports.address.startswith("https://"))


def _is_here(scope: Scope) -> bool:
    """Return whether the caller is this machine and calls it by a name that only this machine has.

    The name is looked at too: a page of somebody else may make a browser here call us by a name of its own.
    """
    try:
        host = urlsplit(f"//{Headers(scope=scope).get('host', '')}").hostname
    except ValueError:  # brackets that do not close
        return False
    return is_loopback(_caller(scope)) and is_loopback(host or "")


def is_loopback(host: str) -> bool:
    """Return whether an address or name is this machine's own and no other can reach it."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower().rstrip(".") == "localhost"


def _caller(scope: Scope) -> str:
    client = scope.get("client")
    return client[0] if client else "127.0.0.1"  # none: a socket of this machine


def _wait(kind: str, caller: str) -> int:
    """Count a call; return after how many seconds it may come again, 0 if it may go on."""
    bucket = _bucket(kind, caller)
    item = RateItem(caller, bucket.now(), 1)
    return 0 if bucket.put(item) else max(1, math.ceil(int(bucket.waiting(item)) / 1000))


@lru_cache(maxsize=CALLERS)
def _bucket(kind: str, caller: str) -> Any:
    return StateBucket([LIMITS[kind]], TokenBucket())


def _add(message: MutableMapping[str, Any], scope: Scope, doors: Doors) -> None:
    if doors.signs_in:
        way_back.add(message, scope)
    headers = MutableHeaders(scope=message)
    for name, value in HEADERS.items():
        headers[name] = value
    if scope["path"].startswith(("/media/", "/_stcore/")):  # what was made for one reader stays with them
        headers["cache-control"] = "private, no-store"
    if doors.is_encrypted or scope.get("scheme") in ("https", "wss"):
        headers["strict-transport-security"] = f"max-age={A_YEAR}"
        cookies = headers.getlist("set-cookie")
        del headers["set-cookie"]
        for cookie in cookies:
            headers.append("set-cookie", cookie if "secure" in cookie.lower().split("; ") else f"{cookie}; Secure")
