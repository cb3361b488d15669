"""How HubSpot and Stripe are paged: every record once, in few requests, past a search's cap, at the pace allowed."""

import datetime as dt
import json
import threading
import time
from contextlib import nullcontext
from typing import Any

import httpx
import pytest

from extract.vendor import Refused, Unreachable, Vendor
from extract.vendors.hubspot import FOUND, HubSpot
from extract.vendors.stripe import Stripe

SINCE = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
START = int(SINCE.timestamp() * 1000)


class Portal:
    """A HubSpot of deals alone: `modified` gives each deal's date (ms); searches end at 10,000 as the real one's do."""

    def __init__(self, modified: list[int]) -> None:
        self.deals = [{"id": str(n), "properties": self._properties(n, at)} for n, at in enumerate(modified, 1)]
        self.asked: list[str] = []
        self.times: list[float] = []
        self.lock = threading.Lock()

    @staticmethod
    def _properties(n: int, at: int) -> dict[str, str]:
        when = dt.datetime.fromtimestamp(at / 1000, dt.UTC).isoformat(timespec="milliseconds")
        return {"dealname": f"Deal {n}", "hs_lastmodifieddate": when, "hs_object_id": str(n)}

    def __call__(self, request: httpx.Request) -> httpx.Response:
        with self.lock:
            self.asked.append(f"{request.method} {request.url.path}")
            self.times.append(time.monotonic())
        path, query = request.url.path, request.url.params
        if path.endswith("/details"):
            return httpx.Response(200, json={"portalId": 1, "companyCurrency": "EUR"})
        if "/properties/" in path:
            return httpx.Response(200, json={"results": [{"name": n} for n in ("dealname", "hs_lastmodifieddate")]})
        if path.endswith("/deals/search"):
            return self._search(json.loads(request.content))
        if path.endswith("/objects/2026-03/deals") and query.get("archived") != "true":
            return self._page(self.deals, int(query.get("after", 0)), int(query["limit"]))
        if path.endswith("/search"):
            return httpx.Response(200, json={"total": 0, "results": []})
        return httpx.Response(200, json={"results": []})

    def _page(self, rows: list[Any], start: int, limit: int, **more: Any) -> httpx.Response:
        body = {"results": rows[start : start + limit], **more}
        if start + limit < len(rows):
            body["paging"] = {"next": {"after": str(start + limit)}}
        return httpx.Response(200, json=body)

    def _search(self, asked: dict[str, Any]) -> httpx.Response:
        start = int(asked.get("after", 0))
        if start + asked["limit"] > 10_000:
            return httpx.Response(400, json={"message": "search ends at 10,000"})
        rows = [d for d in self.deals if all(self._fits(d, f) for f in asked["filterGroups"][0]["filters"])]
        by = asked["sorts"][0]["propertyName"]
        rows.sort(key=lambda d: int(d["id"]) if by == "hs_object_id" else d["properties"].get(by, ""))
        return self._page(rows, start, asked["limit"], total=len(rows))

    @staticmethod
    def _fits(deal: dict[str, Any], wanted: dict[str, str]) -> bool:
        value = deal["properties"].get(wanted["propertyName"])
        if value is None:
            return False
        have = int(value) if value.isdigit() else round(dt.datetime.fromisoformat(value).timestamp() * 1000)
        want = int(wanted["value"])
        return {"GTE": have >= want, "GT": have > want, "EQ": have == want}[wanted["operator"]]


def hubspot(portal: Portal, paced: bool = False) -> HubSpot:
    made = HubSpot(
        {"HUBSPOT_TOKEN": "x"},
        options={"reread_won_days": "0"},
        client=httpx.Client(transport=httpx.MockTransport(portal)),
    )
    if not paced:
        made.pace = lambda path: nullcontext()  # type: ignore[method-assign]
    return made


def deals(vendor: Vendor, since: dt.datetime | None) -> list[str]:
    return [item["id"] for kind, item in vendor.fetch(since) if kind == "deals"]


@pytest.mark.capability("SYNC-11")
@pytest.mark.parametrize(("records", "requests"), [(0, 1), (1, 1), (100, 1), (101, 2), (250, 3)])
def test_hubspot_lists_by_the_hundred(records: int, requests: int) -> None:
    """A list of so many records takes so many requests, and brings every record once."""
    portal = Portal([START] * records)
    assert sorted(deals(hubspot(portal), None), key=int) == [str(n) for n in range(1, records + 1)]
    assert portal.asked.count("GET /crm/objects/2026-03/deals") == requests


