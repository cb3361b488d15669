"""Reports: when they go out and to whom, how the next one looks, and what went where; any past one opens again."""

import base64
from collections.abc import Callable
from typing import Any

import streamlit as st

from dashboard import session
from dashboard.address import bound
from dashboard.parts import badge, heading, nothing, plain, tall
from dashboard.report import deliver, keys, mail, pdf, schedule, spoken
from dashboard.report.period import Period, around, last
from dashboard.report.table import Column, Table
from dashboard.report.week import Look, NoReport, Report, known, look, report
from dashboard.theme import Mark
from dashboard.views import custom, gallery, rhythm
from dashboard.words import LANGUAGES, _, language, moment, number, speaking
from reconcile import access
from reconcile import settings as choices
from reconcile.settings import CHANNELS, Schedule, Settings, SettingsError
from reconcile.state import state

PAST = 26  # periods back that can be chosen


def show() -> None:
    """Lay out the page: one report with what can be done with it, then where reports go, then what went out."""
    heading(
        _("Reports"), _("The same figures as on the pages, by e-mail, PDF, Excel, Google Sheets, Notion and Slack.")
    )
    kind = bound(st.segmented_control, _("Report"), ["week", "month"], name="kind", scope="reports", default="week",
                 required=True, label_visibility="collapsed", format_func=_kinds().__getitem__)  # fmt: skip
    period = _choose(kind)
    try:
        with st.spinner(_("Adding up …")):
            made = look(session.data(), period, session.settings())
            headline = spoken.headline(made)
    except NoReport as error:
        nothing(_("No report"), str(error), ":material/event_busy:")
    else:
        _actions(period)
        _figures(made, headline)
    left, right = st.columns(2, gap="medium")
    with left, st.container(border=True):
        _when(kind)
    with right, st.container(border=True):
        _places()
    custom.show()
    gallery.show()
    _history()


def _kinds() -> dict[str, str]:
    return {"week": _("Weekly"), "month": _("Monthly")}


def _channels() -> dict[str, str]:
    return {"email": _("E-mail"), "pdf": "PDF", "xlsx": "Excel", "csv": "CSV", "sheets": "Google Sheets",
            "notion": "Notion", "slack": "Slack"}  # fmt: skip


def _choose(kind: str) -> Period:
    """Let the reader choose a period: this one so far, or one of the last half year."""
    sort = "month" if kind == "month" else "week"
    here = around(sort, session.day())  # type: ignore[arg-type]
    options = [here]
    while len(options) < PAST:
        options.append(options[-1].before)
    options += [p for p in known(session.data()) if p.kind == kind and p not in options]
    sent = set(known(session.data()))
    by_key = {p.key: p for p in options}
    chosen = bound(
        st.selectbox, _("Period"), list(by_key), name="period", scope=f"reports-{kind}",
        default=last(sort, session.day()).key,  # type: ignore[arg-type]
        format_func=lambda k: by_key[k].title() + (" · " + _("as it went out") if by_key[k] in sent else ""),
    )  # fmt: skip
    return by_key[chosen]


def _actions(period: Period) -> None:
    """Offer the files, and a trial mail to oneself."""
    stem = f"{period.kind}-{period.start}"
    with st.container(horizontal=True, vertical_alignment="bottom"):
        for name, kind, icon in (
            ("PDF", "pdf", "picture_as_pdf"),
            ("Excel", "xlsx", "table"),
            ("CSV", "csv", "folder_zip"),
        ):
            st.download_button(name, _file(period, kind), f"{stem}.{deliver.ENDINGS[kind]}", icon=f":material/{icon}:",
                               on_click="ignore", key=f"report-{kind}")  # fmt: skip
        with st.popover(_("Send to me"), icon=":material/forward_to_inbox:"):
            to = st.text_input(_("Your e-mail address"), key="report-me", placeholder="ana@example.com")
            if st.button(_("Send it to me only"), key="report-send-me", disabled="@" not in to, type="primary"):
                done = deliver.deliver(session.data(), period, ["email"], session.who(), to=[to.strip()])
                _say(done[0])
        is_shown = st.toggle(_("Preview the e-mail"), key="report-preview")
    try:
        if is_shown:
            with st.spinner(_("Adding up …")):
                page = _preview(report(session.data(), period, session.settings()), session.settings())
            st.iframe(page, height=620)
    except pdf.NoLogo as error:
        st.error(plain(error))


