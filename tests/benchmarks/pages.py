"""Measure how long pages take in Chromium beside a bare Streamlit page, in small and big companies; print one table.

python tests/benchmarks/pages.py FOLDER [--data DIR] [--draws N] [--only 100000] [--skip-crowd]

FOLDER holds the labelled data of 100,000 deals; beside it stands one of 10,000, and ten copies of it are 1,000,000.
They are reconciled first, into DIR where it has no books yet; that is not measured. The bare page has one Plotly chart
and one choice; it is served by the same Streamlit and drawn in turn with ours. A draw is a fresh browser profile:
nothing is in its cache. What takes a click is measured in the browser, from the click until the page is still.
"""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import books
import crowd
from playwright.sync_api import Browser, Page, sync_playwright
from served import BARE, PRODUCT, Server, serving

CHROMIUM = next((p for p in ("/usr/bin/chromium", "/usr/bin/google-chrome") if Path(p).exists()), None)
SIZES = {10_000: ("10k", 1), 100_000: ("100k", 1), 1_000_000: ("100k", 10)}  # labelled folder, copies of it
PEOPLE = 10
# Ours: until the headline and the main chart are there. Theirs: until the chart is.
DRAWN = {"ours": "[data-testid=stMain] h2 >> nth=0", "bare": "[data-testid=stMain] h1 >> nth=0"}
CHART = {"ours": ".st-key-flow .main-svg .sankey-link", "bare": ".st-key-chart .main-svg .trace"}
PAGES = (
    "to-fix", "deals", "quotes", "reconciliation", "quality", "sales", "receivables", "bridge", "customer", "value",
    "reports", "archive", "automations", "connections", "fields", "import", "activity", "setup", "settings", "help",
    "week",
)  # fmt: skip
# Run before a page's own scripts: notes when something was last said on its wire.
LISTEN = """const Wire = window.WebSocket;
window.said = {sent: 0, heard: 0};
window.WebSocket = class extends Wire {
  constructor(...given) {
    super(...given);
    this.addEventListener("message", () => { window.said.heard = performance.now(); });
  }
  send(what) { window.said.sent = performance.now(); super.send(what); }
};"""
# The milliseconds from the click until the last change of the page that the answer made. Plotly's half second of moving
# the bands of a flow from their old place to the new is not counted: labels and amounts are there by then. Nor are the
# cells inside a table's canvas, which nobody sees: they are for screen readers, and the grid writes them 200 ms after
# it has drawn the table, on purpose.
CLICK = """(element) => new Promise((done, fail) => {
  const app = document.querySelector("[data-testid=stApp]"), begun = performance.now();
  let changed = 0;
  const moves = (m) => (m.type === "attributes" && m.target.closest(".sankey")) ||
    (m.target.closest ? m.target : m.target.parentElement)?.closest("canvas");
  const watch = new MutationObserver((told) => { if (!told.every(moves)) changed = performance.now(); });
  watch.observe(document.querySelector("[data-testid=stMain]"), {subtree: true, childList: true, attributes: true,
                                                               characterData: true});
  const look = setInterval(() => {
    const {sent, heard} = window.said, now = performance.now();
    const quiet = now - Math.max(sent, heard, changed) > 600 && app.dataset.testScriptState === "notRunning";
    if (now - begun > 300000) { clearInterval(look); fail(new Error("no answer in 300 s")); }
    if (!(quiet && sent >= begun && heard > sent && changed > sent)) return;
    clearInterval(look); watch.disconnect(); done(changed - begun);
  }, 50);
  element.click();
})"""


class Line(NamedTuple):
    """One row of the table; `ratio` is what the goal is about."""

    what: str
    here: str
    beside: str
    ratio: float | None
    goal: float