@pytest.mark.capability("SYNC-11")
@pytest.mark.parametrize(("records", "requests"), [(0, 1), (1, 1), (100, 1), (101, 2), (250, 3)])
def test_stripe_lists_by_the_hundred(records: int, requests: int) -> None:
    """A list of so many objects takes so many requests, and brings every object once."""
    held = [{"id": f"cus_{n}", "object": "customer"} for n in range(records)]
    asked: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        if request.url.path != "/v1/customers":
            return httpx.Response(200, json={"data": [], "has_more": False})
        query = request.url.params
        asked.append(str(query))
        ids = [c["id"] for c in held]
        start = ids.index(query["starting_after"]) + 1 if "starting_after" in query else 0
        end = start + int(query["limit"])
        return httpx.Response(200, json={"data": held[start:end], "has_more": end < len(held)})

    stripe = Stripe({"STRIPE_KEY": "x"}, client=httpx.Client(transport=httpx.MockTransport(handler)))
    stripe.pace = lambda path: nullcontext()  # type: ignore[method-assign]
    found = [item["id"] for kind, item in stripe.fetch(None) if kind == "customers"]
    assert found == [c["id"] for c in held]
    assert len(asked) == requests


SPREADS = {
    "one a second": [START + n * 1000 for n in range(12_500)],
    "all in one instant, as an import leaves them": [START + 5] * 12_500,
    "two instants, more than a page each": [START + 1] * 700 + [START + 2] * 700,
    "an instant ends a page": [START] * (FOUND - 1) + [START + 9] * 3,
    "a page, exactly": [START + n for n in range(FOUND)],
    "one": [START],
    "none": [],
}


@pytest.mark.parametrize("spread", SPREADS)
def test_more_changes_than_a_search_gives(spread: str) -> None:
    """A search ends at 10,000 records: a modified reading brings all of them all the same, each once."""
    portal = Portal(SPREADS[spread])
    found = deals(hubspot(portal), SINCE)
    assert len(found) == len(set(found)) == len(SPREADS[spread])
    searches = portal.asked.count("POST /crm/objects/2026-03/deals/search")
    assert searches <= len(found) // (FOUND - 1) + 6


