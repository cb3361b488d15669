"""Web hooks in: whether a call was signed with our secret, lately, and by whom it says it is.

HubSpot signs with version 3 (X-HubSpot-Signature-v3), Stripe with Stripe-Signature, QuickBooks with Intuit-Signature,
which tells no time; everybody else, such as Make, Zapier or n8n, as Standard Webhooks say (webhook-id,
webhook-timestamp, webhook-signature). What a call says is never taken for a fact: a good one is a reason to read the
vendor again at once, so that replays and disorder change nothing.

Source: developers.hubspot.com, "Validating requests"; docs.stripe.com, "Verify webhook signatures manually";
standardwebhooks.com, specification 1.0.0; read 2026-11-21. developer.intuit.com, "Managing webhooks notifications";
read 2026-11-22.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

TOLERANCE = 300.0  # seconds that a signature may be old, or ahead of our clock
SECRET = "WEBHOOK_SECRET"  # noqa: S105 the name of the secret, not one
Verdict = Literal["signed", "forged", "old", "unsigned"]
# HubSpot signs the address with these decoded; all other escapes stay as they are.
_DECODED = {"3A": ":", "2F": "/", "3F": "?", "40": "@", "21": "!", "24": "$", "27": "'", "28": "(", "29": ")",
            "2A": "*", "2C": ",", "3B": ";"}  # fmt: skip
_ESCAPE = re.compile(f"%({'|'.join(_DECODED)})", re.IGNORECASE)


class Call(NamedTuple):
    """A web hook as it came in. Names of headers are lower-case; `addresses` are those it may have been called by."""

    method: str
    addresses: tuple[str, ...]
    headers: Mapping[str, str]
    body: bytes


def judge(vendor: str, call: Call, secret: str, now: float) -> Verdict:
    """Return whether a call to a vendor's hook is signed with `secret`. `now`: seconds since 1970."""
    scheme = {"hubspot": _hubspot, "stripe": _stripe, "quickbooks": _quickbooks}.get(vendor, _standard)
    return scheme(call, secret, now)


def _hubspot(call: Call, secret: str, now: float) -> Verdict:
    """HubSpot: base64 of HMAC-SHA256 over method + address + body + timestamp in milliseconds."""
    given, stamp = call.headers.get("x-hubspot-signature-v3"), call.headers.get("x-hubspot-request-timestamp", "")
    if not given:
        return "unsigned"
    for address in call.addresses:
        plain = _ESCAPE.sub(lambda found: _DECODED[found[1].upper()], address)
        text = call.method.encode() + plain.encode() + call.body + stamp.encode()
        if _same(given, [base64.b64encode(_hmac(secret.encode(), text)).decode()], secret):
            return _lately(stamp, 1000, now)
    return "forged"


def _stripe(call: Call, secret: str, now: float) -> Verdict:
    """Stripe: hex of HMAC-SHA256 over timestamp + "." + body; several while the secret is being changed."""
    header = call.headers.get("stripe-signature")
    if not header:
        return "unsigned"
    parts = [part.strip().partition("=") for part in header.split(",")]
    stamp = next((value for name, _, value in parts if name == "t"), "")
    wanted = _hmac(secret.encode(), stamp.encode() + b"." + call.body).hex()
    given = [value for name, _, value in parts if name == "v1"]
    return _lately(stamp, 1, now) if _same(wanted, given, secret) else "forged"


def _quickbooks(call: Call, secret: str, now: float) -> Verdict:
    """QuickBooks: base64 of HMAC-SHA256 over the body, keyed by the app's verifier token."""
    given = call.headers.get("intuit-signature")
    if not given:
        return "unsigned"
    wanted = base64.b64encode(_hmac(secret.encode(), call.body)).decode()
    return "signed" if _same(wanted, [given], secret) else "forged"


def _standard(call: Call, secret: str, now: float) -> Verdict:
    """Standard Webhooks: base64 of HMAC-SHA256 over id.timestamp.body, the secret being base64 after "whsec_"."""
    header, id = call.headers.get("webhook-signature"), call.headers.get("webhook-id", "")
    stamp = call.headers.get("webhook-timestamp", "")
    if not header:
        return "unsigned"
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError):
        return "forged"
    wanted = base64.b64encode(_hmac(key, f"{id}.{stamp}.".encode() + call.body)).decode()
    given = [part.partition(",")[2] for part in header.split() if part.startswith("v1,")]
    return _lately(stamp, 1, now) if _same(wanted, given, secret) else "forged"


def _hmac(key: bytes, text: bytes) -> bytes:
    return hmac.new(key, text, hashlib.sha256).digest()


def _same(wanted: str, given: Iterable[str], secret: str) -> bool:
    """Return whether one of the texts is the wanted one, in a time that does not tell how much of it was right."""
    return bool(secret) and any([hmac.compare_digest(wanted.encode(), text.encode()) for text in given])


def _lately(stamp: str, per_second: int, now: float) -> Verdict:
    if not stamp.isdecimal():
        return "forged"
    return "signed" if abs(now - int(stamp) / per_second) <= TOLERANCE else "old"
