"""After signing in, people come back to the address they asked for, with what was chosen on it.

Streamlit sends everybody to the first page. The page that the browser comes from is noted on the way to the provider,
in a cookie for this browser alone, and taken on the way back.
"""

from collections.abc import MutableMapping
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import Scope

COOKIE = "cuadra_back"
LOGIN, CALLBACK = "/auth/login", "/oauth2callback"
MINUTES = 15  # for signing in
LONGEST = 2000  # characters of an address; a cookie holds 4096


def add(message: MutableMapping[str, Any], scope: Scope) -> None:
    """Put the note on the answer that sends to the provider, and the noted address on the one that comes from there."""
    if not 300 <= message["status"] < 400:
        return
    headers = MutableHeaders(scope=message)
    if scope["path"].endswith(LOGIN):
        if back := _local(Headers(scope=scope).get("referer", "")):
            headers.append("set-cookie", _cookie(quote(back, safe=""), 60 * MINUTES))
    elif scope["path"].endswith(CALLBACK) and (noted := _noted(scope)):
        headers.append("set-cookie", _cookie("", 0))
        if back := _local(noted):
            headers["location"] = back


def _cookie(value: str, seconds: int) -> str:
    return f"{COOKIE}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}"


def _noted(scope: Scope) -> str:
    try:
        held = SimpleCookie(Headers(scope=scope).get("cookie", "")).get(COOKIE)
    except CookieError:
        return ""
    return unquote(held.value) if held else ""


def _local(address: str) -> str:
    """Return the path and query of one of our pages; empty for the first page and for what leads anywhere else."""
    try:
        said = urlsplit(address)
    except ValueError:
        return ""
    back = said.path + (f"?{said.query}" if said.query else "")
    odd = "\\" in back or back.startswith("//") or not back.startswith("/") or not back.isprintable()
    if odd or not back.isascii() or len(back) > LONGEST or said.path.endswith((LOGIN, CALLBACK)):
        return ""
    return "" if back == "/" else back
