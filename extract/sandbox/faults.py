"""Faults that can be switched on: a vendor dead, slow, refuses, cuts its answer, or loses it after doing the work."""

import re
import threading
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

KINDS = ("dead", "slow", "status", "cut", "refuse_field", "lost_answer", "twice", "refuse_mail")


@dataclass
class Fault:
    """A rule. `match` is hubspot, stripe or a pattern found in the path (of `refuse_mail`: in the recipient).

    It applies to calls number `after` + 1 to `after` + `times` that match (for ever without `times`). `seconds` is how
    long `slow` waits, `status` what `status` answers (with `retry_after` seconds if given), `field` what `refuse_field`
    does not take.
    """

    kind: str
    match: str = ""
    method: str | None = None
    status: int = 503
    seconds: float = 1.0
    times: int | None = None
    after: int = 0
    field: str = ""
    retry_after: float | None = None
    seen: int = 0
    done: int = 0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"unknown kind of fault {self.kind!r}: one of {', '.join(KINDS)}")
        re.compile(self.match)

    def fits(self, vendor: str, method: str, path: str, body: bytes) -> bool:
        """Return whether the rule is about this call."""
        if self.method and self.method.upper() != method:
            return False
        if self.kind == "refuse_field" and self.field.encode() not in body:
            return False
        return self.match == vendor if self.match in ("hubspot", "stripe") else bool(re.search(self.match, path))


class Faults:
    """The rules in force."""

    def __init__(self) -> None:
        self.rules: list[Fault] = []
        self.lock = threading.Lock()

    def put(self, rules: list[dict[str, Any]]) -> None:
        """Replace all rules. Raises ValueError or TypeError on a rule that means nothing."""
        made = [Fault(**rule) for rule in rules]
        with self.lock:
            self.rules = made

    def shown(self) -> list[dict[str, Any]]:
        """Return the rules and how often each was seen and done."""
        return [asdict(rule) for rule in self.rules]

    def hit(self, vendor: str, method: str, path: str, body: bytes) -> list[Fault]:
        """Return the rules that strike this call: any slow ones, then at most one other."""
        struck: list[Fault] = []
        with self.lock:
            for rule in self.rules:
                if rule.kind == "refuse_mail" or not rule.fits(vendor, method, path, body):
                    continue
                if (rule.kind == "slow" or not any(r.kind != "slow" for r in struck)) and self._counted(rule):
                    struck.append(rule)
        return sorted(struck, key=lambda r: r.kind != "slow")

    def refuses(self, recipient: str) -> bool:
        """Return whether a mail to this recipient is refused."""
        with self.lock:
            rules = [r for r in self.rules if r.kind == "refuse_mail" and re.search(r.match, recipient)]
            return any([self._counted(rule) for rule in rules])

    def _counted(self, rule: Fault) -> bool:
        rule.seen += 1
        if rule.seen <= rule.after or (rule.times is not None and rule.done >= rule.times):
            return False
        rule.done += 1
        return True


class Wire(H11Protocol):
    """HTTP as uvicorn speaks it, with the connection at hand so that it can be broken."""

    open: ClassVar[dict[tuple[str, int], Any]] = {}  # shared by all connections, by peer

    def connection_made(self, transport: Any) -> None:
        """Remember the connection by its peer."""
        super().connection_made(transport)
        self.peer = transport.get_extra_info("peername")[:2]
        Wire.open[self.peer] = transport

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        Wire.open.pop(self.peer, None)
        super().connection_lost(exc)


class Broken(Response):
    """An answer that does not arrive: nothing of it (`share` 0), or its head and part of its body."""

    def __init__(self, content: bytes, status: int, headers: dict[str, str], share: float) -> None:
        super().__init__(content, status, headers, "application/json")
        self.sent = content[: int(len(content) * share)] if share else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send what is to be sent and break the connection."""
        transport = Wire.open.get(tuple(scope["client"] or ())[:2])
        if self.sent is None:
            if transport:
                transport.abort()
            return
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": self.sent, "more_body": True})
        if transport:
            transport.close()
