"""This week: how much money is stuck, where, and what to click; how fresh each source is."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal

import streamlit as st

from dashboard import act, charts, connecting, labels, narrow, session
from dashboard.curves import curve
from dashboard.parts import badge, behind, go, link, nothing, plain, sums
from dashboard.read import Row, figures, findings, sources
from dashboard.read.figures import MONEY, Point
from dashboard.theme import palette, severity, source_state
from dashboard.words import _, ago, day, money, several, short_day

TREND = 13  # weeks of the small curves
BIGGEST = 3
WHOLE = ("week", "total")  # dimensions of a figure that is not divided
SHOWN = ("won", "invoiced", "collected", "gap", "overdue", "dso")


def show() -> None:
    """Lay out the page, the most important first."""
    chosen = _head()
    currency, unit = chosen
    _alarms()
    _stuck(chosen)
    _figures(currency, unit)
    narrow.note(chosen, *SHOWN, left_out=figures.left_out(session.data(), "receivables"))
    left, right = st.columns([3, 2], gap="medium")
    with left, st.container(border=True, height="stretch"):
        st.markdown(f"**{_('From won to paid: deals of the last 365 days')}**")
        _flow(currency, unit)
    with right, st.container(border=True, height="stretch"):
        st.markdown(f"**{_('Open invoices by days overdue')}**")
        _ageing(currency, unit)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        _biggest()
    with right:
        _freshness()


def _head() -> narrow.Chosen:
    """Show the title and let the reader choose a currency; return it with the unit of its figures."""
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        with st.container(width="content", gap="xsmall"):
            st.title(_("This week"), anchor=False)
            today = session.day()
            monday = today - dt.timedelta(days=today.weekday())
            st.caption(f"{plain(session.settings().company.name)} · {short_day(monday)} – {day(today)}")
        return narrow.currency("week")


def _alarms() -> None:
    """Say first what makes the rest doubtful: a source that stopped, keys that are only for tests."""
    for source in sources.sources(session.data()):
        if source.error:
            with st.container(horizontal=True, vertical_alignment="center"):
                said = _("{vendor} stopped: {error} The figures below rest on its last good reading ({ago}).")
                st.error(
                    said.format(vendor=plain(labels.vendor(source.vendor)), error=plain(source.error),
                                ago=ago(source.completed_at, session.now())),
                    icon=":material/error:",
                )  # fmt: skip
                if st.button(_("Mend the connection"), key=f"mend-{source.vendor}", icon=":material/cable:"):
                    go("connections", connection=source.vendor)
    if act.only_test_accounts():
        st.info(
            _("**TEST**: all accounts here are test accounts. Fixes are written there; no customer sees them."),
            icon=":material/science:",
        )


def _stuck(chosen: narrow.Chosen) -> None:
    currency = chosen.currency
    counted = findings.counts(session.data(), _monday())
    waiting = {name: figures.now(session.data(), name) for name in ("remaining_to_invoice", "overdue")}
    first = {name: _worth(name, amounts, chosen) for name, amounts in waiting.items()}
    with st.container(border=True):
        left, right = st.columns([4, 1], vertical_alignment="center")
        said = _("{unbilled} sold and not invoiced · {overdue} overdue").format(
            unbilled=f":red[{plain(money(first['remaining_to_invoice'], currency, whole=True))}]",
            overdue=f":orange[{plain(money(first['overdue'], currency, whole=True))}]",
        )
        left.markdown(f"## {said}", anchors=False)
        left.caption("  \n".join(plain(line) for line in _others(waiting, chosen, counted)))
        label = several("Fix {count} finding", "Fix {count} findings", counted["open"])
        if right.button(label, type="primary", icon=":material/checklist:", key="to-fix", width="stretch",
                        disabled=not counted["open"]):  # fmt: skip
            go("to-fix")


def _worth(name: str, amounts: tuple[tuple[str, Decimal], ...], chosen: narrow.Chosen) -> Decimal:
    """Return the latest sum of a figure in the chosen currency, or of all converted."""
    if chosen.unit == MONEY:
        return dict(amounts).get(chosen.currency, Decimal(0))
    told = [r for r in figures.series(session.data(), name, chosen.currency, chosen.unit) if r["dimension"] in WHOLE]
    return max(told, key=lambda r: r["period_end"])["value"] if told else Decimal(0)


def _others(waiting: dict[str, tuple[tuple[str, Decimal], ...]], chosen: narrow.Chosen, counted: Row) -> list[str]:
    """Return the lines under the headline: other currencies, or the converted ones; what is new and fixed."""
    converted = chosen.unit != MONEY
    titles = {
        "remaining_to_invoice": _("Not invoiced, by currency:")
        if converted
        else _("Not invoiced in other currencies:"),
        "overdue": _("Overdue, by currency:") if converted else _("Overdue in other currencies:"),
    }
    lines = []
    for name, amounts in waiting.items():
        if rest := [(c, a) for c, a in amounts if converted or c != chosen.currency]:
            lines.append(f"{titles[name]} {sums(rest, most=4)}")
    news = []
    if counted["new"]:
        news.append(several("{count} finding is new this week", "{count} findings are new this week", counted["new"]))
    if counted["fixed"]:
        news.append(several("{count} was fixed", "{count} were fixed", counted["fixed"]))
    if counted["silent"]:
        news.append(several("{count} is left as agreed", "{count} are left as agreed", counted["silent"]))
    if counted["unsure"]:
        news.append(several("{count} waits for an answer to a suggestion",
                            "{count} wait for an answer to a suggestion", counted["unsure"]))  # fmt: skip
    if counted["unread"]:
        news.append(several("{count} is not checked, since a source was not read",
                            "{count} are not checked, since a source was not read", counted["unread"]))  # fmt: skip
    return [*lines, " · ".join(news)] if news else lines


def _monday() -> dt.datetime:
    today = session.day()
    return dt.datetime.combine(today - dt.timedelta(days=today.weekday()), dt.time(), session.zone()).astimezone(dt.UTC)


def _figures(currency: str, unit: str) -> None:
    """Show the six figures with their change since last week and a curve of a quarter."""
    meant = figures.definitions(session.data())
    short = {"gap": _("Gap"), "dso": _("DSO")}
    with st.grid(6, min_column_width=140):
        for name, grows in (
            ("won", "off"),
            ("invoiced", "off"),
            ("collected", "off"),
            ("gap", "off"),
            ("overdue", "inverse"),
        ):
            points = figures.weeks(session.data(), name, currency, unit, TREND)
            _metric(short.get(name), meant.get(name), points, lambda v: money(v, currency, whole=True), grows)
        points = figures.weeks(session.data(), "dso", currency if unit == MONEY else "", "days", TREND)
        _metric(
            short["dso"],
            meant.get("dso"),
            points,
            lambda v: several("{count} day", "{count} days", round(v)),
            "inverse",
        )
    st.caption(_("Change since last week; curves show {count} weeks, this one so far.").format(count=TREND))


def _metric(
    title: str | None, meant: Row | None, points: list[Point], spelt: Callable[[Decimal], str], grows: str
) -> None:
    if not meant:
        return
    now = points[-1].value if points else None
    before = points[-2].value if len(points) > 1 else None
    delta = None
    if now is not None and before is not None:
        change = now - before
        delta = ("+" if change > 0 else "") + spelt(change) if round(change) else None
    with st.container(border=True, height="stretch", gap="xsmall"):
        st.metric(
            title or _(meant["title"]),
            "–" if now is None else spelt(now),
            delta,
            delta_color=grows,  # type: ignore[arg-type]
            help="  \n".join(filter(None, [_(meant["formula"]), narrow.stale(meant["name"])])),
        )
        if len(points) > 2:
            colours = palette()
            worse = now is not None and before is not None and now > before
            paint = colours.muted if grows == "off" else colours.bad if worse else colours.good
            st.html(curve([point.value for point in points], paint, bars=points[-1].start is not None))


def _flow(currency: str, unit: str) -> None:
    parts = figures.parts(session.data(), "flow", "part", currency, unit)
    if not parts.get("won"):
        nothing(
            _("Nothing won yet"), _("No deal was won in this currency in the last 365 days."), ":material/water_drop:"
        )
        return
    charts.draw(charts.flow, parts, currency, key="flow", alt=_("From won to paid"))
    said = _(
        "Deals won since {day} only, as the deals are, with or without tax. The headline counts sales and "
        "invoices of any age, sales once {grace} are over, and invoices with tax: so it differs from this."
    )
    grace = several("{count} day", "{count} days", session.settings().choices.grace_days)
    st.caption(said.format(day=day(session.day() - dt.timedelta(days=364)), grace=grace))
    named = {called: parts[key] for key, called in charts.flow_names().items() if parts.get(key)}
    behind("flow", lambda: {_("Step"): [*named], _("Amount"): [money(a, currency) for a in named.values()]})


def _ageing(currency: str, unit: str) -> None:
    parts = figures.parts(session.data(), "ageing", "bucket", currency, unit)
    if not any(parts.values()):
        nothing(_("Nothing open"), _("Every invoice in this currency is paid."), ":material/done_all:")
        return
    charts.draw(charts.ageing, parts, currency, key="ageing", alt=_("Open invoices by days overdue"))
    st.caption(_("Total {amount}").format(amount=plain(money(sum(parts.values(), Decimal(0)), currency))))
    amounts = [parts.get(bucket, Decimal(0)) for bucket in charts.BUCKETS]
    behind("ageing", lambda: {_("Days overdue"): charts.ages(), _("Still open"): [money(a, currency) for a in amounts]})


def _biggest() -> None:
    st.subheader(_("Fix these first"), anchor=False)
    rows = findings.page(session.data(), findings.Wanted(), 1, BIGGEST)
    if not rows:
        nothing(_("All adds up"), _("Every won deal is invoiced, and every invoice that is due is paid."))
    for row in rows:
        with st.container(border=True, horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            with st.container(width="content", gap="xsmall"):
                amount = plain(money(row["amount_at_stake"], row["currency"]))
                st.markdown(f"{badge(severity(row['severity']))} **{plain(_(row['title']))}** · {amount}")
                st.caption(plain(" · ".join(filter(None, [labels.record(row), row["customer"], row["owner"]]))))
            if row["action"]:
                if st.button(labels.fix(row["action"]) + " …", key=f"first-{row['id']}", icon=":material/visibility:"):
                    act.preview((row["id"],))
            elif st.button(_("Look"), key=f"first-{row['id']}", icon=":material/arrow_forward:"):
                go("to-fix", finding=row["id"])


def _freshness() -> None:
    st.subheader(_("Sources"), anchor=False)
    found = sources.sources(session.data())
    now = session.now()
    with st.container(border=True):
        if not found:
            st.caption(_("Nothing was read yet."))
        for source in found:
            with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
                st.markdown(
                    f"**{plain(labels.vendor(source.vendor))}** · :gray[{ago(source.completed_at, now)}]",
                    width="content",
                )
                st.markdown(badge(source_state(source.state(now))), width="content")
            if source.rejected:
                said = several("{count} item could not be used", "{count} items could not be used", source.rejected)
                link("connections", said, ":material/report:", connection=source.vendor)
        if st.button(_("Read all again"), icon=":material/sync:", key="sync-all", width="stretch"):
            connecting.sync()
