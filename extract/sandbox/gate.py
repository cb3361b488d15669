"""Who may call, how often, and what a repeated call gets: tokens, rights, rate limits, idempotency keys."""

import hashlib
import time
from collections import deque
from typing import Any

from extract.sandbox import hubspot_errors, stripe_errors
from extract.sandbox.hubspot_read import HubSpotReader
from extract.sandbox.stripe_store import StripeBooks
from extract.sandbox.wire import Call, Reply, Settings

HUBSPOT_TOKEN, HUBSPOT_READ_TOKEN = "pat-eu1-sandbox", "pat-eu1-readonly"
STRIPE_KEY, STRIPE_READ_KEY = "sk_test_sandbox", "rk_test_readonly"
OPEN = ("/invoice/", "/credit_notes/", "/i/", "/files/content/", "/oauth/")  # no key needed
READING = ("/search", "/batch/read")
LONGEST_KEY = 255


class Pace:
    """Counts calls in a rolling window."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.calls: deque[float] = deque()

    def take(self, most: int) -> int:
        """Count a call and return how many are left, or -1 if it is one too many (then it is not counted)."""
        now = time.monotonic()
        while self.calls and now - self.calls[0] >= self.seconds:
            self.calls.popleft()
        if len(self.calls) >= most:
            return -1
        self.calls.append(now)
        return most - len(self.calls)


class Gate:
    """Lets calls in or raises `Refused`."""

    def __init__(self, settings: Settings, hubspot: HubSpotReader, stripe: StripeBooks) -> None:
        self.settings, self.hubspot, self.stripe = settings, hubspot, stripe
        self.ten_seconds, self.searches, self.second = Pace(10), Pace(1), Pace(1)

    def admit_hubspot(self, call: Call, path: str) -> dict[str, str]:
        """Return the rate headers of a call that may pass."""
        if path.startswith(OPEN):
            return {}
        token = call.token()
        if token not in (HUBSPOT_TOKEN, HUBSPOT_READ_TOKEN):
            ends = self.hubspot.access_tokens.get(token)
            if ends is None:
                raise hubspot_errors.unauthorized()
            if self.hubspot.clock.now().timestamp() >= ends:
                raise hubspot_errors.expired()
        most = self.settings.hubspot_per_10s
        if path.rstrip("/").endswith("/search"):
            if self.searches.take(self.settings.hubspot_search_per_s) < 0:
                raise hubspot_errors.too_many("SECONDLY")
            headers = {}
        else:
            left = self.ten_seconds.take(most)
            if left < 0:
                raise hubspot_errors.too_many("TEN_SECONDLY_ROLLING")
            headers = {"x-hubspot-ratelimit-max": str(most), "x-hubspot-ratelimit-remaining": str(left),
                       "x-hubspot-ratelimit-interval-milliseconds": "10000", "x-hubspot-ratelimit-daily": "625000",
                       "x-hubspot-ratelimit-daily-remaining": "600000"}  # fmt: skip
        if token == HUBSPOT_READ_TOKEN and call.method != "GET" and not path.rstrip("/").endswith(READING):
            raise hubspot_errors.missing_scope(self._scope(path))
        return headers

    def _scope(self, path: str) -> str:
        if path.startswith("/files"):
            return "files"
        steps = path.strip("/").split("/")
        kind = next((k for step in steps for k in self.hubspot.books.objects if step == k), "deals")
        if "properties" in steps:
            return f"crm.schemas.{kind}.write"
        return f"crm.objects.{'contacts' if kind in ('tasks', 'notes') else kind}.write"

    def admit_stripe(self, call: Call, path: str) -> None:
        """Check key, pace and rights."""
        token = call.token()
        if token not in (STRIPE_KEY, STRIPE_READ_KEY):
            raise stripe_errors.unauthorized(token)
        if self.second.take(self.settings.stripe_per_s) < 0:
            text = "Request rate limit exceeded. Learn more about rate limits here https://stripe.com/docs/rate-limits."
            refusal = stripe_errors.refused(429, text, "rate_limit")
            refusal.reply.headers["stripe-rate-limited-reason"] = "global-rate"
            raise refusal
        if token == STRIPE_READ_KEY and call.method != "GET" and not path.endswith("/create_preview"):
            thing = path.split("/")[2].rstrip("s").replace("invoiceitem", "invoice")
            raise stripe_errors.forbidden(token, f"rak_{thing}_write")

    # -- idempotency -------------------------------------------------------------------------------------------

    def remembered(self, call: Call, path: str) -> Reply | None:
        """Return the first result of a call with the same key. Raises `Refused` if its parameters were others."""
        key = self._key(call)
        known = self.stripe.replies.get(key) if key else None
        if known is None:
            return None
        if known["print"] != fingerprint(call, path):
            text = (
                "Keys for idempotent requests can only be used with the same parameters they were first used with. "
                f"Try using a key other than '{key}' if you meant to execute a different request."
            )
            raise stripe_errors.refused(400, text, kind="idempotency_error")
        return Reply(known["status"], known["body"], {"idempotent-replayed": "true"})

    def remember(self, call: Call, path: str, reply: Reply) -> None:
        """Keep the result of a call that was executed, a failure of ours included; refused parameters are not kept."""
        key = self._key(call)
        if key and (reply.status == 200 or reply.status == 500):
            body: Any = reply.body
            self.stripe.replies[key] = {"print": fingerprint(call, path), "status": reply.status, "body": body}

    def _key(self, call: Call) -> str:
        key = call.headers.get("idempotency-key", "") if call.method == "POST" else ""
        if len(key) > LONGEST_KEY:
            raise stripe_errors.refused(
                400, f"Idempotency keys have at most {LONGEST_KEY} characters.", kind="idempotency_error"
            )
        return key


def fingerprint(call: Call, path: str) -> str:
    """Return what tells calls apart: method, path and parameters in any order."""
    parameters = b"&".join(sorted(call.body.split(b"&")))
    return hashlib.sha256(f"{call.method} {path} ".encode() + parameters).hexdigest()
