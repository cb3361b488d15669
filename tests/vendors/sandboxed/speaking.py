"""HubSpot and Stripe speaking to the invented company over HTTP; each request is held against their descriptions."""

import datetime as dt
from collections import Counter
from collections.abc import Callable
from contextlib import nullcontext
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import specs
import tapes

from extract.bulk import Columns, typed
from extract.model import (
    InvoiceDraft,
    LineDraft,
)
from extract.sandbox.server import Running
from extract.vendor import Vendor
from extract.vendors.hubspot import HubSpot
from extract.vendors.stripe import Stripe

Rows = dict[str, dict[str, dict[str, Any]]]
WRONG: list[str] = []
SAMPLED: Counter[Any] = Counter()
SAMPLE = 3  # replies checked of each operation and status: they are all made alike


def described_by(name: str) -> Callable[[httpx.Response], None] | None:
    """Return what checks an answer and its request against the vendor's description; None without ../shared."""
    path = Path(__file__).parents[4] / "shared" / "vendors" / "specs" / f"{name}.openapi.json"
    if not path.exists():
        return None
    book, beyond = specs.spec(path), tuple(tapes.Tape(name).said.get("unspecified", []))

    def check(reply: httpx.Response) -> None:
        request = reply.request
        if request.url.path.startswith(beyond) or f"{request.method} {request.url.path}".startswith(beyond):
            return
        request.read()
        wrong = book.request_errors(request)
        operation = (book.operation(request), reply.status_code)
        SAMPLED[operation] += 1
        if SAMPLED[operation] <= SAMPLE and "json" in reply.headers.get("content-type", ""):
            reply.read()
            wrong += book.reply_errors(request, reply)
        WRONG.extend(f"{request.method} {request.url.path}: {e}" for e in wrong)

    return check


def connected(kind: type[Vendor], box: Running, credential: str = "") -> Any:
    """Return a vendor that speaks to the sandbox, unpaced, on the sandbox's clock."""
    keys = {HubSpot: ("HUBSPOT_TOKEN", "pat-eu1-sandbox"), Stripe: ("STRIPE_KEY", "sk_test_sandbox")}
    name, key = keys[kind]
    made = kind(
        {name: credential or key},
        base_url=box.url,
        currency="EUR",
        time_zone="Europe/Madrid",
    )
    made.now = box.sandbox.clock.now  # type: ignore[method-assign]
    made.pace = lambda path: nullcontext()  # type: ignore[method-assign]
    if check := described_by(made.name):
        made.client.event_hooks["response"] = [check]
    return made


def tell(box: Running, what: str, body: Any) -> Any:
    reply = httpx.post(f"{box.url}/sandbox/{what}", json=body)
    assert reply.is_success, reply.text
    return reply.json()


def calls(box: Running) -> list[dict[str, Any]]:
    return list(httpx.get(f"{box.url}/sandbox/calls").json())


def read(vendor: Vendor, since: dt.datetime | None = None) -> tuple[Counter[str], Rows]:
    """Return how many items of each kind came, and the typed rows by table and id."""
    items: Counter[str] = Counter()
    raw: dict[str, list[dict[str, Any]]] = {}
    for kind, item in vendor.fetch(since):
        items[kind] += 1
        for table, row in vendor.rows(kind, item):
            raw.setdefault(table, []).append(row | {"vendor": vendor.name})
    rows: Rows = {}
    for table, found in raw.items():
        frame, misfits = typed(Columns(table, found), "Europe/Madrid")
        assert not misfits
        rows[table] = {row["id"]: row for row in frame.to_dicts()}
        assert len(rows[table]) == len(found), f"{table} came twice"
    return items, rows


def invoice_draft(customer: str, key: str, **more: Any) -> InvoiceDraft:
    line = LineDraft(
        description="Support hours", quantity=Decimal(3), unit_price=Decimal("33.33"), tax_rate=Decimal(21)
    )
    today = dt.date.today()
    said = {"customer_id": customer, "currency": "EUR", "issued_on": today, "due_on": today + dt.timedelta(days=30)}
    return InvoiceDraft(key=f"test:{key}", **(said | {"lines": (line,)} | more))
