"""A server that keeps what it is sent, and can misbehave."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple


class Got(NamedTuple):
    """A request: path, headers with lower-case names, body."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Server:
    """Keeps requests; `answers` say how the next ones go wrong: a status, or "lost" for no answer at all."""

    def __init__(self) -> None:
        self.got: list[Got] = []
        self.answers: list[int | str] = []
        self.headers: dict[str, str] = {}
        ours = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: Any) -> None:
                pass

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                ours.got.append(Got(self.path, {k.lower(): v for k, v in self.headers.items()}, body))
                answer = ours.answers.pop(0) if ours.answers else 200
                if answer == "lost":
                    self.close_connection = True
                    return
                self.send_response(int(answer))
                for name, value in ours.headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", "2")
                self.end_headers()
                self.wfile.write(b"ok")

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        self.port = self.http.server_port
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self.http.shutdown()
        self.http.server_close()
