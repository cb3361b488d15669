"""Notion and Slack over HTTP: pages and rows found again and updated, a digest of what is new or worse, once."""

import datetime as dt
import json
import threading
import uuid
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from dashboard.report import deliver, notion, period, slack, spoken, week
from dashboard.report.table import Table
from reconcile import settings as choices
from reconcile.settings import Company, Reports, Settings
from reconcile.state import State, state

LAST_WEEK = period.last("week", dt.date(2026, 11, 23))
THIS_WEEK = period.around("week", dt.date(2026, 11, 23))
PARENT = "0123456789abcdef0123456789abcdef"


def text(parts: list[dict[str, Any]]) -> str:
    return "".join(t["text"]["content"] for t in parts)


class Notion:
    """Pages, databases and blocks, with the limits of Notion's reference."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.answers: list[tuple[int, str]] = []
        self.databases: dict[str, dict[str, Any]] = {}
        self.pages: dict[str, dict[str, Any]] = {}
        self.blocks: dict[str, list[dict[str, Any]]] = {}

    def answer(self, method: str, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        self.calls.append(f"{method} {path}")
        if self.answers:
            code, said = self.answers.pop(0)
            return code, {"object": "error", "status": code, "message": said}
        _empty, kind, *rest = path.split("?")[0].split("/")
        id, what = [*rest, "", ""][:2]
        if kind == "databases":
            return self._database(method, id, what, body)
        if kind == "pages":
            return self._page(method, id, body)
        return self._block(method, id, body)

    def _database(self, method: str, id: str, what: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if method == "POST" and not id:
            assert body["parent"] == {"type": "page_id", "page_id": PARENT}
            assert list(p for p in body["properties"].values() if "title" in p) == [{"title": {}}]
            id = uuid.uuid4().hex
            self.databases[id] = {"id": id, "properties": dict(body["properties"]), "archived": False}
        if id not in self.databases:
            return 404, {"message": "Could not find database"}
        if what == "query":
            name, wanted = body["filter"]["property"], body["filter"]["rich_text"]["equals"]
            if name not in self.databases[id]["properties"]:
                return 400, {"message": f"Could not find property with name or id: {name}"}
            ours = [p for p in self.pages.values() if p["parent"].get("database_id") == id and not p["archived"]]
            found = [p for p in ours if text(p["properties"][name]["rich_text"]) == wanted]
            return 200, {"results": found, "has_more": False}
        if method == "PATCH":
            self.databases[id]["properties"] |= body["properties"]
        return 200, self.databases[id]

    def _page(self, method: str, id: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if method == "PATCH" and id not in self.pages:
            return 404, {"message": "Could not find page"}
        if method == "PATCH" and self.pages[id]["archived"]:
            return 400, {"message": "Can't edit block that is archived. You must unarchive the block before editing."}
        parent = body.get("parent") or self.pages[id]["parent"]
        if "database_id" in parent:
            known = self.databases[parent["database_id"]]["properties"]
            for name, value in body["properties"].items():
                if name not in known:
                    return 400, {"message": f"{name} is not a property that exists."}
                assert set(value) == set(known[name]), (name, value)
        id = id or uuid.uuid4().hex
        held = self.pages.setdefault(id, {"id": id, "parent": parent, "properties": {}, "archived": False})
        held["properties"] |= body["properties"]
        return 200, held

    def _block(self, method: str, id: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if method == "GET":
            return 200, {"results": self.blocks.get(id, []), "has_more": False}
        if method == "DELETE":
            for children in self.blocks.values():
                children[:] = [b for b in children if b["id"] != id]
            self.blocks.pop(id, None)
            return 200, {"id": id}
        children = body["children"]
        if len(children) > 100:
            return 400, {"message": "children length should be ≤ 100"}
        for child in children:
            rows = child.get("table", {}).get("children", [])
            assert len(rows) <= 100
            assert all(len(r["table_row"]["cells"]) == child["table"]["table_width"] for r in rows)
        made = [{**child, "id": uuid.uuid4().hex} for child in children]
        self.blocks.setdefault(id, []).extend(made)
        return 200, {"results": made}

    def rows(self) -> list[dict[str, str]]:
        """Return the findings as a reader sees them."""
        found = []
        for page in self.pages.values():
            if "database_id" in page["parent"]:
                said = {}
                for name, value in page["properties"].items():
                    texts = value.get("title", value.get("rich_text", []))
                    said[name] = "".join(t["text"]["content"] for t in texts) or str(value.get("number", ""))
                found.append(said)
        return found


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Notion, list[tuple[int, dict[str, Any]]], list[int]]]:
    """A Notion, the posts that Slack got, and the codes that Slack answers with before it takes any."""
    made, posts, codes = Notion(), [], []  # type: ignore[var-annotated]

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            raw = self.rfile.read(int(self.headers.get("content-length") or 0))
            body = json.loads(raw) if raw else {}
            if self.path == "/slack":
                code = codes.pop(0) if codes else 200
                if code == 200:
                    posts.append((code, body))
                said: Any = "ok" if code == 200 else "no_service"
            else:
                assert self.headers["notion-version"] == "2022-06-28"
                code, said = made.answer(self.command, self.path, body)
            text = said.encode() if isinstance(said, str) else json.dumps(said).encode()
            self.send_response(code)
            self.send_header("content-type", "text/plain" if isinstance(said, str) else "application/json")
            self.send_header("content-length", str(len(text)))
            if code == 429:
                self.send_header("retry-after", "0")
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = do_PATCH = do_DELETE = _answer

        def log_message(self, *said: Any) -> None:
            """Say nothing."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=http.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{http.server_port}"
    monkeypatch.setattr(notion, "URL", url)
    monkeypatch.setattr(notion, "_PAUSE", 0.0)
    monkeypatch.setenv("NOTION_TOKEN", "ntn_test")
    monkeypatch.setenv("SLACK_WEBHOOK", f"{url}/slack")
    yield made, posts, codes
    http.shutdown()
    http.server_close()