def main() -> None:
    """Make the books, measure each size, print the table."""
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("folder", type=Path)
    ap.add_argument("--data", type=Path, help="folder to keep the books in")
    ap.add_argument("--draws", type=int, default=7, help="draws of each page, of which the median counts")
    ap.add_argument("--only", type=int, choices=SIZES, action="append", help="measure this number of deals alone")
    ap.add_argument("--skip-crowd", action="store_true", help="leave ten people at once out")
    args = ap.parse_args()
    lines: list[Line] = []
    seen: dict[int, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as made, serving(BARE) as bare:
        for size in args.only or SIZES:
            place = _books(args.folder, size, args.data or Path(made))
            print(f"{size:,} deals; load {os.getloadavg()[0]:.1f}", flush=True)
            with serving(PRODUCT, place) as ours, _browser() as browser:
                lines += _drawn(browser, ours, bare, size, args.draws)
                lines += _clicked(browser, ours, bare, size, args.draws)
                seen[size] = _each_page(browser, ours)
            if not args.skip_crowd:
                lines += _crowd(place, bare, size)
    lines += _grown(seen)
    _table(lines)


def _books(folder: Path, size: int, into: Path) -> Path:
    name, copies = SIZES[size]
    source, place = folder.parent / name, into / f"{size}"
    if copies > 1 and not (place / "warehouse.duckdb").exists():
        source = books.many(source, copies, into / f"labelled-{size}")
    books.make(source, place)
    return place


@contextmanager
def _browser() -> Iterator[Browser]:
    with sync_playwright() as play:
        opened = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield opened
        opened.close()


@contextmanager
def _tab(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-GB")
    context.add_init_script(LISTEN)
    tab = context.new_page()
    tab.set_default_timeout(60_000)
    yield tab
    assert not tab.locator("[data-testid=stException]").count(), tab.url
    context.close()


def _draw(browser: Browser, server: Server, of: str) -> float:
    with _tab(browser) as tab:
        begun = time.perf_counter()
        tab.goto(server.url, wait_until="commit")
        tab.wait_for_selector(CHART[of], state="attached")
        tab.wait_for_selector(DRAWN[of])
        return time.perf_counter() - begun


def _drawn(browser: Browser, ours: Server, bare: Server, size: int, draws: int) -> list[Line]:
    first = _draw(browser, ours, "ours")  # nothing was asked of the warehouse yet
    _draw(browser, bare, "bare")
    took = [(_draw(browser, ours, "ours"), _draw(browser, bare, "bare")) for _ in range(draws)]
    here, there = (statistics.median(side) for side in zip(*took, strict=True))
    what = f"{size:,} deals: This week first drawn"
    print(f"  {what} {here:.2f} s, bare page {there:.2f} s; the very first after the start {first:.2f} s", flush=True)
    return [Line(what, f"{here:.2f} s", f"{there:.2f} s", here / there, 1.5)]


def _settled(tab: Page) -> None:
    """Wait until Streamlit has nothing to do and nothing is still being fetched."""
    tab.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]")
    tab.wait_for_selector("[data-testid=stMain] h1")
    tab.wait_for_timeout(700)


def _click(tab: Page, selector: str, at: int = 0) -> float:
    taken: float = tab.locator(selector).nth(at).evaluate(CLICK)
    return taken


# Where a filter is clicked: the page, the choices, and how many of them are asked for the first time in turn.
FILTERS = {
    "week": ("", ".st-key-week-currency button"),
    "to-fix": ("to-fix", ".st-key-fix-severity button"),
    "receivables": ("receivables", ".st-key-receivables-age button"),
}


def _clicked(browser: Browser, ours: Server, bare: Server, size: int, draws: int) -> list[Line]:
    lines = []
    with _tab(browser) as beside:
        beside.goto(bare.url)
        _settled(beside)
        for name, (path, selector) in FILTERS.items():
            with _tab(browser) as tab:
                tab.goto(f"{ours.url}/{path}")
                _settled(tab)
                tab.locator(selector).first.wait_for()
                many, took = tab.locator(selector).count(), []
                for n in range(max(draws, many)):
                    took.append((_click(tab, selector, (n + 1) % many),
                                 _click(beside, ".st-key-choice button", (n + 1) % 6)))  # fmt: skip
            here, there = (statistics.median(side) for side in zip(*took, strict=True))
            worst = max(h for h, _t in took)
            what = f"{size:,} deals: a filter on {name}"
            print(f"  {what} {here:.0f} ms, bare page {there:.0f} ms; the slowest of {len(took)} {worst:.0f} ms",
                  flush=True)  # fmt: skip
            lines.append(Line(what, f"{here:.0f} ms", f"{there:.0f} ms", here / there, 2.5))
    return lines


def _each_page(browser: Browser, ours: Server) -> dict[str, float]:
    """Return the milliseconds of each page of the navigation, opened by a click: the first time, and the third."""
    found: dict[str, list[float]] = {}
    with _tab(browser) as tab:
        tab.goto(f"{ours.url}/help")
        _settled(tab)
        for _ in range(3):
            for name in PAGES:
                link = "" if name == "week" else name
                found.setdefault(name, []).append(_click(tab, f'[data-testid=stSidebarNavLink][href$="/{link}"]'))
                assert not tab.locator("[data-testid=stException]").count(), name
    told = {
        "first": {n: t[0] for n, t in found.items()},
        "again": {n: statistics.median(t[1:]) for n, t in found.items()},
    }
    for name in PAGES:
        print(f"  {name:15} {told['first'][name]:6.0f} ms, again {told['again'][name]:6.0f} ms", flush=True)
    return told["first"] | {f"{name}, again": ms for name, ms in told["again"].items()}


def _grown(seen: dict[int, dict[str, float]]) -> list[Line]:
    """Return how much longer the slowest-growing page takes in the bigger companies than in the smallest."""
    sizes = sorted(seen)
    lines = []
    for size in sizes[1:]:
        ratio, name = max((seen[size][name] / seen[sizes[0]][name], name) for name in seen[size])
        lines.append(Line(f"{size:,} deals: the page that grew most ({name})", f"{seen[size][name]:.0f} ms",
                          f"{seen[sizes[0]][name]:.0f} ms at {sizes[0]:,}", ratio, 3.0))  # fmt: skip
    return lines


def _crowd(place: Path, bare: Server, size: int) -> list[Line]:
    """Return ten people beside one, on a server of their own: they click a filter on This week again and again."""
    lines, megabytes = [], 0.0
    with serving(PRODUCT, place) as ours:
        for pause, how in ((1.0, "each a second after their answer"), (0.0, "all without a pause")):
            told: dict[str, tuple[crowd.Told, crowd.Told]] = {}
            for name, server, label in (("ours", ours, "Currency"), ("bare", bare, "Choice")):
                told[name] = (crowd.click(server, 1, pause, label), crowd.click(server, PEOPLE, pause, label))
            (one, ten), (bare_one, bare_ten) = told["ours"], told["bare"]
            what = f"{size:,} deals: {PEOPLE} people, {how}"
            said = [f"{each.median * 1000:.0f} ms" for each in (ten, one, bare_ten, bare_one)]
            print(
                f"  {what}: {said[0]}, one {said[1]}, {ten.errors} errors; bare page {said[2]}, one {said[3]}",
                flush=True,
            )
            lines.append(Line(what, said[0], f"{said[1]} alone", ten.median / one.median, 3.0))
            megabytes = max(megabytes, ten.megabytes)
            assert not ten.errors, what
        lines.append(Line(f"{size:,} deals: memory of a session, MB", f"{megabytes:.1f}", "", megabytes, 60.0))
    return lines


def _table(lines: list[Line]) -> None:
    print(f"\n{'':62} {'here':>10} {'beside':>20} {'ratio':>7} {'goal':>6}")
    for line in lines:
        kept = "" if line.ratio is None or line.ratio <= line.goal else "  missed"
        ratio = "" if line.ratio is None else f"{line.ratio:7.2f}"
        print(f"{line.what:62} {line.here:>10} {line.beside:>20} {ratio} {line.goal:6.1f}{kept}")


if __name__ == "__main__":
    main()
