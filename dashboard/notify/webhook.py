"""Web hooks out: one signed POST to an address that may be called.

Signed as Standard Webhooks say: base64 of HMAC-SHA256 over id.timestamp.body. Our secrets are letters and digits, so
that tools which take a key as text (n8n, Make, Zapier) can check it as well as the libraries that take it as base64.

Source: standardwebhooks.com, specification 1.0.0, read 2026-11-21.
"""

import base64
import hashlib
import hmac
import ipaddress
import json
import secrets
import socket
import string
import time
from typing import Any, Literal, NamedTuple
from urllib.parse import urlsplit

import httpx

from dashboard.notify.events import Event
from extract.vendor import trusted

SECRET = "WEBHOOK_SECRET"  # noqa: S105 the name of the secret, not one
PREFIX = "whsec_"
TIMEOUT = 15.0  # seconds; the specification asks for 15 to 30
SHOWN = 300  # characters of an answer that are kept
_NAT64 = ipaddress.ip_network("64:ff9b::/96")  # RFC 6052: the last 32 bits are an address of IPv4
Sort = Literal["done", "again", "never", "doubt"]


class Blocked(ValueError):
    """An address may not be called; the text says why and what to do."""


class Result(NamedTuple):
    """How a message went: done, again (may pass), never (stop asking), doubt (it may have arrived)."""

    sort: Sort
    says: str
    after: float = 0.0  # seconds until another try, where the other side asked for that


def secret() -> str:
    """Return a new secret, 32 letters and digits behind the prefix that the specification wants."""
    letters = "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(32))
    return PREFIX + base64.b64encode(letters.encode()).decode()


def key_as_text(secret_: str) -> str:
    """Return the key of a secret of ours as the text that tools without base64 keys are given."""
    return base64.b64decode(secret_.removeprefix(PREFIX)).decode("ascii")


def body(event: Event) -> bytes:
    """Return what is sent of an event: compact, so that taking the JSON apart and together gives the same bytes."""
    said = {"type": event.type, "timestamp": event.at.isoformat().replace("+00:00", "Z"), "data": event.data}
    return json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()


def signed(id: str, content: bytes, secret_: str, at: float) -> dict[str, str]:
    """Return the headers of a call. `at`: seconds since 1970."""
    key = base64.b64decode(secret_.removeprefix(PREFIX))
    text = f"{id}.{int(at)}.".encode() + content
    made = base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()
    return {"content-type": "application/json", "webhook-id": id, "webhook-timestamp": str(int(at)),
            "webhook-signature": f"v1,{made}", "user-agent": "Cuadra"}  # fmt: skip


def checked(url: str, private: bool) -> str:
    """Return the IP address that a URL is to be called at. Blocked where it may not be.

    The address is looked up once, here, and that very one is called: a name cannot point elsewhere a moment later.
    """
    try:
        parts, port = urlsplit(url), urlsplit(url).port
    except ValueError as error:
        raise Blocked(f"{url}: this is no address ({error}); write one such as https://n8n.example.com/…") from error
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise Blocked(f"{url}: write an address that begins with https://")
    if parts.username or parts.password:
        raise Blocked("a name and password in the address are not sent: take them out")
    if parts.scheme == "http" and not private:
        raise Blocked(f"{url}: only https:// is called, so that nobody reads along")
    try:
        found = socket.getaddrinfo(parts.hostname, port or parts.scheme, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise LookupError(f"{parts.hostname} was not found ({error})") from error
    addresses = [str(entry[4][0]) for entry in found]
    inside = [a for a in addresses if not is_public(a)]
    if inside and not private:
        raise Blocked(f"{parts.hostname} is {inside[0]}, an address inside this network: allow it if that is meant")
    return addresses[0]


def is_public(address: str) -> bool:
    """Return whether an IP address is one of the internet's, not of this machine or network."""
    found = ipaddress.ip_address(address.partition("%")[0])
    inner = getattr(found, "ipv4_mapped", None) or getattr(found, "sixtofour", None)
    if found in _NAT64:
        inner = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
    return (inner or found).is_global and not found.is_multicast


def post(url: str, content: bytes, headers: dict[str, str], private: bool) -> Result:
    """Call an address once, following no redirect, and return how it went."""
    try:
        address = checked(url, private)
    except Blocked as error:
        return Result("never", str(error))
    except LookupError as error:
        return Result("again", str(error))
    parts = urlsplit(url)
    host = f"[{address}]" if ":" in address else address
    port = f":{parts.port}" if parts.port else ""
    there = parts._replace(netloc=f"{host}{port}", fragment="").geturl()
    sent = headers | {"host": parts.netloc}
    pinned: dict[str, Any] = {"sni_hostname": parts.hostname}
    try:
        with httpx.Client(timeout=TIMEOUT, trust_env=False, verify=trusted()) as client, \
                client.stream("POST", there, content=content, headers=sent, extensions=pinned) as reply:  # fmt: skip
            text, end = b"", time.monotonic() + TIMEOUT
            for chunk in reply.iter_bytes():
                text += chunk
                if len(text) > SHOWN or time.monotonic() > end:  # whoever drips must not hold up the others
                    break
            return _result(reply, text[:SHOWN].decode("utf-8", "replace"))
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.UnsupportedProtocol) as error:
        return Result("again", f"{parts.hostname} cannot be reached ({error})")
    except httpx.HTTPError as error:
        return Result("doubt", f"{parts.hostname} gave no answer ({error or type(error).__name__})")


def _result(reply: httpx.Response, text: str) -> Result:
    said = f"{reply.status_code} {text}".strip()
    if reply.is_success:
        return Result("done", said)
    if reply.status_code == 410:
        return Result("never", f"{said}: the other side wants no more of this")
    after = reply.headers.get("retry-after", "")
    return Result("again", said, float(after) if after.isdecimal() else 0.0)
