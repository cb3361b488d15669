"""A report in Notion: a page for each week or month, and a row for each finding, found again and updated.

Source: developers.notion.com/reference, read 2026-11: "Versioning" (Notion-Version 2022-06-28), "Request limits" (three
requests a second, 429 with Retry-After; 100 blocks a request, 2,000 characters a text), "Status codes".
"""

import re
import time
from collections.abc import Iterator
from typing import Any

import httpx

from dashboard.report import spoken
from dashboard.report.keys import key
from dashboard.report.table import Table
from dashboard.report.week import TOP, Report
from dashboard.words import _, several
from extract.vendor import MissingRight, Refused, Unauthorised, Unreachable, VendorError
from reconcile.state import State

NAME = "notion"
URL = "https://api.notion.com/v1"
VERSION = "2022-06-28"
SHOWN = ("totals", "days", "counts", "not_invoiced", "overdue", "ageing", "by_owner", "sources")
ROWS = 50  # findings written at a time: Notion takes three requests a second
_ATTEMPTS, _LONGEST = 5, 60.0
_PAUSE = 0.34  # seconds between requests: three a second
PROPERTIES: dict[str, dict[str, Any]] = {
    "Record": {"title": {}}, "Id": {"rich_text": {}}, "Problem": {"rich_text": {}}, "Customer": {"rich_text": {}},
    "Salesperson": {"rich_text": {}}, "Amount": {"number": {}}, "Currency": {"rich_text": {}},
    "Severity": {"select": {}}, "State": {"select": {}}, "Seen in": {"rich_text": {}},
}  # fmt: skip


def says(report: Report) -> str:
    """Return in a line what would be written."""
    rows = min(ROWS, len(report.table("opened").rows)) + min(ROWS, len(report.table("fixed").rows))
    return _("A page “{title}” and {rows} findings would be written").format(title=report.period.title(), rows=rows)


def write(report: Report, page: str, store: State) -> dict[str, Any]:
    """Write the page and the findings under a page (its address or id). Refused, MissingRight or Unreachable if not."""
    parent = _id(page)
    with _Notion(key(NAME, store)) as api:
        held = f"notion:{parent}"
        known = dict(store.value(held, {}))
        known["database"] = _database(api, parent, known.get("database", ""))
        store.keep(held, known)
        known[report.period.key] = _page(api, parent, report, known.get(report.period.key, ""))
        store.keep(held, known)
        rows = list(_findings(report))
        for finding, properties in rows:
            _upsert(api, known["database"], finding, properties)
    return {"id": known[report.period.key], "says": several("A page and {count} finding written",
            "A page and {count} findings written", len(rows))}  # fmt: skip


def _id(page: str) -> str:
    found = re.findall(r"[0-9a-f]{32}", page.replace("-", "").lower())
    if not found:
        raise Refused(NAME, f'"{page}" is no Notion page: copy its address into [reports] of settings.toml', 400)
    return str(found[-1])