@pytest.fixture
def store(small: Path) -> State:
    return state(small)


@pytest.fixture
def told(small: Path) -> Path:
    reports = Reports(notion_page=f"https://www.notion.so/Reports-{PARENT}", address="https://cuadra.example")
    choices.save(Settings(company=Company(name="Small & Co"), reports=reports), small)
    return small


def this_week(data: Path, findings: bool = True) -> week.Report:
    """Return this week's report; its findings are those that the reconciliation of today found."""
    made = week.make(data, THIS_WEEK, choices.load(data))
    opened = week.asked.opened(data, dt.datetime(2000, 1, 1, tzinfo=dt.UTC), dt.datetime(2100, 1, 1, tzinfo=dt.UTC))
    columns = made.table("opened").columns
    rows = tuple(tuple(r.get(c.name) for c in columns) for r in opened) if findings else ()
    tables = tuple(Table("opened", columns, rows) if t.name == "opened" else t for t in made.tables)
    return made._replace(tables=tables)


@pytest.mark.capability("REPORT-2", "PLUS-11")
def test_a_second_run_updates_the_page_and_the_rows(server: Any, told: Path, store: State) -> None:
    """One page for the week with the report's own cells, one row for each finding; again: the same, no second."""
    api, _posts, _codes = server
    made = this_week(told)
    assert len(made.table("opened").rows) >= 3
    notion.write(made, f"https://www.notion.so/Reports-{PARENT}?v=1", store)
    page = next(p for p in api.pages.values() if "page_id" in p["parent"])
    toggle = api.blocks[page["id"]][0]["id"]
    tables = [b["table"] for b in api.blocks[toggle] if b["type"] == "table"]
    filled = [name for name in notion.SHOWN if made.table(name).rows]
    for name, block in zip(filled, tables, strict=True):
        head, *lines = [[text(cell) for cell in row["table_row"]["cells"]] for row in block["children"]]
        assert head == [spoken.heading(c) for c in spoken.columns(made.table(name))]
        wanted = spoken.lines(made.table(name))
        assert lines == wanted[: len(lines)] and len(lines) >= min(len(wanted), week.TOP), name
    shown = {row["Id"]: (row["Record"], row["Amount"]) for row in api.rows()}
    assert shown == {r["id"]: (r["record"], str(float(r["amount"]))) for r in made.table("opened").records()}
    before = sorted(json.dumps(r, sort_keys=True) for r in api.rows())
    assert len(before) == len(made.table("opened").rows)
    api.blocks[page["id"]].append({"id": "mine", "type": "paragraph", "paragraph": {"rich_text": []}})
    notion.write(made, PARENT, store)
    assert sorted(json.dumps(r, sort_keys=True) for r in api.rows()) == before
    assert len(api.databases) == 1 and sum("page_id" in p["parent"] for p in api.pages.values()) == 1
    blocks = [b["type"] for b in api.blocks[page["id"]]]
    assert sorted(blocks) == ["paragraph", "toggle"], "what a person wrote stays, ours is there once"


