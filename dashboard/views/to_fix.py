"""To fix: the worklist. Narrow it, pick one or many, see exactly what would be written, confirm, see it done."""

import zlib
from decimal import Decimal

import streamlit as st

from dashboard import act, approving, billed, charts, exceptions, labels, saved_views, session
from dashboard.address import bound, page
from dashboard.parts import behind, facts, heading, link, mark, nothing, plain, sums, tall
from dashboard.read import Row, custom, findings
from dashboard.theme import severity
from dashboard.views import evidence, suggested
from dashboard.words import _, day, money, several
from reconcile.state import state

NOBODY = "nobody"


def show() -> None:
    """Lay out the worklist."""
    totals = findings.by_check(session.data())
    heading(_("To fix"), _("What does not add up, the most urgent first. Nothing is written before you confirm it."))
    approving.hint()
    titles = {t.check: _(t.title) for t in totals}
    wanted = _filters(titles)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        invoices, by = billed.choose("fix")
        saved_views.offer("to-fix")
    wanted = wanted._replace(billed=invoices)
    count, amounts, rows = findings.first(session.data(), wanted)
    if wanted.states == ("open",):
        suggested.hint()
    if not count:
        _empty(bool(totals))
        return
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.markdown(
            f"**{several('{count} finding', '{count} findings', count)}** · {plain(sums(amounts))}", width="content"
        )
        pages = -(-count // findings.PAGE)
        at = page(pages, "fix", wanted) if not by else 1
    if by:
        billed.groups(custom.ToFix(wanted), by)
        return
    if at > 1:
        rows = findings.page(session.data(), wanted, at)
    left, right = st.columns([2, 1], gap="medium")
    with left:
        picked = _table(rows, titles)
    with right:
        _panel(picked, totals)


def _filters(titles: dict[str, str]) -> findings.Wanted:
    """Ask which findings; the address of the page carries the answers."""
    words = {
        "urgent": _("Most urgent"),
        "amount": _("Most money"),
        "oldest": _("Oldest"),
        "newest": _("Newest"),
        "customer": _("Customer"),
    }
    owners = findings.owners(session.data())
    with st.container(horizontal=True, vertical_alignment="bottom"):
        text = bound(
            st.text_input, _("Search"), name="q", scope="fix", type="search", width=200,
            placeholder=_("Deal, customer, invoice"),
        )  # fmt: skip
        checks = bound(
            st.multiselect, _("Problem"), list(titles), name="check", scope="fix", default=[], width=215,
            format_func=titles.__getitem__, placeholder=_("Any"),
        )  # fmt: skip
        grave = bound(
            st.pills, _("Severity"), list(findings.SEVERITIES), name="severity", scope="fix", default=[],
            selection_mode="multi", format_func=lambda s: f"{severity(s).sign} {severity(s).word}",
        )  # fmt: skip
        with st.popover(_("More"), icon=":material/tune:"):
            owned = bound(
                st.multiselect, _("Salesperson"), list(owners), name="owner", scope="fix", default=[],
                format_func=owners.__getitem__, placeholder=_("Anyone"),
            )  # fmt: skip
            given = state(session.data()).assignments()
            people = [NOBODY, *sorted(set(given.values()), key=str.casefold)]
            looks = bound(
                st.multiselect, _("Assigned to"), people, name="who", scope="fix", default=[],
                format_func=lambda who: _("Nobody") if who == NOBODY else who, placeholder=_("Anyone"),
            )  # fmt: skip
            least = bound(st.text_input, _("Amount from"), name="from", scope="fix", placeholder="1000")
            most = bound(st.text_input, _("Amount to"), name="to", scope="fix", placeholder="50000")
            states = bound(
                st.multiselect, _("State"), ["open", "unchecked", "agreed", "snoozed", "fixed"], name="state",
                scope="fix", default=["open"], format_func=labels.state,
            )  # fmt: skip
        sort = bound(
            st.selectbox, _("Sort by"), list(findings.SORTS), name="sort", scope="fix", default="urgent", width=140,
            format_func=words.__getitem__, filter_mode=None,
        )  # fmt: skip
    return findings.Wanted(
        tuple(checks), tuple(grave), tuple(owned), "", _amount(least), _amount(most), text or "",
        tuple(states) or ("open",), sort, *_assigned(looks, given),
    )  # fmt: skip


def _assigned(looks: list[str], given: dict[str, str]) -> tuple[tuple[str, ...] | None, tuple[str, ...]]:
    """Return which findings only, and which not, where somebody asks for those of these people."""
    if not looks:
        return None, ()
    if NOBODY in looks:
        return None, tuple(id for id, who in given.items() if who not in looks)
    return tuple(id for id, who in given.items() if who in looks), ()


def _amount(text: str | None) -> Decimal | None:
    """Return what somebody typed as an amount; None, with a word about it, where it is none."""
    found = billed.typed(text)
    if found is None and text and text.strip():
        st.warning(_('"{text}" is not an amount; write it like 1250.50').format(text=plain(text)))
    return found


def _empty(any_at_all: bool) -> None:
    if any_at_all:
        nothing(_("Nothing matches"), _("Take a filter away to see more."), ":material/filter_alt_off:")
    else:
        nothing(_("All adds up"), _("Every won deal is invoiced, and every invoice that is due is paid."))


def _table(rows: list[Row], titles: dict[str, str]) -> list[Row]:
    """Show the rows and return those that are picked."""
    today, given = session.day(), state(session.data()).assignments()
    shown: dict[str, list[object]] = {
        "problem": [f"{severity(r['severity']).sign} {titles.get(r['check'], r['check'])}" for r in rows],
        "amount": [money(r["amount_at_stake"], r["currency"]) for r in rows],
        "days": [(today - r["since_on"]).days if r["since_on"] else None for r in rows],
        "record": [labels.record(r) for r in rows],
        "customer": [r["customer"] or "" for r in rows],
        "owner": [r["owner"] or "" for r in rows],
    }
    config = {
        "problem": st.column_config.TextColumn(_("Problem"), width=232, help=_("▲ high, ◆ medium, ● low")),
        "amount": st.column_config.TextColumn(_("At stake"), width=108, alignment="right"),
        "days": st.column_config.NumberColumn(_("Days"), width=50, help=_("Days since it has been wrong")),
        "record": st.column_config.TextColumn(_("Record"), width=150),
        "customer": st.column_config.TextColumn(_("Customer"), width=150),
        "owner": st.column_config.TextColumn(_("Salesperson"), width=110),
    }
    if any(r["id"] in given for r in rows):
        shown["who"] = [given.get(r["id"], "") for r in rows]
        config["who"] = st.column_config.TextColumn(_("Assigned to"), width=110)
    picked_rows = st.dataframe(
        shown, column_config=config, hide_index=True, on_select="rerun", selection_mode="multi-row", key=_mark(rows),
        placeholder="–", height=tall(len(rows), 560), alt=_("Findings"),
    )  # fmt: skip
    picked = [rows[i] for i in picked_rows.selection.rows if i < len(rows)]
    named = st.query_params.get("finding")
    if not picked and named:
        return findings.by_ids(session.data(), (named,))
    return picked


def _mark(rows: list[Row]) -> str:
    """Return a key that changes with the rows: ticks belong to the rows they were made on."""
    told = "".join(row["id"] for row in rows)
    return f"worklist-{zlib.crc32(told.encode())}-{st.session_state.get('picked', 0)}"


def _panel(picked: list[Row], totals: list[findings.Total]) -> None:
    with st.container(border=True):
        if not picked:
            st.markdown(f"**{_('Where the money is')}**")
            st.caption(_("Tick one finding to see why, several to mend them together."))
            charts.draw(charts.by_check, totals, session.settings().company.reporting_currency, key="by-check",
                        alt=_("Money at stake by problem"))  # fmt: skip
            behind("by-check", lambda: {_("Problem"): [_(t.title) for t in totals],
                                        _("At stake"): [sums(t.amounts) for t in totals]})  # fmt: skip
        elif len(picked) == 1:
            detail(picked[0])
        else:
            _many(picked)


def _many(picked: list[Row]) -> None:
    amounts: dict[str, Decimal] = {}
    for row in picked:
        if row["amount_at_stake"] is not None and row["currency"]:
            amounts[row["currency"]] = amounts.get(row["currency"], Decimal(0)) + abs(row["amount_at_stake"])
    st.markdown(f"**{several('{count} finding picked', '{count} findings picked', len(picked))}**")
    st.markdown(f"### {plain(sums(amounts.items(), whole=False))}", anchors=False)
    fixable = [row for row in picked if row["action"]]
    if rest := len(picked) - len(fixable):
        st.caption(several("{count} of them only a person can mend.", "{count} of them only a person can mend.", rest))
    if fixable:
        label = several("Preview {count} fix", "Preview {count} fixes", len(fixable))
        if st.button(label, type="primary", icon=":material/visibility:", width="stretch", key="preview-many"):
            act.preview(tuple(row["id"] for row in fixable))
    exceptions.offer_many(picked)


def detail(finding: Row) -> None:
    """Show one finding: how grave, how much, why, by what evidence, and what can be done."""
    with st.container(horizontal=True, vertical_alignment="center"):
        mark(severity(finding["severity"]))
        if finding["state"] != "open":
            st.badge(labels.state(finding["state"]), color="gray")
    st.markdown(f"**{plain(_(finding['title'] or ''))}**")
    st.markdown(f"### {plain(money(finding['amount_at_stake'], finding['currency']))}", anchors=False)
    since = finding["since_on"]
    pairs = [(labels.table(finding["subject_table"]), plain(labels.record(finding)))]
    if finding["customer"] and finding["customer"] != finding["record"]:
        pairs.append((_("Customer"), plain(finding["customer"])))
    if since:
        waited = several("{count} day", "{count} days", (session.day() - since).days)
        pairs.append((_("Since"), f"{day(since)} · {waited}"))
    if finding["owner"]:
        pairs.append((_("Salesperson"), plain(finding["owner"])))
    facts(pairs)
    if finding.get("reason"):
        st.caption(plain(labels.reason(finding)))
    evidence.show(findings.evidence(finding), finding["check"])
    if suggested.waits(finding):
        suggested.show(finding)
    _buttons(finding)
    exceptions.comments(finding)


def _buttons(finding: Row) -> None:
    if finding["action"] and finding["state"] in ("open", "unchecked") and not suggested.waits(finding):
        label = labels.fix(finding["action"]) + " …"
        if st.button(label, type="primary", icon=":material/visibility:", width="stretch", key="preview-one",
                     help=_("Shows exactly what would be written. Nothing happens before you confirm.")):  # fmt: skip
            act.preview((finding["id"],))
    with st.container(horizontal=True, vertical_alignment="center"):
        if finding["subject_table"] == "deals":
            link(
                "deals",
                _("Open the deal"),
                ":material/handshake:",
                deal=f"{finding['subject_vendor']}:{finding['subject_id']}",
            )
        elif finding["subject_table"] == "invoices":
            link("deals", _("Open the invoice"), ":material/receipt_long:",
                 invoice=f"{finding['subject_vendor']}:{finding['subject_id']}")  # fmt: skip
        if finding["url"]:
            label = _("Open in {vendor}").format(vendor=labels.vendor(finding["subject_vendor"]))
            st.link_button(label, finding["url"], icon=":material/open_in_new:", type="tertiary")
        exceptions.offer(finding)
