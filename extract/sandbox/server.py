"""One ASGI application on one port that answers like HubSpot, like Stripe, and to whoever drives the sandbox."""

import asyncio
import threading
import time
import uuid
from collections import deque
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import uvicorn
from aiosmtpd.controller import Controller
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route as WebRoute

from extract.sandbox import hubspot_errors, snapshot, stripe_errors, wire
from extract.sandbox.books import Company
from extract.sandbox.company import company as make_company
from extract.sandbox.control import Control
from extract.sandbox.faults import Broken, Fault, Faults, Wire
from extract.sandbox.gate import Gate
from extract.sandbox.hubspot_books import hubspot_books
from extract.sandbox.hubspot_write import HubSpotWriter
from extract.sandbox.mail import Mailbox, smtp_server
from extract.sandbox.routes import Route, hubspot_routes, stripe_routes
from extract.sandbox.statement import Entry
from extract.sandbox.stripe_books import stripe_books
from extract.sandbox.stripe_quotes import StripeQuotes
from extract.sandbox.wire import Call, Clock, Refused, Reply, Settings

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
MOST_CALLS = 50_000  # the log of calls forgets older ones
SAVE_EVERY_S = 1.0


class Sandbox:
    """The running company: its books at both vendors, its mailbox, its faults, and the calls it has answered."""

    def __init__(self, company: Company, deals: int = 1500, state: Path | None = None) -> None:
        self.company, self.deals, self.state = company, deals, state
        self.lock = threading.RLock()
        self.faults = Faults()
        self.mailbox = Mailbox(self.faults.refuses, self.touch)
        self.calls: deque[dict[str, Any]] = deque(maxlen=MOST_CALLS)
        self.base, self.smtp_port = "", 0
        self.is_dirty = False
        self.begin()
        if state and state.exists():
            snapshot.load(self, state)

    def begin(self) -> None:
        """Put everything to where it begins."""
        self.clock, self.settings = Clock(self.company.today), Settings()
        self.faults.put([])
        self.calls.clear()
        self.mailbox.mails.clear()
        self.transfers: list[Entry] = []
        self.hubspot = HubSpotWriter(hubspot_books(self.company), self.clock, self.settings)
        self.stripe = StripeQuotes(stripe_books(self.company), self.clock, self.settings)
        self.stripe.mailbox = self.mailbox
        self.gate = Gate(self.settings, self.hubspot, self.stripe.books)
        self.routes: list[Route] = [*hubspot_routes(self.hubspot), *stripe_routes(self.stripe)]
        self.at(self.base)
        self.is_dirty = True

    def touch(self) -> None:
        """Take note that something changed."""
        self.is_dirty = True

    def at(self, base: str) -> None:
        """Take note of the address at which this is served; links in answers point there."""
        self.base = self.hubspot.base = self.stripe.base = base

    def save(self) -> None:
        """Write the snapshot if there is one to write and anything changed."""
        if self.state and self.is_dirty:
            self.is_dirty = False
            with self.lock:
                snapshot.save(self, self.state)

    def answer(self, call: Call, path: str) -> Reply:
        """Return the reply to a call, refusals included."""
        headers: dict[str, str] = {}
        try:
            if path.startswith("/v1/"):
                reply = self._stripe(call, path)
            else:
                headers = self.gate.admit_hubspot(call, path)
                reply = self._handled(call, path)
        except Refused as refusal:
            reply = refusal.reply
        except msgspec.DecodeError as error:
            reply = hubspot_errors.invalid(f"Invalid input JSON: {error}").reply
        reply.headers = headers | reply.headers
        return reply

    def _stripe(self, call: Call, path: str) -> Reply:
        self.gate.admit_stripe(call, path)
        reply = self.gate.remembered(call, path)
        if reply is None:
            reply = self._handled(call, path)
            self.gate.remember(call, path, reply)
        return reply

    def _handled(self, call: Call, path: str) -> Reply:
        for method, pattern, handler in self.routes:
            if method == call.method and (found := pattern.match(path)):
                with self.lock:
                    self.is_dirty = self.is_dirty or method != "GET"
                    return handler(Call(call.method, call.url, call.query, call.headers, call.body, found.groupdict()))
        if path.startswith("/v1/"):
            raise stripe_errors.refused(404, f"Unrecognized request URL ({call.method}: {path}).")
        raise hubspot_errors.not_found()

    def failure(self, call: Call, path: str, fault: Fault) -> Reply:
        """Return the answer of a fault, in the vendor's own shape; Stripe replays a 500 to the same key."""
        after = {} if fault.retry_after is None else {"retry-after": str(fault.retry_after)}
        if path.startswith("/v1/"):
            if fault.kind == "refuse_field":
                return stripe_errors.unknown(fault.field).reply
            kind = "api_error" if fault.status >= 500 else "invalid_request_error"
            code = {429: "rate_limit", 409: "lock_timeout"}.get(fault.status)
            reply = stripe_errors.refused(fault.status, f"Sandbox fault {fault.status}.", code, kind=kind).reply
            self.gate.remember(call, path, reply)
        elif fault.kind == "refuse_field":
            text = f'Property "{fault.field}" does not exist'
            reply = hubspot_errors.invalid_properties([(fault.field, "PROPERTY_DOESNT_EXIST", text)]).reply
        elif fault.status == 429:
            reply = hubspot_errors.too_many("TEN_SECONDLY_ROLLING").reply
        elif fault.status == 401:
            reply = hubspot_errors.unauthorized().reply
        else:
            reply = hubspot_errors.refused(fault.status, "INTERNAL_ERROR", f"Sandbox fault {fault.status}.").reply
        reply.headers |= after
        return reply


