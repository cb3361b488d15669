"""A vendor's tape: replayed exchanges, the rows they must become, and the writes with their answers.

    {"credentials": {...}, "options": {...}, "time_zone": "Europe/Madrid", "now": "2026-11-20T09:00:00+00:00",
     "runs":     [{"says": ..., "since": null, "exchanges": [...], "rows": {"deals": [...]}, "rejects": [...],
                   "silent": [["deals", "502"]]}],
     "check":    {"exchanges": [...], "connected": {...}},
     "refusals": [{"says": ..., "exchanges": [...], "raises": "MissingRight", "text": "..."}],
     "writes":   [{"says": ..., "call": "update_deal", "args": [...], "exchanges": [...], "answer": {...}}],
     "spec":     "hubspot.openapi.json",  # where it is not <name>.openapi.json; null: the vendor publishes none
     "unspecified": ["/v1/payouts"]}      # paths its description leaves out

An exchange is {"request": {"method", "path", "query", "json" or "form", "headers"}, "reply": {"status", "json" or
"text", "headers"}}; method GET, status 200 and the empty parts may be left out. A query or form is {name: text}.
A vendor with one run may put its "exchanges" and "rows" at the top.
"""

import copy
import datetime as dt
import importlib
import json
from collections.abc import Callable
from contextlib import nullcontext
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

import httpx
import msgspec

from extract import model
from extract.bulk import Columns, typed
from extract.model import TABLES, Draft, columns
from extract.store import MAPPING_ERRORS
from extract.vendor import Vendor, registry

FOLDER = Path(__file__).parent / "vendors"
NOW = "2026-11-20T09:00:00+00:00"  # when tapes are played, unless they say otherwise
Handler = Callable[[httpx.Request], httpx.Response]


class Tape:
    """One vendor's file, and the vendor it speaks of."""

    def __init__(self, name: str) -> None:
        self.name, self.said = name, json.loads((FOLDER / f"{name}.json").read_text())
        self.runs = self.said.get("runs") or ([self.said] if "exchanges" in self.said else [])
        self.writes, self.refusals = self.said.get("writes", []), self.said.get("refusals", [])

    @property
    def spec(self) -> str | None:
        """The file of the vendor's API description."""
        return self.said.get("spec", f"{self.name}.openapi.json")

    @property
    def exchanges(self) -> list[dict[str, Any]]:
        """All exchanges of the tape."""
        parts = [*self.runs, *self.writes, *self.refusals, *([self.said["check"]] if "check" in self.said else [])]
        return [e for part in parts for e in part["exchanges"]]

    def vendor(self, handler: Handler) -> Vendor:
        """Return the vendor, its wire replaced by `handler`."""
        client = httpx.Client(transport=httpx.MockTransport(handler), follow_redirects=True)
        made = registry()[self.name](
            self.said.get("credentials", {}),
            options=self.said.get("options"),
            currency=self.said.get("currency"),
            time_zone=self.said.get("time_zone", "UTC"),
            client=client,
        )
        made.pace = lambda path: nullcontext()  # type: ignore[method-assign]
        made.now = lambda: dt.datetime.fromisoformat(self.said.get("now", NOW))  # type: ignore[method-assign]
        return made


