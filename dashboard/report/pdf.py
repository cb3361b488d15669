"""A report on paper: PDF/A with page numbers and headings that repeat, and its charts as pictures for mails.

Typst sets it, from a template and a file of words; no browser and no font of the machine is used.
"""

import datetime as dt
import json
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import typst

from dashboard.report import spoken
from dashboard.report.table import Table
from dashboard.report.week import BUCKETS, Report
from dashboard.words import _, language, money, several, short_day

TEMPLATE = Path(__file__).with_name("report.typ")
STANDARD = "a-2b"
MOST = 40  # rows of a list on paper
CHARTS = ("totals", "ageing", "forecast")
LEFT_OUT = ("behind",)  # what only a workbook has room for
_GROWS = ("record", "customer", "problem", "error", "stale", "figure", "step", "item")
_LOGOS = (".png", ".jpg", ".jpeg", ".svg")


class NoLogo(Exception):
    """The logo of the settings cannot be used; the text says what to do."""


def pdf(report: Report, logo: Path | None = None) -> bytes:
    """Return the report as PDF/A-2b, in the language that is spoken. NoLogo if the picture cannot be used."""
    return paper(_document(report), report.made_at, logo)


def paper(said: Mapping[str, Any], made_at: dt.datetime, logo: Path | None = None) -> bytes:
    """Return what the template is to say, all in words, as PDF/A-2b. NoLogo if the picture cannot be used."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        name = _with_logo(logo, place)
        try:
            return _compiled(place, {**said, "part": "report", "logo": name}, format="pdf",
                             pdf_standards=[STANDARD], timestamp=int(made_at.timestamp()))  # fmt: skip
        except typst.TypstError as error:
            if name:
                raise NoLogo(f"the logo {logo} cannot be read: use a PNG, JPEG or SVG") from error
            raise


def chart(report: Report, name: str) -> bytes:
    """Return one of CHARTS as PNG, twice as dense as it is shown."""
    with tempfile.TemporaryDirectory() as folder:
        data = {"part": name, "charts": charts(report)}
        return _compiled(Path(folder), data, format="png", ppi=144.0)


def described(report: Report, name: str) -> str:
    """Return what a chart shows, for those who do not see it."""
    return "; ".join(f"{bar['name']}: {bar['says']}" for bar in charts(report)[name]["bars"])


def _compiled(place: Path, data: dict[str, Any], **options: Any) -> bytes:
    shutil.copy(TEMPLATE, place / "report.typ")
    (place / "data.json").write_text(json.dumps(data, ensure_ascii=False), "utf-8")
    made = typst.compile(place / "report.typ", root=place, ignore_system_fonts=True, **options)
    assert isinstance(made, bytes), "one page is asked for"
    return made


def _with_logo(logo: Path | None, place: Path) -> str:
    if logo is None:
        return ""
    if logo.suffix.lower() not in _LOGOS or not logo.is_file():
        raise NoLogo(f"there is no picture {logo}: use a PNG, JPEG or SVG")
    shutil.copy(logo, place / f"logo{logo.suffix.lower()}")
    return f"logo{logo.suffix.lower()}"


def _document(report: Report) -> dict[str, Any]:
    made = report.made_at
    return {
        "language": language(), "company": report.company or "Cuadra", "title": report.period.title(),
        "made": {"year": made.year, "month": made.month, "day": made.day},
        "footer": _("Made {day}. Every number is the dashboard's.").format(day=spoken.day(made.date())),
        "notes": spoken.notes(report), "nothing": _("Nothing."),
        "headline": [
            {"name": n, "says": s, "change": _("{change} since the period before").format(change=c)}
            for n, s, c, _sign in spoken.headline(report)
        ],
        "charts": charts(report),
        "sections": [_section(t) for t in report.tables if t.name not in LEFT_OUT],
    }  # fmt: skip


def _section(found: Table) -> dict[str, Any]:
    shown = [c for c in spoken.columns(found) if c.name != "stale" or any(found.column("stale"))]
    at = [spoken.columns(found).index(c) for c in shown]
    rows = [[line[i] for i in at] for line in spoken.lines(found, MOST)]
    rest = len(found.rows) - MOST
    return {
        "title": spoken.title(found.name),
        "chart": found.name if found.name in CHARTS and found.rows else "",
        "columns": [
            {"title": spoken.heading(c), "right": c.sort in ("money", "days", "count"), "grows": c.name in _GROWS}
            for c in shown
        ],
        "rows": rows,
        "more": several("{count} more is in the workbook.", "{count} more are in the workbook.", rest)
        if rest > 0 else "",
    }  # fmt: skip


def charts(report: Report) -> dict[str, Any]:
    """Return the charts: bars with name, what they say, colour and length as a share of the longest.

    Each is of one currency, the first that has an amount: lengths of two currencies cannot be compared.
    """
    return {
        "totals": _bars(_of(report, "totals", lambda r: (r["figure"], r["amount"])), _total_bar),
        "ageing": _bars(_of(report, "ageing", lambda r: (r["bucket"], r["amount"])), _age_bar),
        "forecast": _bars(_of(report, "forecast", lambda r: (r["week"] or r["when"], r["amount"])), _week_bar),
    }


def _of(report: Report, name: str, pick: Any) -> list[tuple[Any, Decimal, str]]:
    records = report.table(name).records()
    currency = next((r["currency"] for r in records if r["amount"]), "")
    return [(*pick(r), currency) for r in records if r["currency"] == currency]


def _bars(found: Iterable[tuple[Any, Decimal, str]], look: Any) -> dict[str, Any]:
    parts = list(found)
    most = max((abs(a) for _n, a, _c in parts), default=Decimal(0)) or Decimal(1)
    bars = [{"says": money(a, c, whole=True), "share": float(abs(a) / most)} | look(n) for n, a, c in parts]
    return {"bars": bars}


def _total_bar(name: str) -> dict[str, str]:
    paint = {"won": "accent", "invoiced": "accent", "collected": "good", "overdue": "bad"}.get(name, "warn")
    return {"name": spoken.word("totals", "figure", name), "paint": paint}


def _age_bar(bucket: str) -> dict[str, str]:
    paint = dict(zip(BUCKETS, ("accent", "warn", "warn", "bad", "bad"), strict=True))[bucket]
    return {"name": spoken.word("ageing", "bucket", bucket), "paint": paint}


def _week_bar(when: dt.date | str) -> dict[str, str]:
    if isinstance(when, dt.date):
        return {"name": short_day(when), "paint": "good"}
    return {"name": spoken.word("forecast", "when", when), "paint": "muted"}
