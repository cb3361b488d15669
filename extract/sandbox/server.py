"""One ASGI application on one port that answers like HubSpot, like Stripe, and to whoever drives the sandbox."""

import threading
import time
import uuid
from collections import deque
from datetime import date
from typing import Any

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route as WebRoute

from extract.sandbox import hubspot_errors, stripe_errors
from extract.sandbox.books import Company
from extract.sandbox.company import company as make_company
from extract.sandbox.hubspot_books import hubspot_books
from extract.sandbox.hubspot_write import HubSpotWriter
from extract.sandbox.routes import Route, hubspot_routes, stripe_routes
from extract.sandbox.stripe_books import stripe_books
from extract.sandbox.stripe_read import StripeReader
from extract.sandbox.wire import Call, Clock, Refused, Reply, Settings

HUBSPOT_TOKEN, HUBSPOT_READ_TOKEN = "pat-eu1-sandbox", "pat-eu1-readonly"
STRIPE_KEY, STRIPE_READ_KEY = "sk_test_sandbox", "rk_test_readonly"
READS = ("/search", "/batch/read")
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


class Sandbox:
    """The running company: its books at both vendors and the calls it has answered."""

    def __init__(self, company: Company) -> None:
        self.company = company
        self.clock, self.settings = Clock(company.today), Settings()
        self.lock = threading.RLock()
        self.calls: deque[dict[str, Any]] = deque(maxlen=20_000)
        self.hubspot = HubSpotWriter(hubspot_books(company), self.clock, self.settings)
        self.stripe = StripeReader(stripe_books(company), self.clock, self.settings)
        self.routes: list[Route] = [*hubspot_routes(self.hubspot), *stripe_routes(self.stripe)]

    def answer(self, call: Call, path: str) -> Reply:
        """Return the reply to a call, refusals included."""
        is_stripe = path.startswith("/v1/")
        try:
            (self._admit_stripe if is_stripe else self._admit_hubspot)(call, path)
            for method, pattern, handler in self.routes:
                if method == call.method and (found := pattern.match(path)):
                    with self.lock:
                        return handler(_at(call, found.groupdict()))
            if is_stripe:
                raise stripe_errors.refused(404, f"Unrecognized request URL ({call.method}: {path}).")
            raise hubspot_errors.not_found()
        except Refused as refusal:
            return refusal.reply
        except msgspec.DecodeError as error:
            return hubspot_errors.invalid(f"Invalid input JSON: {error}").reply

    def _admit_hubspot(self, call: Call, path: str) -> None:
        token = call.token()
        if token not in (HUBSPOT_TOKEN, HUBSPOT_READ_TOKEN):
            raise hubspot_errors.unauthorized()

    def _admit_stripe(self, call: Call, path: str) -> None:
        token = call.token()
        if token not in (STRIPE_KEY, STRIPE_READ_KEY):
            raise stripe_errors.unauthorized(token)


def _at(call: Call, path: dict[str, str]) -> Call:
    return Call(call.method, call.url, call.query, call.headers, call.body, path)


def application(sandbox: Sandbox) -> Starlette:
    """Return the ASGI application."""

    async def vendor(request: Request) -> Response:
        body = await request.body()
        path = request.url.path
        call = Call(request.method, path, request.query_params, request.headers, body)
        reply = sandbox.answer(call, path)
        sandbox.calls.append(
            {"method": call.method, "path": path, "query": str(request.query_params), "status": reply.status}
        )
        headers = dict(reply.headers) | vendor_headers(sandbox, call)
        content = (
            reply.body
            if isinstance(reply.body, bytes)
            else b""
            if reply.body is None
            else msgspec.json.encode(reply.body)
        )
        return Response(content, reply.status, headers, reply.media)

    return Starlette(routes=[WebRoute("/{path:path}", vendor, methods=METHODS)])


def vendor_headers(sandbox: Sandbox, call: Call) -> dict[str, str]:
    """Return the headers that each vendor puts on every answer."""
    if call.url.startswith("/v1/"):
        version = call.headers.get("stripe-version", "2026-06-24.dahlia")
        headers = {"request-id": f"req_{uuid.uuid4().hex[:14]}", "stripe-version": version}
        if key := call.headers.get("idempotency-key"):
            headers |= {"idempotency-key": key, "original-request": headers["request-id"]}
        return headers
    most = sandbox.settings.hubspot_per_10s
    if call.url.endswith("/search"):
        return {}
    return {"x-hubspot-ratelimit-max": str(most), "x-hubspot-ratelimit-remaining": str(most),
            "x-hubspot-ratelimit-interval-milliseconds": "10000", "x-hubspot-ratelimit-daily": "625000",
            "x-hubspot-ratelimit-daily-remaining": "600000", "x-hubspot-correlation-id": str(uuid.uuid4())}  # fmt: skip


class Running:
    """A sandbox served from a thread: `url`, `company`, `sandbox`; `stop()` ends it."""

    def __init__(self, sandbox: Sandbox, port: int) -> None:
        self.sandbox, self.company = sandbox, sandbox.company
        config = uvicorn.Config(
            application(sandbox), "127.0.0.1", port, log_level="critical", proxy_headers=False, lifespan="off"
        )
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run, daemon=True)
        self.thread.start()
        while not self.server.started:
            if not self.thread.is_alive():
                raise OSError(f"port {port} of 127.0.0.1 cannot be opened")
            time.sleep(0.01)
        self.port = self.server.servers[0].sockets[0].getsockname()[1]
        self.url = sandbox.stripe.base = f"http://127.0.0.1:{self.port}"

    def stop(self) -> None:
        """End the server and wait for it."""
        self.server.should_exit = True
        self.thread.join(timeout=5)

    def __enter__(self) -> "Running":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def serve(port: int = 0, today: date | None = None, seed: int = 7, deals: int = 1500) -> Running:
    """Return the sandbox, served on 127.0.0.1 (any free port if 0) from a thread of this process."""
    return Running(Sandbox(make_company(today or date.today(), seed, deals)), port)
