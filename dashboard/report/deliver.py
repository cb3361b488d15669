"""Brings a report out by its channels: each alone, each once, each saying what went wrong and what to do.

What goes to people goes through the ledger, keyed by report, period, channel and recipient: pressed twice, or taken up
again after a crash, nothing arrives twice. Sheets and pages are overwritten with the same and may be repeated.
"""

import datetime as dt
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import sqlalchemy as sa

from dashboard.report import mail, notion, pdf, pdf_service, sheets, slack, xlsx
from dashboard.report.period import Period, around
from dashboard.report.week import NoReport, Report, keep, report
from dashboard.words import speaking
from extract.vendor import Refused, Unreachable, VendorError
from reconcile import access, schema
from reconcile.ledger import Busy, Claim, Ledger, Stand
from reconcile.settings import CHANNELS, Settings, load
from reconcile.state import Entry, State, state
from reconcile.workflows import mailer

FILES: dict[str, Callable[[Report, Settings], bytes]] = {
    "pdf": pdf_service.ours,
    "xlsx": lambda made, said: xlsx.xlsx(made),
    "csv": lambda made, said: xlsx.csv_zip(made),
}
ENDINGS = {"pdf": "pdf", "xlsx": "xlsx", "csv": "zip"}
REPEATABLE = ("sheets", "notion")  # a second run writes the same over the first


class Delivery(NamedTuple):
    """How one channel ended for one recipient.

    `state` is done, written (a file), shown (a trial run), found (it went out before), refused, later, doubt or busy.
    """

    channel: str
    recipient: str
    state: str
    says: str = ""

    @property
    def is_well(self) -> bool:
        """Whether nothing is left to do."""
        return self.state in ("done", "written", "shown", "found")


class Wrong(Exception):
    """A channel was named that there is not; the text says which there are."""


def channels(named: str | Sequence[str]) -> list[str]:
    """Return the channels of a list such as "email,pdf". Wrong if one is none."""
    found = [n.strip() for n in (named.split(",") if isinstance(named, str) else named) if n.strip()]
    for name in found:
        if name not in CHANNELS:
            raise Wrong(f"{name!r} is no channel: say {', '.join(CHANNELS)}")
    return list(dict.fromkeys(found))


def recipients(channel: str, kind: str, settings: Settings) -> list[str]:
    """Return to whom a channel goes; a channel without people has one, its place."""
    if channel == "email":
        schedule = settings.schedules.get(kind)
        return list(schedule.to) if schedule else []
    return [{"sheets": settings.reports.sheet, "notion": settings.reports.notion_page}.get(channel) or channel]


def plan(named: Sequence[str], kind: str, settings: Settings) -> list[tuple[str, str]]:
    """Return the pairs of channel and recipient, those without anybody with an empty one."""
    return [(channel, to) for channel in named for to in recipients(channel, kind, settings) or [""]]


def deliver(
    data: Path,
    period: Period,
    named: Sequence[str],
    who: str,
    *,
    out: Path | None = None,
    dry_run: bool = False,
    to: Sequence[str] = (),
) -> list[Delivery]:
    """Bring a report out by each channel and return how each ended. NoReport where there is nothing to say.

    `to` are addresses instead of those of the schedule: a trial to oneself, which may be repeated.
    """  # fmt: skip
    settings = load(data)
    made = report(data, period, settings)
    pairs = plan(named, period.kind, settings)
    trial = uuid.uuid4().hex[:8] if to else ""
    if to:
        pairs = [(c, r) for c, r in pairs if c != "email"] + [("email", r) for r in to if "email" in named]
    found = [one(data, made, c, r, who, out=out, dry_run=dry_run, trial=trial) for c, r in pairs]
    if any(d.state == "done" and not trial for d in found):
        keep(data, made)
    return found


def one(
    data: Path,
    made: Report,
    channel: str,
    recipient: str,
    who: str,
    *,
    out: Path | None = None,
    dry_run: bool = False,
    trial: str = "",
) -> Delivery:
    """Bring a report to one recipient by one channel. It never raises what a channel refuses."""  # fmt: skip
    access.need("approve")
    settings = load(data)
    with speaking(settings.reports.languages.get(recipient) or settings.company.language):
        if not recipient:
            return Delivery(channel, "", "refused", "nobody gets it: write addresses into [schedules."
                            f"{made.period.kind}] of settings.toml, or on the page Reports")  # fmt: skip
        if channel in FILES:
            return _file(data, made, channel, settings, out, dry_run)
        if dry_run:
            return _shown(data, made, channel, recipient, settings, out)
        return _sent(data, made, channel, recipient, who, settings, trial)


def _file(data: Path, made: Report, channel: str, settings: Settings, out: Path | None, dry_run: bool) -> Delivery:
    folder = out or data / "reports"
    path = folder / f"{made.period.kind}-{made.period.start}.{ENDINGS[channel]}"
    note = ""
    try:
        if dry_run:
            content = FILES[channel](made, settings)
            return Delivery(channel, str(path), "shown", f"{len(content):,} bytes would be written")
        if channel == "pdf":
            content, note = pdf_service.paper(made, settings, state(data))
        else:
            content = FILES[channel](made, settings)
        folder.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    except pdf.NoLogo as error:
        return Delivery(channel, str(path), "refused", str(error))
    except OSError as error:
        return Delivery(channel, str(path), "refused", f"{path} cannot be written ({error.strerror}): choose --out")
    return Delivery(channel, str(path), "written", f"{len(content):,} bytes" + (f"; {note}" if note else ""))


