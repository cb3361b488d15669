"""A local server with HubSpot-shaped deals, rendered once: what is measured is the reader, not this.

`python deal_server.py COUNT DELAY_MS [LIMIT WINDOW_S]` prints its port. With a limit it answers 429 beyond it, and
GET /stats tells how many requests came, how many were refused and the most that came in one window.
"""

import asyncio
import collections
import json
import socket
import sys
import time

import uvicorn

PAGE = 100
STAGES = [
    {
        "id": "closedwon",
        "label": "Won",
        "displayOrder": 1,
        "metadata": {"isClosed": "true", "probability": "1.0"},
        "archived": False,
        "createdAt": "2024-01-01T00:00:00Z",
        "updatedAt": "2024-01-01T00:00:00Z",
    }
]

PIPELINE = {
    "id": "default",
    "label": "Sales",
    "displayOrder": 0,
    "stages": STAGES,
    "archived": False,
    "createdAt": "2024-01-01T00:00:00Z",
    "updatedAt": "2024-01-01T00:00:00Z",
}


def deal(n: int) -> dict[str, object]:
    """Return one deal as HubSpot sends it."""
    stamp = f"2026-0{n % 9 + 1}-1{n % 10}T09:31:07.123Z"
    return {
        "id": str(9_000_000_000 + n),
        "properties": {
            "dealname": f"Order {n} for a customer",
            "amount": f"{n % 9973}.{n % 100:02d}",
            "deal_currency_code": "EUR",
            "closedate": stamp,
            "dealstage": "closedwon",
            "pipeline": "default",
            "hubspot_owner_id": str(80 + n % 8),
            "hs_is_closed_won": "true",
            "hs_is_closed": "true",
            "hs_v2_date_entered_closedwon": stamp,
            "createdate": "2026-01-02T10:00:00Z",
            "hs_lastmodifieddate": stamp,
            "hs_object_id": str(9_000_000_000 + n),
            "description": None,
        },
        "createdAt": "2026-01-02T10:00:00.000Z",
        "updatedAt": stamp,
        "archived": False,
        "associations": {"companies": {"results": [{"id": str(500 + n % 4000), "type": "deal_to_company"}]}},
    }


class Deals:
    """The ASGI application."""

    def __init__(self, count: int, delay: float, limit: int, window: float) -> None:
        self.count, self.delay, self.limit, self.window = count, delay, limit, window
        self.pages: dict[int, bytes] = {}
        self.came: collections.deque[float] = collections.deque()
        self.requests = self.refused = self.most = 0
        self.first = self.last = 0.0

    def page(self, start: int) -> bytes:
        """Return a page as bytes, rendered at its first use."""
        if start not in self.pages:
            body: dict[str, object] = {"results": [deal(n) for n in range(start, min(start + PAGE, self.count))]}
            if start + PAGE < self.count:
                body["paging"] = {"next": {"after": str(start + PAGE)}}
            self.pages[start] = json.dumps(body).encode()
        return self.pages[start]

    def answer(self, path: str, query: dict[str, str]) -> tuple[int, bytes]:
        """Return status and body."""
        if path == "/stats":
            told = {
                "requests": self.requests,
                "refused": self.refused,
                "most": self.most,
                "took": self.last - self.first,
            }
            return 200, json.dumps(told).encode()
        now = time.monotonic()
        self.first, self.last = self.first or now, now
        self.requests += 1
        while self.came and now - self.came[0] >= self.window:
            self.came.popleft()
        if self.limit and len(self.came) >= self.limit:
            self.refused += 1
            return (
                429,
                b'{"status":"error","message":"limit","errorType":"RATE_LIMIT","policyName":"TEN_SECONDLY_ROLLING"}',
            )
        self.came.append(now)
        self.most = max(self.most, len(self.came))
        if "/pipelines/" in path:
            return 200, json.dumps({"results": [PIPELINE]}).encode()
        if "/account-info/" in path:
            return 200, b'{"portalId":1,"accountType":"STANDARD","timeZone":"Europe/Madrid","companyCurrency":"EUR"}'
        if "/properties/" in path:
            names = [*deal(0)["properties"]]  # type: ignore[misc]
            return 200, json.dumps({"results": [{"name": n, "type": "string", "label": n} for n in names]}).encode()
        if path.endswith("/deals/search"):
            return 200, json.dumps({"total": 100, "results": [deal(n) for n in range(min(100, self.count))]}).encode()
        if path.endswith("/deals") and query.get("archived") != "true":
            return 200, self.page(int(query.get("after") or 0))
        return 200, b'{"results":[],"total":0}'

    async def __call__(self, scope: dict, receive: object, send: object) -> None:  # type: ignore[type-arg]
        """Answer one request."""
        if scope["type"] != "http":
            return
        query = dict(p.split("=", 1) for p in scope["query_string"].decode().split("&") if "=" in p)
        status, body = self.answer(scope["path"], query)
        if self.delay and scope["path"] != "/stats":
            await asyncio.sleep(self.delay)
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})  # type: ignore[operator]
        await send({"type": "http.response.body", "body": body})  # type: ignore[operator]


if __name__ == "__main__":
    count, delay = int(sys.argv[1]), float(sys.argv[2]) / 1000
    limit, window = (int(sys.argv[3]), float(sys.argv[4])) if len(sys.argv) > 4 else (0, 10.0)
    app = Deals(count, delay, limit, window)
    for start in range(0, count, PAGE):
        app.page(start)
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    print(listening.getsockname()[1], flush=True)
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", access_log=False, lifespan="off"))
    server.run(sockets=[listening])