def test_a_column_that_a_person_renamed(server: Any, told: Path, store: State) -> None:
    """One of ours is made again beside theirs; the title, of which there is one, says what to do."""
    api, _posts, _codes = server
    notion.write(this_week(told), PARENT, store)
    (database,) = api.databases.values()
    database["properties"]["Importe"] = database["properties"].pop("Amount")
    notion.write(this_week(told), PARENT, store)
    assert {"Importe", "Amount"} <= set(database["properties"])
    database["properties"]["Registro"] = database["properties"].pop("Record")
    done = deliver.deliver(told, LAST_WEEK, ["notion", "csv"], "test", out=told)
    assert "“Record” of the findings was renamed" in done[0].says and done[0].state == "refused"
    assert done[1].state == "written"


def test_what_was_thrown_away_is_made_again(server: Any, told: Path, store: State) -> None:
    api, _posts, _codes = server
    notion.write(this_week(told), PARENT, store)
    for held in (*api.databases.values(), *api.pages.values()):
        held["archived"] = True
    notion.write(this_week(told), PARENT, store)
    assert sum(not d["archived"] for d in api.databases.values()) == 1
    assert sum(not p["archived"] and "page_id" in p["parent"] for p in api.pages.values()) == 1


@pytest.mark.parametrize(
    ("code", "says"),
    [(401, "key was taken back"), (403, "insert content"), (404, "choose ⋯ → Connections"), (429, "later")],
)
def test_what_notion_refuses_says_what_to_do_and_the_others_go_out(
    server: Any, told: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, says: str
) -> None:
    api, _posts, _codes = server
    monkeypatch.setattr(notion, "_LONGEST", 0.0)
    api.answers = [(code, "no")] * 9
    done = deliver.deliver(told, LAST_WEEK, ["notion", "csv"], "test", out=tmp_path)
    assert says in done[0].says and not done[0].is_well and done[1].state == "written"
    api.answers = []
    assert deliver.deliver(told, LAST_WEEK, ["notion"], "test")[0].state == "done"


def test_a_pause_that_notion_asks_for_is_taken(server: Any, told: Path, store: State) -> None:
    api, _posts, _codes = server
    api.answers = [(429, "rate limited")]
    assert notion.write(week.make(told, LAST_WEEK, choices.load(told)), PARENT, store)["id"]


def test_slack_hears_what_is_new_or_worse_once(server: Any, told: Path) -> None:
    """Overdue went up by nothing, what is not invoiced did; the second run posts nothing."""
    _api, posts, _codes = server
    assert deliver.deliver(told, LAST_WEEK, ["slack"], "test")[0].state == "done"
    assert deliver.deliver(told, LAST_WEEK, ["slack"], "test")[0].state == "found"
    ((_code, body),) = posts
    assert "*Small &amp; Co: Week of 16 Nov 2026 to 22 Nov 2026*" in body["text"]
    assert "Won and not invoiced: €500.00, €200.00 more than before" in body["text"]
    assert "<https://cuadra.example|Open in Cuadra>" in body["text"]


def test_a_digest_names_the_new_problems_and_is_silent_where_nothing_is(
    server: Any, told: Path, store: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    _api, posts, _codes = server
    lines = slack.digest(this_week(told))
    assert any(line.startswith("• ") and "FV-2026-104" in line for line in lines)
    quiet = this_week(told, findings=False)
    keep = {"totals", "sources"}
    tables = tuple(t._replace(rows=()) if t.name in keep else t for t in quiet.tables)
    said = slack.send(quiet._replace(tables=tables), choices.load(told), store)
    assert "nothing was posted" in said["says"] and posts == []


@pytest.mark.parametrize(
    ("code", "state_", "says"),
    [(404, "refused", "make a new one in Slack"), (429, "later", "429"), (500, "doubt", "may have been posted")],
)
def test_what_slack_refuses_and_what_nobody_knows(server: Any, told: Path, code: int, state_: str, says: str) -> None:
    """A no may go again once mended; after a 500 nobody knows, and nothing is posted twice."""
    _api, posts, codes = server
    codes.append(code)
    (done,) = deliver.deliver(told, LAST_WEEK, ["slack"], "test")
    assert (done.state, says in done.says) == (state_, True)
    again = deliver.deliver(told, LAST_WEEK, ["slack"], "test")[0].state
    assert (again, len(posts)) == (("doubt", 0) if code == 500 else ("done", 1))