class Replay:
    """Answers requests from exchanges: each with the first unused one that fits, as streams are read side by side."""

    def __init__(self, exchanges: list[dict[str, Any]]) -> None:
        self.left, self.seen = list(exchanges), []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Return the reply to a request; AssertionError where the tape has none."""
        asked = asked_of(request)
        for at, exchange in enumerate(self.left):
            if wanted_of(exchange["request"]) == asked | {"headers": {}}:
                missing = exchange["request"].get("headers", {}).items() - dict(request.headers).items()
                assert not missing, f"{asked['method']} {asked['path']} lacks the headers {missing}"
                del self.left[at]
                reply = reply_of(exchange, request)
                self.seen.append((request, reply))
                return reply
        near = [wanted_of(e["request"]) for e in self.left if e["request"]["path"] == asked["path"]]
        raise AssertionError(f"the tape has no answer to {asked}; on this path it expects {near}")


def asked_of(request: httpx.Request) -> dict[str, Any]:
    """Return a request as an exchange says it."""
    content, sent = request.content, request.headers.get("content-type", "").partition(";")[0]
    asked: dict[str, Any] = {"method": request.method, "path": request.url.path}
    asked["query"] = dict(parse_qsl(request.url.query.decode(), keep_blank_values=True))
    if "json" in sent:
        asked["json"] = json.loads(content)
    elif sent == "application/x-www-form-urlencoded":
        asked["form"] = dict(parse_qsl(content.decode(), keep_blank_values=True))
    return asked


def wanted_of(request: dict[str, Any]) -> dict[str, Any]:
    """Return the request of an exchange with its defaults."""
    return {"method": "GET", "query": {}} | request | {"headers": {}}


def reply_of(exchange: dict[str, Any], request: httpx.Request) -> httpx.Response:
    """Return the reply of an exchange."""
    said = exchange["reply"]
    content = (
        said["text"].encode() if "text" in said else b"" if "json" not in said else json.dumps(said["json"]).encode()
    )
    headers = {"content-type": "text/plain" if "text" in said else "application/json"} | said.get("headers", {})
    return httpx.Response(said.get("status", 200), content=content, headers=headers, request=request)


class Brought(NamedTuple):
    """What a run brings: rows by table, typed, without nulls; rejects; items that mean no row (archived ones)."""

    rows: dict[str, list[dict[str, Any]]]
    rejects: list[dict[str, str]]
    silent: list[list[str]]


def read(vendor: Vendor, since: str | None) -> Brought:
    """Return what a run brings, as the store would take it.

    Items are mapped by a connection that never spoke to the vendor: raw files must be enough to rebuild from.
    """
    mapper = type(vendor)(vendor.credentials, options=vendor.chosen, time_zone=vendor.zone.key)
    rows: dict[str, dict[str, dict[str, Any]]] = {}
    rejects, silent = [], []
    for kind, sent in vendor.fetch(since and dt.datetime.fromisoformat(since)):
        item = stored(sent)
        before = copy.deepcopy(item)
        try:
            found = list(mapper.rows(kind, item))
        except MAPPING_ERRORS as error:
            rejects.append({"kind": kind, "id": vendor.key(kind, item), "field": str(error.args[0])})
            continue
        assert item == before, f"mapping changed the {kind} {vendor.key(kind, item)}"
        again = list(mapper.rows(kind, item))
        assert found == again, f"mapping {kind} twice gave two answers"
        if not found:
            silent.append([kind, vendor.key(kind, item)])
        for table, row in found:
            unknown = row.keys() - {c.name for c in columns(table)}
            assert not unknown, f"{table} has no column {unknown}"
            (one,), misfits = typed_rows(table, [row], vendor)
            rejects += [{"kind": kind, "id": vendor.key(kind, item), "field": f} for f in misfits]
            if not misfits:
                rows.setdefault(table, {})[one["id"]] = one
    return Brought({table: list(found.values()) for table, found in rows.items()}, rejects, sorted(silent))


def stored(item: dict[str, Any]) -> dict[str, Any]:
    """Return an item as it comes back from a raw file."""
    return msgspec.json.Decoder(float_hook=Decimal).decode(msgspec.json.Encoder(decimal_format="number").encode(item))


def typed_rows(table: str, rows: list[dict[str, Any]], vendor: Vendor) -> tuple[list[dict[str, Any]], list[str]]:
    """Return rows with their values typed, nulls left out, and the fields that do not fit."""
    frame, misfits = typed(Columns(table, [row | {"vendor": vendor.name} for row in rows]), vendor.zone.key)
    plain = [{k: v for k, v in row.items() if v is not None and k != "vendor"} for row in frame.to_dicts()]
    return plain, [f"{table}.{m.field}" for m in misfits]


def draft_of(value: Any) -> Any:
    """Return an argument of a write: {"InvoiceDraft": {...}} is that draft, {"date": ...} a date."""
    if isinstance(value, dict) and len(value) == 1:
        ((name, inner),) = value.items()
        if isinstance(kind := getattr(model, name, None), type) and issubclass(kind, Draft):
            return kind.model_validate(inner)
        if name in ("date", "Decimal"):
            module = importlib.import_module({"date": "datetime", "Decimal": "decimal"}[name])
            return module.date.fromisoformat(inner) if name == "date" else module.Decimal(inner)
    if isinstance(value, dict):
        return {k: draft_of(v) for k, v in value.items()}
    return value


def answer_of(value: Any, vendor: Vendor) -> Any:
    """Return what a write answered, comparable with a tape."""
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json", exclude_none=True)
    if isinstance(value, dict):
        return {k: str(v) for k, v in value.items() if v is not None}
    return value.decode() if isinstance(value, bytes) else value


def tables_of(rows: dict[str, Any]) -> list[str]:
    """Return the tables of a tape that do not exist."""
    return [t for t in rows if t not in TABLES]
