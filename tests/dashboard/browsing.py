"""The pages served and opened in a real browser, as tests that look at them share it."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import TimeoutError as NotInTime

ROOT = Path(__file__).resolve().parents[2]
PICTURES = ROOT / "build" / "pages"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
SIZES = {"desk": (1440, 900), "phone": (400, 850)}
SLOW = 90_000  # ms: a loaded machine is no failure


@contextmanager
def served(data: Path, **said: str) -> Iterator[str]:
    """Serve the pages of a data folder as users get them, with more of the environment `said`; yields their address."""
    with socket.create_server(("127.0.0.1", 0)) as heard:  # handed over open: nobody can take the port in between
        port, fd = heard.getsockname()[1], heard.fileno()
        command = [sys.executable, "-m", "uvicorn", "dashboard.app:asgi", "--fd", str(fd), "--log-level", "warning"]
        process = subprocess.Popen(
            command, cwd=ROOT, env=os.environ | {"CUADRA_DATA": str(data)} | said, pass_fds=(fd,)
        )
    with process:
        try:
            _answers(f"http://127.0.0.1:{port}")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def _answers(url: str) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            if httpx.get(f"{url}/_stcore/health", timeout=2).is_success:
                return
        except httpx.HTTPError:
            time.sleep(0.2)
    raise TimeoutError(url)


def look(browser: Any, url: str, size: str, **context: Any) -> Any:
    """Open an address and wait until it is drawn; requests to other machines fail the test."""
    width, height = SIZES[size]
    tab = browser.new_context(viewport={"width": width, "height": height}, **({"locale": "en-GB"} | context)).new_page()
    tab.set_default_timeout(SLOW)
    strangers: list[str] = []
    tab.on(
        "request",
        lambda r: strangers.append(r.url) if not r.url.startswith(("http://127.0.0.1", "data:", "blob:")) else None,
    )
    tab.strangers = strangers
    tab.goto(url)
    settled(tab)
    return tab


def settled(tab: Any) -> None:
    """Wait until Streamlit has nothing left to do."""
    tab.wait_for_selector("[data-testid=stMain] h1")
    calm = 0
    while calm < 4:
        busy = tab.locator("[data-testid=stStatusWidget], [data-testid=stSkeleton], .stSpinner").count()
        calm = 0 if busy else calm + 1
        tab.wait_for_timeout(250)


def tick(tab: Any, key: str, row: int, shows: Any) -> None:
    """Tick a row (from 0) of the table whose key begins so until the page `shows` more; a second click would untick it.

    A click is made again only where the table was not drawn yet when the first one came. It is made on the table, not
    at a place of the screen: there the page's head may lie above the row, as where a phone had to scroll.
    """
    table = tab.locator(f"[class*=st-key-{key}]").get_by_test_id("stDataFrame").first
    for _ in range(6):
        table.click(position={"x": 16, "y": 35 * (row + 1) + 17})
        with suppress(NotInTime):
            shows.first.wait_for(timeout=15_000)
            settled(tab)
            return
    raise AssertionError(f"no row of {key} was ticked")


def picture(tab: Any, name: str) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    tab.screenshot(path=PICTURES / f"{name}.png", full_page=True)