def test_more_stages_than_a_search_can_name() -> None:
    """A search takes 3,000 characters: where the won stages' properties are too many, records are read by id."""
    stages = [
        {"id": str(10**9 + n), "label": f"Won {n}", "metadata": {"isClosed": "true", "probability": "1.0"},
         "updatedAt": "2024-01-01T00:00:00Z"}
        for n in range(80)
    ]  # fmt: skip
    portal = Portal([START + n for n in range(250)])

    def handler(request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if "/pipelines/" in path:
            pipeline = {"id": "p", "label": "P", "stages": stages, "updatedAt": "2024-01-01T00:00:00Z"}
            return httpx.Response(200, json={"results": [pipeline]})
        if path.endswith("/properties/2026-03/deals"):
            names = ["dealname", "hs_lastmodifieddate", *(f"hs_v2_date_entered_{s['id']}" for s in stages)]
            return httpx.Response(200, json={"results": [{"name": n} for n in names]})
        if path.endswith("/search"):
            assert len(request.content) <= 3000
        if path.endswith("/deals/batch/read"):
            wanted = {i["id"] for i in json.loads(request.content)["inputs"]}
            return httpx.Response(200, json={"results": [d for d in portal.deals if d["id"] in wanted]})
        return portal(request)

    vendor = hubspot(portal)
    vendor.client = httpx.Client(transport=httpx.MockTransport(handler))
    assert sorted(deals(vendor, SINCE), key=int) == [str(n) for n in range(1, 251)]


def test_a_change_while_we_read() -> None:
    """A record that changes after it was read moves to the end: no other is skipped for it."""
    portal = Portal([START + n * 1000 for n in range(500)])
    inner, touched = portal._search, []

    def search(asked: dict[str, Any]) -> httpx.Response:
        reply = inner(asked)
        if not touched:
            touched.append(portal.deals[0]["id"])
            portal.deals[0] = {"id": "1", "properties": portal._properties(1, START + 900_000)}
        return reply

    portal._search = search  # type: ignore[method-assign]
    found = deals(hubspot(portal), SINCE)
    assert set(found) == {str(n) for n in range(1, 501)}
    assert found.count("1") == 2


def test_a_vendor_that_never_ends() -> None:
    """A cursor that points at the page just read would never end: that is an error, not a loop."""

    def handler(request: httpx.Request) -> httpx.Response:
        if "/objects/" in request.url.path:
            return httpx.Response(200, json={"results": [], "paging": {"next": {"after": "7"}}})
        if request.url.path.endswith("/details"):
            return httpx.Response(200, json={"portalId": 1})
        return httpx.Response(200, json={"results": []})

    vendor = hubspot(Portal([]))
    vendor.client = httpx.Client(transport=httpx.MockTransport(handler))
    with pytest.raises(Unreachable, match="same next page"):
        deals(vendor, None)


def test_the_pace_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many streams read at once, no window of the vendor's holds more requests than allowed."""
    monkeypatch.setattr(HubSpot, "allowance", lambda self: (10, 0.5))
    portal = Portal([START] * 2500)
    started = time.monotonic()
    assert len(deals(hubspot(portal, paced=True), None)) == 2500
    times = sorted(portal.times)
    assert all(late - early >= 0.45 for early, late in zip(times, times[10:], strict=False))
    least = 0.5 * ((len(times) - 1) // 10)
    assert least <= time.monotonic() - started < least * 1.5 + 1


HELD_OFF = [
    (429, {"policyName": "SECONDLY"}, {}, 1.0),
    (429, {"policyName": "TEN_SECONDLY_ROLLING"}, {}, 10.0),
    (429, {}, {"retry-after": "7"}, 7.0),
    (423, {}, {}, 2.0),
    (502, {}, {}, None),
]


@pytest.mark.parametrize(("status", "body", "headers", "seconds"), HELD_OFF)
def test_how_long_hubspot_is_waited_for(status: int, body: Any, headers: Any, seconds: float | None) -> None:
    """HubSpot mostly does not say how long to wait: then as long as the limit's window."""
    assert hubspot(Portal([])).wait(httpx.Response(status, json=body, headers=headers)) == seconds


def test_a_day_that_is_spent() -> None:
    """The day's allowance does not come back by waiting: the reading stops at once, and so when Stripe says so."""
    asked = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(429, json={"message": "daily limit", "policyName": "DAILY"})

    vendor = hubspot(Portal([]))
    vendor.client = httpx.Client(transport=httpx.MockTransport(handler))
    with pytest.raises(Exception, match="daily limit"):
        deals(vendor, None)
    assert len(asked) == 1
    stripe = Stripe({"STRIPE_KEY": "sk_test_x"})
    assert stripe.hopeless(httpx.Response(500, headers={"stripe-should-retry": "false"}))
    assert not stripe.hopeless(httpx.Response(500))


@pytest.mark.parametrize(
    ("key", "pace"), [("sk_live_x", 80), ("sk_test_x", 25), ("rk_test_x", 25), ("rk_live_test", 80)]
)
def test_stripe_tells_test_from_live(key: str, pace: int) -> None:
    """The key says whether the account is a test; a test account is slower."""
    stripe = Stripe({"STRIPE_KEY": key})
    assert stripe.allowance() == (pace, 1.0)
    assert stripe.is_test == (pace == 25)


@pytest.mark.capability("CONN-9")
def test_a_version_that_is_not_known() -> None:
    """A vendor that answers as another version than the connector was made for is told of at the connection."""

    def handler(request: httpx.Request) -> httpx.Response:
        assert request.headers["stripe-version"] == Stripe.api_version
        return httpx.Response(200, json={"data": []}, headers={"stripe-version": "2031-01-01.rose"})

    stripe = Stripe({"STRIPE_KEY": "x"}, client=httpx.Client(transport=httpx.MockTransport(handler)))
    assert "2031-01-01.rose" in stripe.check().note
    vendor = hubspot(Portal([]))
    vendor.client = httpx.Client(transport=httpx.MockTransport(lambda request: httpx.Response(404)))
    with pytest.raises(Refused, match=HubSpot.api_version):
        vendor.check()