def _file(period: Period, kind: str) -> Callable[[], bytes]:
    """Return what makes a file of the whole report once it is asked for. Without the logo if that is no picture."""
    data, settings, spoken_now = session.data(), session.settings(), language()

    def content() -> bytes:
        made = report(data, period, settings)
        with speaking(spoken_now):
            try:
                return deliver.FILES[kind](made, settings)
            except pdf.NoLogo:
                return pdf.pdf(made)

    return access.carried(content)


def _preview(made: Report, settings: Settings) -> str:
    """Return the page of the mail, its pictures inside."""
    if not settings.mail.sender:
        settings = settings.model_copy(update={"mail": settings.mail.model_copy(update={"sender": "cuadra@localhost"})})
    draft = mail.mail(made, "preview", settings, "preview")
    page = draft.html
    for name, picture in draft.pictures.items():
        page = page.replace(f"cid:{name}", "data:image/png;base64," + base64.b64encode(picture).decode())
    return page


def _figures(made: Report | Look, headline: list[tuple[str, str, str, int]]) -> None:
    for note in spoken.notes(made):
        st.info(plain(note), icon=":material/info:")
    with st.grid(3, min_column_width=170):
        for name, says, change, _sign in headline:
            st.metric(name, says, change, delta_color="off", border=True)
    chosen = st.selectbox(_("List"), made.names, key="report-list", format_func=spoken.title)
    found = made.table(chosen)
    if not found.rows:
        st.caption(_("Nothing."))
        return
    heads = [spoken.heading(c) for c in spoken.columns(found)]
    lines = spoken.lines(found, Look.most)
    looks = {spoken.heading(c): _look(found, c) for c in spoken.columns(found)}
    st.dataframe({h: [line[i] for line in lines] for i, h in enumerate(heads)}, hide_index=True, column_config=looks,
                 height=tall(len(lines), 500), alt=spoken.title(chosen), key="report-table")  # fmt: skip
    if len(found.rows) >= Look.most:
        st.caption(_("The first {count} are shown; PDF, Excel and CSV have all.").format(count=number(Look.most)))


def _look(found: Table, column: Column) -> Any:
    """Return how a column is shown: numbers to the right; what says that a source is old only where one is."""
    if column.name in ("stale", "error") and not any(found.column(column.name)):
        return None
    return st.column_config.TextColumn(alignment="right" if column.sort in ("money", "days", "count") else "left")


def _when(kind: str) -> None:
    """Let somebody say when a report goes out, and to whom."""
    st.subheader(_("When and to whom"), anchor=False)
    settings = session.settings()
    held = settings.schedules.get(kind, Schedule())
    zone = settings.company.time_zone
    if held.cron:
        try:
            country = settings.company.country if held.business_days else ""
            at = schedule.following(held.cron, zone, session.now(), country)
            st.caption(_("Next: {moment} ({zone})").format(moment=moment(at, session.zone()), zone=zone))
        except schedule.BadCron as error:
            st.error(plain(error))
    else:
        st.caption(_("It goes out only when somebody sends it."))
    with st.form(f"report-when-{kind}", border=False):
        is_on = st.toggle(_("Send it by itself"), bool(held.cron), key=f"report-on-{kind}")
        cron = rhythm.choose(kind, held.cron)
        shifts = st.checkbox(_("On a weekend or holiday, the next business day"), held.business_days,
                             key=f"report-business-{kind}",
                             help=_("Holidays of {country}, the company's country.").format(
                                 country=settings.company.country))  # fmt: skip
        people = st.text_area(_("Addresses, one a line"), "\n".join(held.to), key=f"report-to-{kind}",
                              help=_("The language of a mail may follow its address: ana@example.com pl"))  # fmt: skip
        channels = st.multiselect(_("Where it goes"), CHANNELS, settings.reports.channels, key="report-channels",
                                  format_func=_channels().__getitem__)  # fmt: skip
        if st.form_submit_button(_("Keep"), icon=":material/save:"):
            _keep_when(settings, kind, Schedule(cron=cron if is_on else "", business_days=shifts), people,
                       channels)  # fmt: skip


