"""What passes between a request and an answer: the call as received, the reply, a refusal in a vendor's own shape."""

import base64
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

import msgspec
from starlette.datastructures import Headers, QueryParams

ZONE = ZoneInfo("Europe/Madrid")  # where the invented company lives: its day begins before that of a server in UTC


def today() -> date:
    """Return the day that it is where the company lives."""
    return datetime.now(ZONE).date()


@dataclass(frozen=True)
class Call:
    """One request. `path` holds the values of the route's variables."""

    method: str
    url: str
    query: QueryParams
    headers: Headers
    body: bytes
    path: dict[str, str] = field(default_factory=dict)

    def json(self) -> Any:
        """Return the body as JSON. Raises `msgspec.DecodeError`."""
        return msgspec.json.decode(self.body or b"{}")

    def form(self) -> dict[str, str]:
        """Return the body as a plain form."""
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))

    def token(self) -> str:
        """Return the bearer token, or the user name of basic authentication."""
        kind, _, value = self.headers.get("authorization", "").partition(" ")
        if kind.lower() == "basic":
            return base64.b64decode(value).decode().partition(":")[0]
        return value if kind.lower() == "bearer" else ""


@dataclass
class Reply:
    """An answer; `body` becomes JSON unless it is bytes already."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    media: str = "application/json;charset=utf-8"


class Refused(Exception):
    """The vendor says no: carries the answer to give."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(str(reply.body))
        self.reply = reply


class Clock:
    """The sandbox's time: the machine's, moved by whole days so that its date is the company's today at the start."""

    def __init__(self, begins: date) -> None:
        self.shift = timedelta(days=(begins - today()).days)

    def now(self) -> datetime:
        """Return the instant it is in the sandbox."""
        return datetime.now(UTC) + self.shift

    def today(self) -> date:
        """Return the company's day at that instant."""
        return self.now().astimezone(ZONE).date()

    def unix(self) -> int:
        """Return the same in whole seconds."""
        return int(self.now().timestamp())


@dataclass
class Settings:
    """What can be tuned while it runs (`POST /sandbox/settings`): rates in calls, and how late searches see writes."""

    hubspot_per_10s: int = 100_000
    hubspot_search_per_s: int = 1_000
    hubspot_search_lag_s: float = 0.0
    hubspot_token_life_s: float = 1800.0
    stripe_has_sigma: bool = False
    stripe_has_reports: bool = True
    stripe_per_s: int = 100_000
    stripe_search_lag_s: float = 0.0