class _Notion:
    """Asks Notion, at its pace."""

    def __init__(self, token: str) -> None:
        headers = {"Authorization": f"Bearer {token}", "Notion-Version": VERSION}
        self.client = httpx.Client(base_url=URL, headers=headers, timeout=30)
        self.last = 0.0

    def __enter__(self) -> "_Notion":
        return self

    def __exit__(self, *gone: object) -> None:
        self.client.close()

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the answer. What Notion refuses is raised in our words."""
        for attempt in range(_ATTEMPTS):
            time.sleep(max(0.0, self.last + _PAUSE - time.monotonic()))
            try:
                reply = self.client.request(method, path, json=body)
            except httpx.HTTPError as error:
                raise Unreachable(NAME, f"Notion cannot be reached ({error}); it is tried again later") from error
            finally:
                self.last = time.monotonic()
            if reply.status_code < 400:
                return dict(reply.json())
            if reply.status_code not in (409, 429, 502, 503, 504) or attempt == _ATTEMPTS - 1:
                raise _no(reply)
            time.sleep(min(_LONGEST, float(reply.headers.get("retry-after") or 2**attempt)))
        raise AssertionError("the last attempt returns or raises")


def _no(reply: httpx.Response) -> VendorError:
    said = reply.json() if reply.headers.get("content-type", "").startswith("application/json") else {}
    text = str(said.get("message", reply.text[:200]))
    if reply.status_code == 401:
        return Unauthorised(NAME, "the key was taken back: make a new one under Notion → Integrations and enter it on "
                                  "the page Reports", 401)  # fmt: skip
    if reply.status_code == 403:
        return MissingRight(
            NAME, f"the integration may not do that: let it read, update and insert content ({text})", 403
        )
    if reply.status_code == 404:
        return Refused(
            NAME, "the page is gone or not shared: open it, choose ⋯ → Connections and add the integration", 404
        )
    if reply.status_code == 400 and "is not a property" in text:
        return Refused(NAME, f"a column of the findings was renamed ({text}): give it its name back", 400)
    if reply.status_code >= 429:
        return Unreachable(NAME, f"Notion answered {reply.status_code} ({text}); it is tried again later")
    return Refused(NAME, text, reply.status_code)


def _database(api: _Notion, parent: str, known: str) -> str:
    """Return the database of findings, made where there is none; a column that a person renamed is found by its id."""
    if known:
        try:
            held = api.ask("GET", f"/databases/{known}")
        except Refused as no:
            if no.status != 404:
                raise
        else:
            if not held.get("archived") and not held.get("in_trash"):
                lost = [name for name in PROPERTIES if name not in held["properties"]]
                if "Record" in lost:
                    raise Refused(NAME, "the column “Record” of the findings was renamed: give it its name back", 400)
                if lost:  # what a person renamed stays theirs; ours is made again
                    api.ask("PATCH", f"/databases/{known}", {"properties": {n: PROPERTIES[n] for n in lost}})
                return known
    made = api.ask("POST", "/databases", {"parent": {"type": "page_id", "page_id": parent},
                                          "title": [_text(_("Findings"))], "properties": PROPERTIES})  # fmt: skip
    return str(made["id"])


def _page(api: _Notion, parent: str, report: Report, known: str) -> str:
    """Return the page of the period, its blocks written anew; what a person wrote on it stays, below."""
    title = {"title": {"title": [_text(report.period.title())]}}
    if known:
        try:
            api.ask("PATCH", f"/pages/{known}", {"properties": title})
        except Refused as no:
            if no.status != 404 and "archived" not in str(no):
                raise
            known = ""
    if not known:
        known = str(api.ask("POST", "/pages", {"parent": {"type": "page_id", "page_id": parent},
                                               "properties": title})["id"])  # fmt: skip
    for block in _ours(api, known):
        api.ask("DELETE", f"/blocks/{block}")
    held = api.ask("PATCH", f"/blocks/{known}/children", {"children": [_synced()]})
    api.ask("PATCH", f"/blocks/{held['results'][0]['id']}/children", {"children": list(_blocks(report))})
    return known


OURS = "Cuadra"


def _synced() -> dict[str, Any]:
    """Return the one block that all of ours are in: a later run replaces it and nothing else."""
    return {"object": "block", "type": "toggle", "toggle": {"rich_text": [_text(OURS)]}}


def _ours(api: _Notion, page: str) -> list[str]:
    held = api.ask("GET", f"/blocks/{page}/children?page_size=100")
    found = []
    for block in held["results"]:
        said = block.get("toggle", {}).get("rich_text", [])
        if (
            block["type"] == "toggle"
            and said
            and said[0].get("plain_text", said[0].get("text", {}).get("content")) == OURS
        ):
            found.append(block["id"])
    return found


def _blocks(report: Report) -> Iterator[dict[str, Any]]:
    for note in spoken.notes(report):
        yield {"object": "block", "type": "callout", "callout": {"rich_text": [_text(note)]}}
    for name in SHOWN:
        found = report.table(name)
        yield {"object": "block", "type": "heading_2", "heading_2": {"rich_text": [_text(spoken.title(name))]}}
        if found.rows:
            yield _table(found)
        else:
            yield {"object": "block", "type": "paragraph", "paragraph": {"rich_text": [_text(_("Nothing."))]}}


def _table(found: Table) -> dict[str, Any]:
    lists = ("not_invoiced", "overdue")
    rows = [[spoken.heading(c) for c in spoken.columns(found)]]
    rows += spoken.lines(found, TOP if found.name in lists else 99)
    cells = [{"object": "block", "type": "table_row", "table_row": {"cells": [[_text(c)] if c else [] for c in row]}}
             for row in rows]  # fmt: skip
    return {"object": "block", "type": "table", "table": {"table_width": len(rows[0]), "has_column_header": True,
                                                          "has_row_header": False, "children": cells}}  # fmt: skip


def _findings(report: Report) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the id and the properties of what was opened or is gone, the gravest of each."""
    for name, state in (("opened", "Open"), ("fixed", "Gone")):
        for row in report.table(name).records()[:ROWS]:
            said = {
                "Problem": row["problem"], "Customer": row["customer"], "Salesperson": row["owner"],
                "Currency": row["currency"], "Seen in": report.period.title(), "Id": row["id"],
            }  # fmt: skip
            properties: dict[str, Any] = {n: {"rich_text": [_text(v)] if v else []} for n, v in said.items()}
            properties["Record"] = {"title": [_text(row["record"] or row["problem"])]}
            properties["Amount"] = {"number": None if row["amount"] is None else float(row["amount"])}
            properties["Severity"] = {"select": {"name": row["severity"]}}
            properties["State"] = {"select": {"name": state}}
            yield row["id"], properties


def _upsert(api: _Notion, database: str, finding: str, properties: dict[str, Any]) -> None:
    asked = {"filter": {"property": "Id", "rich_text": {"equals": finding}}, "page_size": 1}
    held = api.ask("POST", f"/databases/{database}/query", asked)["results"]
    if held:
        api.ask("PATCH", f"/pages/{held[0]['id']}", {"properties": properties})
    else:
        api.ask("POST", "/pages", {"parent": {"database_id": database}, "properties": properties})


def _text(said: str) -> dict[str, Any]:
    return {"type": "text", "text": {"content": said[:2000]}}