def application(sandbox: Sandbox) -> Starlette:
    """Return the ASGI application."""

    async def vendor(request: Request) -> Response:
        body, path = await request.body(), request.url.path
        call = Call(request.method, path, request.query_params, request.headers, body)
        name = "stripe" if path.startswith("/v1/") else "hubspot"
        struck: Fault | None = None
        for fault in sandbox.faults.hit(name, call.method, path, body):
            if fault.kind == "slow":
                await asyncio.sleep(fault.seconds)
            else:
                struck = fault
        kind = struck.kind if struck else ""
        if struck and kind in ("status", "refuse_field"):
            reply = sandbox.failure(call, path, struck)
        elif kind == "dead":
            reply = Reply(0)
        else:
            reply = sandbox.answer(call, path)
            if kind == "twice":
                reply = sandbox.answer(call, path)
        sandbox.calls.append({
            "at": time.time(), "vendor": name, "method": call.method, "path": path, "query": str(request.query_params),
            "status": reply.status, "fault": kind or None, "key": call.headers.get("idempotency-key"),
        })  # fmt: skip
        return response(call, reply, kind)

    return Starlette(routes=[*Control(sandbox).routes(), WebRoute("/{path:path}", vendor, methods=METHODS)])


def response(call: Call, reply: Reply, fault: str) -> Response:
    """Return the HTTP answer: whole, cut in the middle of its body, or none at all."""
    content = (
        reply.body if isinstance(reply.body, bytes) else b"" if reply.body is None else msgspec.json.encode(reply.body)
    )
    headers = dict(reply.headers)
    if call.url.startswith("/v1/"):
        headers |= {"request-id": f"req_{uuid.uuid4().hex[:14]}",
                    "stripe-version": call.headers.get("stripe-version", "2026-06-24.dahlia")}  # fmt: skip
        if key := call.headers.get("idempotency-key"):
            headers |= {"idempotency-key": key, "original-request": headers["request-id"]}
    else:
        headers["x-hubspot-correlation-id"] = str(uuid.uuid4())
    if fault in ("dead", "lost_answer", "cut"):
        return Broken(content, reply.status, headers, 0.5 if fault == "cut" else 0)
    return Response(content, reply.status, headers, reply.media)


class Running:
    """A sandbox served from a thread: `url`, `smtp_port`, `company`, `sandbox`; `stop()` ends it."""

    def __init__(self, sandbox: Sandbox, port: int, smtp_port: int | None) -> None:
        self.sandbox, self.company = sandbox, sandbox.company
        config = uvicorn.Config(application(sandbox), "127.0.0.1", port, log_level="critical", proxy_headers=False,
                                lifespan="off",
                                http=Wire)  # fmt: skip
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run, name="sandbox", daemon=True)
        self.thread.start()
        while not self.server.started:
            if not self.thread.is_alive():
                raise OSError(f"port {port} of 127.0.0.1 cannot be opened")
            time.sleep(0.01)
        self.port = int(self.server.servers[0].sockets[0].getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"
        sandbox.at(self.url)
        self.smtp: Controller | None = None if smtp_port is None else smtp_server(sandbox.mailbox, smtp_port)
        self.smtp_port = sandbox.smtp_port = int(self.smtp.port) if self.smtp else 0
        self.over = threading.Event()
        self.keeper = threading.Thread(target=self._keep, name="sandbox-state", daemon=True)
        self.keeper.start()

    def _keep(self) -> None:
        while not self.over.wait(SAVE_EVERY_S):
            self.sandbox.save()

    def stop(self) -> None:
        """End the server, wait for it, and save the books if they are kept."""
        self.over.set()
        self.server.should_exit = True
        self.thread.join(timeout=5)
        self.keeper.join(timeout=5)
        if self.smtp:
            self.smtp.stop()
        self.sandbox.save()

    def __enter__(self) -> "Running":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def serve(
    port: int = 0, smtp_port: int | None = 0, today: date | None = None, seed: int = 7, deals: int = 1500,
    state: Path | None = None
) -> Running:  # fmt: skip
    """Return the sandbox, served on 127.0.0.1 from a thread; port 0 takes any free one, None means no SMTP.

    With `state` the books survive a restart: they are written there within a second of a change and when it stops.
    """
    if state and state.exists():
        today, seed, deals = snapshot.origin(state)
    return Running(Sandbox(make_company(today or wire.today(), seed, deals), deals, state), port, smtp_port)
