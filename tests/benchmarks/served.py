"""Servers of pages in processes of their own: the product's, and the bare peer's."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import httpx
import psutil

ROOT = Path(__file__).resolve().parents[2]
PRODUCT, BARE = "dashboard.app:asgi", "bare_page:asgi"


class Server(NamedTuple):
    """Where it answers, and its process."""

    url: str
    process: psutil.Process

    def memory(self) -> float:
        """Return what the process holds of its own, in MB."""
        return self.process.memory_full_info().uss / 2**20


@contextmanager
def serving(app: str, data: Path | None = None) -> Iterator[Server]:
    """Serve an application as `cuadra serve` does, the data folder `data` if it is ours; yields when it answers."""
    said = {
        "STREAMLIT_BROWSER_GATHER_USAGE_STATS": "false", "STREAMLIT_SERVER_FILE_WATCHER_TYPE": "none",
        "PYTHONPATH": f"{ROOT}:{ROOT / 'tests' / 'benchmarks'}",
    } | ({"CUADRA_DATA": str(data)} if data else {})  # fmt: skip
    with socket.create_server(("127.0.0.1", 0)) as heard:
        port, fd = heard.getsockname()[1], heard.fileno()
        command = [sys.executable, "-m", "uvicorn", app, "--fd", str(fd), "--log-level", "warning"]
        command += ["--ws-per-message-deflate", "false", "--no-access-log"]
        process = subprocess.Popen(command, cwd=ROOT, env=os.environ | said, pass_fds=(fd,))
    with process:
        try:
            _answers(f"http://127.0.0.1:{port}")
            yield Server(f"http://127.0.0.1:{port}", psutil.Process(process.pid))
        finally:
            process.terminate()


def _answers(url: str) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            if httpx.get(f"{url}/_stcore/health", timeout=2).is_success:
                return
        except httpx.HTTPError:
            time.sleep(0.1)
    raise TimeoutError(url)