def _shown(data: Path, made: Report, channel: str, to: str, settings: Settings, out: Path | None) -> Delivery:
    """Make what would be sent, and keep the page of a mail where a folder is named."""
    try:
        if channel != "email":
            return Delivery(
                channel, to, "shown", {"sheets": sheets, "notion": notion, "slack": slack}[channel].says(made)
            )
        draft = mail.mail(made, to, settings, "dry-run")
    except (VendorError, pdf.NoLogo) as error:
        return Delivery(channel, to, "refused", str(error))
    if out:
        out.mkdir(parents=True, exist_ok=True)
        (out / f"{made.period.kind}-{made.period.start}.html").write_text(draft.html, "utf-8")
    return Delivery(channel, to, "shown", draft.subject)


def _sent(
    data: Path, made: Report, channel: str, to: str, who: str, settings: Settings, trial: str
) -> Delivery:  # fmt: skip
    store = state(data)
    ledger = Ledger(store)
    person = to if channel == "email" else ""  # a place may get another address; the report in it is the same
    key = ":".join(filter(None, ["report", trial, made.period.key, channel, person]))
    request = {"period": list(map(str, made.period)), "recipient": to, "trial": bool(trial)}
    try:
        claim = ledger.claim(key, action=f"report_{channel}", vendor=channel, request=request, who=who,
                             repeats=channel in REPEATABLE)  # fmt: skip
    except Busy:
        return Delivery(channel, to, "busy", "somebody else is sending the same right now")
    if claim.answer is not None:
        return Delivery(channel, to, "found", "it went out before; nothing was sent twice")
    with ledger.beating(claim):
        return _once(ledger, claim, store, made, channel, to, who, settings)


def _once(
    ledger: Ledger, claim: Claim, store: State, made: Report, channel: str, to: str, who: str, settings: Settings
) -> Delivery:
    def settled(stand: Stand, outcome: str, answer: Mapping[str, Any] | None = None, error: str = "") -> Delivery:
        said = dict(answer or ({"error": error} if error else {}))
        entry = Entry(who=who, action=f"report_{channel}", outcome=outcome, vendor=channel, key=claim.key,
                      subject=f"report:{made.period.key}", says=to, answer=said or None)  # fmt: skip
        ledger.settle(claim, stand, entry, error or None)
        return Delivery(channel, to, outcome, error or str(said.get("says", "")))

    repeatable, began = channel in REPEATABLE, False
    try:
        if claim.look and not repeatable and _arrived(store, channel, made, to, settings, claim.key):
            return settled("done", "found", {"says": "it had arrived"})
        ledger.sending(claim)
        began = True
        return settled("done", "done", _send(store, channel, made, to, settings, claim.key))
    except (Refused, pdf.NoLogo, ValueError) as no:
        passes = isinstance(no, Refused) and no.status in (None, 409, 423, 429)
        doubtful = claim.look and not began and not repeatable
        return settled("doubt" if doubtful else "planned" if passes else "refused",
                       "doubt" if doubtful else "later" if passes else "refused", error=str(no))  # fmt: skip
    except VendorError as error:
        doubtful = not repeatable and (began or claim.look)
        return settled("doubt" if doubtful else "planned", "doubt" if doubtful else "later", error=str(error))


def _arrived(store: State, channel: str, made: Report, to: str, settings: Settings, key: str) -> bool:
    """Return whether what was sent without an answer arrived. Unreachable where nobody can be asked."""
    if channel == "email":
        return mailer(settings, store).find(mail.mail(made, to, settings, key)) is not None
    raise Unreachable(channel, "nobody knows whether the last one arrived: look there, then say so under Activity")


def _send(store: State, channel: str, made: Report, to: str, settings: Settings, key: str) -> dict[str, Any]:
    if channel == "email":
        if not settings.mail.sender:
            raise Refused("email", "no sender is set: write it into [mail] of settings.toml", 400)
        paper, note = pdf_service.paper(made, settings, store)
        return mailer(settings, store).send(mail.mail(made, to, settings, key, paper)) | (
            {"says": note} if note else {}
        )
    if channel == "sheets":
        return sheets.write(made, to, store)
    if channel == "notion":
        return notion.write(made, to, store)
    return slack.send(made, settings, store)


def history(data: Path, limit: int = 100) -> list[dict[str, Any]]:
    """Return what went where, newest first: planned_at, period, channel, recipient, state, error, who, is_trial."""
    table = schema.ledger
    query = (
        sa.select(table).where(table.c.action.like("report\\_%", escape="\\"))
        .order_by(table.c.planned_at.desc(), table.c.key).limit(limit)
    )  # fmt: skip
    with state(data).read() as db:
        found = [dict(row) for row in db.execute(query).mappings()]
    return [
        {"at": r["ended_at"] or r["planned_at"], "key": r["key"], "channel": r["vendor"], "state": r["state"],
         "error": r["error"], "note": (r["answer"] or {}).get("says", ""), "who": r["who"],
         "recipient": r["request"]["recipient"], "is_trial": r["request"]["trial"],
         "period": _period(r["request"]["period"])}
        for r in found
    ]  # fmt: skip


def _period(said: Iterable[str]) -> Period:
    kind, start, _end = said
    return around("month" if kind == "month" else "week", dt.date.fromisoformat(start))


__all__ = ["Delivery", "NoReport", "Wrong", "channels", "deliver", "history", "one", "plan"]
