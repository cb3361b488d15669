"""A vendor behind a real HTTP server that can misbehave."""

import datetime as dt
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography.fernet import Fernet

from extract.model import CustomerDraft, TaskDraft
from extract.vendor import Vendor
from reconcile.action import Plan, Subject, perform, registry
from reconcile.state import State, engine
from reconcile.vault import Vault


class Till:
    """A server that keeps what was created, each posting a new record; `faults` say how the next ones go wrong."""

    def __init__(self) -> None:
        self.made: list[dict[str, Any]] = []
        self.calls: list[str] = []
        self.faults: list[str] = []  # 400 | 500 | lost | slow: one for each coming write
        self.hold = threading.Event()
        till = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: Any) -> None:
                pass

            def do_GET(self) -> None:
                till.calls.append("GET")
                self._answer(200, till.made)

            def do_POST(self) -> None:
                till.calls.append("POST")
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                fault = till.faults.pop(0) if till.faults else ""
                if fault in ("400", "500", "429"):
                    return self._answer(int(fault), {"error": f"fault {fault}"})
                if fault == "slow":
                    till.hold.wait(10)
                till.made.append(body | {"id": str(len(till.made) + 1)})
                if fault == "lost":  # it is done, and nobody hears of it
                    self.close_connection = True
                    return None
                return self._answer(200, till.made[-1])

            def _answer(self, status: int, body: Any) -> None:
                content = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


class TillVendor(Vendor):
    """The till as a vendor: keeps tasks and customers without looking for doubles itself."""

    base_url = "http://127.0.0.1"

    def _find(self, key: str) -> dict[str, Any] | None:
        return next((m for m in self.get("/") if m["key"] == key), None)

    def find_task(self, draft: TaskDraft) -> dict[str, Any] | None:
        return self._find(draft.key)

    def create_task(self, draft: TaskDraft) -> dict[str, Any]:
        return self.write("POST", "/", json={"key": draft.key, "subject": draft.subject})

    def find_customer(self, draft: CustomerDraft) -> dict[str, Any] | None:
        return self._find(draft.key)


def a_plan() -> Plan:
    """The plan of one task."""
    due = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
    subject = Subject(table="deals", vendor="hubspot", id="501")
    return registry()["create_task"].plan(subject, "till", "call:501", "Call", "why", due)


def press(url: str, database: str) -> str:
    """Perform that plan, in a process of its own, and return how it ended."""
    store = State(engine(database), Vault(Fernet.generate_key().decode()))
    return perform(a_plan(), TillVendor(name="till", base_url=url), store, "ana", wait=20).state
