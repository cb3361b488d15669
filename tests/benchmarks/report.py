"""Render the weekly and the monthly report of a big company by every channel; print time, memory and calls.

python tests/benchmarks/report.py FOLDER [--data DIR]

FOLDER holds labelled deals, invoices and payments. They are reconciled first, into DIR where it has no books yet; that
is not measured. Google is replaced by a counter of its calls; Notion and Slack by what would be sent to them. Every
finding counts as new, as in a company's first week.
"""

import argparse
import datetime as dt
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import books

sys.path.insert(0, str(Path(__file__).parents[2]))

from dashboard.read import report as asked
from dashboard.report import lists, mail, notion, pdf_service, period, sheets, slack, week, xlsx
from reconcile import settings as choices
from reconcile.settings import Settings
from reconcile.state import state

SHEET = "1aBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789abcd"


def main() -> None:
    """Make the books where there are none, render in a process of its own."""
    ap = argparse.ArgumentParser(description=__doc__)
    ap.add_argument("folder", type=Path)
    ap.add_argument("--data", type=Path, help="data folder to use and keep")
    ap.add_argument("--render", action="store_true", help=argparse.SUPPRESS)
    args = ap.parse_args()
    os.environ["CUADRA_TODAY"] = json.loads((args.folder / "meta.json").read_text("utf-8"))["today"]
    if args.render:
        _render(args.data)
        return
    with tempfile.TemporaryDirectory() as made:
        data = args.data or Path(made)
        books.make(args.folder, data)
        command = [sys.executable, __file__, str(args.folder), "--data", str(data), "--render"]
        raise SystemExit(subprocess.run(command, check=False).returncode)


class Google:
    """Takes what gspread's client would send, as bytes, and counts the calls."""

    def __init__(self) -> None:
        self.calls, self.sent = 0, 0

    def _took(self, body: Any) -> dict[str, Any]:
        self.calls += 1
        self.sent += len(json.dumps(body))
        return {}

    def fetch_sheet_metadata(self, _sheet: str, _asked: Any) -> dict[str, Any]:
        """Answer as a sheet without tabs."""
        return self._took({}) | {"sheets": []}

    def batch_update(self, _sheet: str, body: Any) -> dict[str, Any]:
        """Take requests."""
        return self._took(body)

    def values_batch_update(self, _sheet: str, body: Any) -> dict[str, Any]:
        """Take values."""
        return self._took(body)


def _render(data: Path) -> None:
    settings, store, google = choices.load(data), state(data), Google()
    sheets._client = lambda _store: (google, "cuadra@project.example")  # type: ignore[assignment]
    day, whole, used = choices.today(settings), time.perf_counter(), time.process_time()
    for kind in ("week", "month"):
        chosen = period.last(kind, day)  # type: ignore[arg-type]
        print(chosen.key)
        made = _timed("figures", lambda p=chosen: _first_week(data, p, settings))  # type: ignore[misc]
        rows = sum(len(t.rows) for t in made.tables)
        paper = _timed("PDF", lambda r=made: pdf_service.ours(r, settings))  # type: ignore[misc]
        steps: tuple[tuple[str, Callable[[], Any]], ...] = (
            ("e-mail", lambda r=made, f=paper: mail.mail(r, "a@example.com", settings, "k", f).message().as_bytes()),
            ("Excel", lambda r=made: xlsx.xlsx(r)),
            ("CSV", lambda r=made: xlsx.csv_zip(r)),
            ("Google Sheets", lambda r=made: sheets.write(r, SHEET, store)),
            ("Notion", lambda r=made: json.dumps([list(notion._blocks(r)), list(notion._findings(r))], default=str)),
            ("Slack", lambda r=made: slack.digest(r)),
        )  # type: ignore[misc]
        for name, step in steps:
            _timed(name, step)
        print(f"  {rows:,} rows; {google.calls} calls to Google, {google.sent / 1e6:.1f} MB")
        google.calls = google.sent = 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"both: {time.perf_counter() - whole:.1f} s, processor {time.process_time() - used:.1f} s, peak {peak:.0f} MB"
    )


def _first_week(data: Path, chosen: period.Period, settings: Settings) -> week.Report:
    """Return the report as in a company's first week, when every finding is new: the longest that there will be."""
    made = week.make(data, chosen, settings)
    always = (dt.datetime(2000, 1, 1, tzinfo=dt.UTC), dt.datetime(2100, 1, 1, tzinfo=dt.UTC))
    opened = lists.of_findings("opened", asked.opened(data, *always))
    return made._replace(tables=tuple(opened if t.name == "opened" else t for t in made.tables))


def _timed(name: str, step: Callable[[], Any]) -> Any:
    start, used = time.perf_counter(), time.process_time()
    found = step()
    seconds, used = time.perf_counter() - start, time.process_time() - used
    size = f"  {len(found) / 1e6:.2f} MB" if isinstance(found, bytes | str) else ""
    print(f"  {name:14} {seconds:6.2f} s  processor {used:6.2f} s{size}", flush=True)
    return found


if __name__ == "__main__":
    main()