def _keep_when(settings: Settings, kind: str, said: Schedule, people: str, channels: list[str]) -> None:
    """Check and keep; say what is wrong."""
    to, languages = [], dict(settings.reports.languages)
    for line in filter(None, (line.strip() for line in people.replace(",", "\n").splitlines())):
        address, _blank, language = line.partition(" ")
        local, at, domain = address.partition("@")
        if not (local and at and "." in domain) or (language.strip() and language.strip() not in LANGUAGES):
            st.error(
                plain(
                    _("“{line}” is not an e-mail address; a language may follow it: en, es, fr or pl").format(line=line)
                )
            )
            return
        to.append(address)
        if language.strip():
            languages[address] = language.strip()
    try:
        if said.cron:
            schedule.following(said.cron, settings.company.time_zone, session.now())
    except schedule.BadCron as error:
        st.error(plain(error))
        return
    held = settings.schedules | {kind: said.model_copy(update={"to": to})}
    reports = settings.reports.model_copy(update={"channels": channels, "languages": languages})
    choices.save(settings.model_copy(update={"schedules": held, "reports": reports}), session.data())
    if said.cron:  # what was due before it was set up is not made up for
        state(session.data()).ran(f"report:{kind}", session.now())
    st.rerun()


def _places() -> None:
    """Let somebody enter the sheet, the page and the keys."""
    st.subheader(_("Google Sheets, Notion, Slack"), anchor=False)
    settings, store = session.settings(), state(session.data())
    said = settings.reports
    with st.form("report-places", border=False):
        sheet = st.text_input(_("Address of the Google Sheet"), said.sheet, key="report-sheet",
                              help=_("Share it with the service account as editor."))  # fmt: skip
        page = st.text_input(_("Address of the Notion page"), said.notion_page, key="report-notion",
                             help=_("On that page choose ⋯ → Connections and add your integration."))  # fmt: skip
        given = {
            name: st.text_input(label, key=f"report-key-{name}", type="password",
                                placeholder=_("kept, and never shown") if keys.is_known(name, store) else "")
            for name, label in (("sheets", _("Google service account (its JSON file)")),
                                ("notion", _("Notion integration secret")), ("slack", _("Slack webhook address")))
        }  # fmt: skip
        if st.form_submit_button(_("Keep"), icon=":material/save:"):
            update = {"sheet": sheet.strip(), "notion_page": page.strip()}
            try:
                kept_ = settings.model_copy(update={"reports": said.model_copy(update=update)})
                choices.save(kept_, session.data())
            except SettingsError as error:
                st.error(plain(error))
                return
            for name, value in given.items():
                if value.strip():
                    keys.keep(name, value.strip(), store, session.who())
            st.rerun()


def _mark(value: str) -> Mark:
    return {
        "done": Mark("green", ":material/check_circle:", "✓", _("Sent")),
        "refused": Mark("red", ":material/error:", "▲", _("Failed")),
        "planned": Mark("orange", ":material/schedule:", "◆", _("Tried again later")),
        "sending": Mark("blue", ":material/send:", "●", _("Being sent")),
        "doubt": Mark("orange", ":material/help:", "◆", _("Not sure")),
    }[value]


def _history() -> None:
    st.subheader(_("What went out"), anchor=False)
    rows = deliver.history(session.data())
    if not rows:
        nothing(_("Nothing went out yet"), _("Each report that is sent will be a line here."), ":material/outbox:")
    for row in rows[:30]:
        with st.container(border=True, horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            with st.container(width="content", gap="xsmall"):
                trial = " · " + _("trial") if row["is_trial"] else ""
                st.markdown(f"{badge(_mark(row['state']))} **{plain(row['period'].title())}** · "
                            f"{plain(_channels()[row['channel']])} · {plain(row['recipient'])}{trial}")  # fmt: skip
                st.caption(
                    plain(
                        " · ".join(
                            filter(None, [moment(row["at"], session.zone()), row["who"], row["error"] or row["note"]])
                        )
                    )
                )
            may_go = row["state"] in ("refused", "planned", "doubt") and not row["is_trial"]
            if may_go and st.button(_("Try again"), key=f"again-{row['key']}", icon=":material/refresh:"):
                _say(schedule.again(session.data(), row, session.who()))


def _say(ended: deliver.Delivery) -> None:
    """Say how sending ended."""
    if ended.state == "done":
        st.success(plain(_("Sent to {recipient}.").format(recipient=ended.recipient)))
    elif ended.state == "found":
        st.info(plain(_("It went out before; nothing was sent twice.")))
    else:
        st.error(plain(ended.says))
