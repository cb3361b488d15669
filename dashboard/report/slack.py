"""A short message to Slack by incoming webhook: only what is new or worse; where nothing is, none.

Source: api.slack.com, "Sending messages using incoming webhooks" and "Formatting text": &, < and > are escaped; answers
are 200 "ok", 403 action_prohibited, 404 no_service or channel_not_found, 410 channel_is_archived, 429 Retry-After.
"""

from typing import Any

import httpx

from dashboard.report import spoken
from dashboard.report.keys import key
from dashboard.report.week import Report
from dashboard.words import _, money, several
from extract.vendor import Refused, Unauthorised, Unsure
from reconcile.settings import Settings
from reconcile.state import State

NAME = "slack"
SHOWN = 5
WORSE = ("remaining_to_invoice", "overdue")


def digest(report: Report) -> list[str]:
    """Return the lines that say what is new or worse, none where nothing is."""
    lines = []
    for row in report.table("totals").records():
        if row["figure"] in WORSE and row["change"] > 0:
            said = _("{figure}: {amount}, {change} more than before")
            lines.append(said.format(figure=spoken.word("totals", "figure", row["figure"]),
                                     amount=money(row["amount"], row["currency"]),
                                     change=money(row["change"], row["currency"])))  # fmt: skip
    new = report.table("opened").records()
    if new:
        lines.append(several("{count} new problem:", "{count} new problems:", len(new)))
        lines += ["• " + _problem(row) for row in new[:SHOWN]]
    for row in report.table("sources").records():
        if row["state"] in ("failed", "old"):
            lines.append(_("{vendor} was not read lately: the figures rest on its last reading.").format(
                vendor=row["vendor"]))  # fmt: skip
    return lines


def _problem(row: dict[str, Any]) -> str:
    amount = money(row["amount"], row["currency"]) if row["amount"] is not None else ""
    return " · ".join(filter(None, [_(row["problem"]), row["record"], row["customer"], amount, row["owner"]]))


def says(report: Report) -> str:
    """Return in a line what would be posted."""
    lines = digest(report)
    return " / ".join(lines) if lines else _("Nothing is new or worse: nothing would be posted.")


def send(report: Report, settings: Settings, store: State) -> dict[str, Any]:
    """Post the digest, once. Refused on a no, Unsure where Slack gave no answer."""
    lines = digest(report)
    if not lines:
        return {"says": _("Nothing is new or worse: nothing was posted.")}
    head = _escaped(f"{report.company}: {report.period.title()}" if report.company else report.period.title())
    text = "\n".join([f"*{head}*", *(_escaped(line) for line in lines)])
    if settings.reports.address:
        text += f"\n<{settings.reports.address}|{_('Open in Cuadra')}>"
    try:
        reply = httpx.post(key(NAME, store), json={"text": text}, timeout=30)
    except httpx.ConnectError as error:
        raise Refused(NAME, f"Slack cannot be reached ({error}); nothing was posted") from error
    except httpx.InvalidURL as error:
        raise Unauthorised(NAME, "the webhook is no address: copy it again from the Slack app", 401) from error
    except httpx.HTTPError as error:
        raise Unsure(NAME, f"Slack gave no answer ({error}); it may have been posted") from error
    if reply.status_code >= 500:
        raise Unsure(NAME, f"Slack answered {reply.status_code}; it may have been posted")
    if reply.status_code in (401, 403, 404, 410):
        raise Unauthorised(NAME, f"{reply.status_code} {reply.text[:80]}: the webhook was taken back or its channel is "
                                 "gone; make a new one in Slack and enter it on the page Reports",
                           reply.status_code)  # fmt: skip
    if reply.status_code >= 400:
        raise Refused(NAME, f"{reply.status_code} {reply.text[:80]}", reply.status_code)
    return {"says": several("{count} line posted", "{count} lines posted", len(lines))}


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
