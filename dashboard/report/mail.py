"""A report as a mail: figures, top tens and charts to read at once, a text alternative, the PDF attached.

Everything is in the message: styles inline, charts as pictures with what they show as text.
"""

from email.message import EmailMessage
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader
from pydantic import Field

from dashboard.report import pdf, pdf_service, spoken
from dashboard.report.table import Table
from dashboard.report.week import TOP, Report
from dashboard.words import _, day, language, several
from reconcile.mail import MailDraft
from reconcile.settings import Settings

SHOWN = ("totals", "days", "counts", "not_invoiced", "overdue", "ageing", "by_owner", "forecast", "opened", "fixed",
         "recovered", "done", "worth", "sources")  # fmt: skip
WHOLE = ("totals", "days", "counts", "ageing", "forecast", "worth", "sources")  # tables that are short by nature
_WIDE = ("before", "owner", "won_on", "due_on", "since_on", "severity", "paid_amount", "waiting_amount", "invoices",
         "deals", "items", "rejected", "completed_at", "days_to_invoice")  # fmt: skip  # a phone has no room for them
_pages = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True, trim_blocks=True)


class ReportMail(MailDraft):
    """A mail with a page, pictures (by content id) and files (by name) beside its text."""

    html: str
    pictures: dict[str, bytes] = Field(default_factory=dict)
    files: dict[str, bytes] = Field(default_factory=dict)

    def message(self) -> EmailMessage:
        """Return it as it goes over the wire: text, page with its pictures, files."""
        made = super().message()
        made.add_alternative(self.html, subtype="html", cte="quoted-printable")
        page = made.get_payload()[1]  # type: ignore[index]
        for name, picture in self.pictures.items():
            page.add_related(picture, "image", "png", cid=f"<{name}>", filename=f"{name}.png", disposition="inline")  # type: ignore[union-attr]
        for name, file in self.files.items():
            made.add_attachment(file, "application", "pdf", filename=name)
        if self.language and "Content-Language" not in made:  # it went with the text, into its part
            made["Content-Language"] = self.language
        return made


def mail(report: Report, to: str, settings: Settings, key: str, paper: bytes | None = None) -> ReportMail:
    """Return the mail to one recipient in the language that is spoken; `key` makes its Message-ID.

    `paper` is a PDF to attach in place of ours.
    """
    known = {found.name for found in report.tables}  # a report that was kept before a table came has it not
    sections = [_section(report, report.table(name)) for name in SHOWN if name in known]
    pictures = {s["picture"]: pdf.chart(report, s["name"]) for s in sections if s["picture"]}
    subject = f"{report.company}: {report.period.title()}" if report.company else report.period.title()
    said = {
        "language": language(), "title": report.period.title(), "company": report.company,
        "notes": spoken.notes(report), "headline": spoken.headline(report), "since": _("since the period before"),
        "sections": sections, "nothing": _("Nothing."), "address": settings.reports.address,
        "open": _("Open in Cuadra"), "footer": _("Made {day}. Every number is the dashboard's. All lists are in the "
                                                 "PDF.").format(day=day(report.made_at.date())),
    }  # fmt: skip
    return ReportMail(
        key=key, to=to, subject=subject, text=_text(said), sender=settings.mail.sender, language=language(),
        reply_to=settings.mail.reply_to or None, html=_pages.get_template("mail.html").render(said), pictures=pictures,
        files={f"{report.period.kind}-{report.period.start}.pdf": paper or pdf_service.ours(report, settings)},
    )  # fmt: skip


def _section(report: Report, found: Table) -> dict[str, Any]:
    shown = [c for c in spoken.columns(found) if c.name not in ("stale", "error") or any(found.column(c.name))]
    at = [spoken.columns(found).index(c) for c in shown]
    most = len(found.rows) if found.name in WHOLE else TOP
    has_picture = found.name in pdf.CHARTS and bool(found.rows)
    rest = len(found.rows) - most
    return {
        "name": found.name, "title": spoken.title(found.name),
        "columns": [(spoken.heading(c), c.sort in ("money", "days", "count"), c.name in _WIDE) for c in shown],
        "rows": [[line[i] for i in at] for line in spoken.lines(found, most)],
        "picture": f"chart-{found.name}" if has_picture else "",
        "alt": pdf.described(report, found.name) if has_picture else "",
        "more": several("{count} more is in the PDF.", "{count} more are in the PDF.", rest) if rest > 0 else "",
    }  # fmt: skip


def _text(said: dict[str, Any]) -> str:
    """Return the same as plain text."""
    parts = [said["company"], said["title"], "=" * len(said["title"]), *said["notes"], ""]
    parts += [f"{name}: {says} ({change} {said['since']})" for name, says, change, _sign in said["headline"]]
    for section in said["sections"]:
        parts += ["", section["title"], "-" * len(section["title"])]
        heads = [title for title, *_looks in section["columns"]]
        for row in section["rows"]:
            parts.append(" · ".join([row[0], *(f"{h} {v}" for h, v in zip(heads[1:], row[1:], strict=True) if v)]))
        parts += (
            [section["more"] if section["rows"] else said["nothing"]] if section["more"] or not section["rows"] else []
        )
    return "\n".join([*parts, "", said["footer"], said["address"]]).strip() + "\n"
