"""Connections: what is connected and how it is doing; what can be, with what proves it; connecting and mending."""

import streamlit as st

from dashboard import accounts, catalogue, connecting, labels, own_login, read, rights, session
from dashboard.address import bound
from dashboard.catalogue import Entry
from dashboard.parts import badge, heading, nothing, plain, tall
from dashboard.read import sources
from dashboard.read.sources import Source
from dashboard.theme import source_state
from dashboard.views import connection_options, joining
from dashboard.words import _, ago, moment, number, several
from reconcile.state import state


def show() -> None:
    """Lay out the page."""
    heading(
        _("Connections"), _("Where the data comes from. Reading changes nothing there; secrets are kept encrypted.")
    )
    own_login.arrived()
    known = {s.vendor: s for s in sources.sources(session.data())} if read.ready(session.data()) else {}
    connected = session.settings().connections
    if connected:
        with st.container(horizontal=True, horizontal_alignment="right"):
            if st.button(_("Read all again"), icon=":material/sync:", key="sync-all"):
                connecting.sync()
    else:
        nothing(
            _("Nothing connected yet"),
            _("Choose a system below, or drop a file on the page Import."),
            ":material/cable:",
        )
    lacking = connecting.lacking()
    for name, said in connected.items():
        _connection(name, said.vendor, known.pop(name, None), lacking.get(name, ()))
    for name, source in known.items():
        _from_files(name, source)
    st.subheader(_("Connect a system"), anchor=False)
    if rights.offered("administer"):
        joining.show("connect")
    _catalogue()


def _connection(name: str, vendor: str, source: Source | None, lacking: tuple[str, ...]) -> None:
    now = session.now()
    with st.container(border=True):
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            title = labels.vendor(vendor) + (f" · {name}" if name != vendor else "")
            st.markdown(f"#### {plain(title)}", anchors=False, width="content")
            how = source_state("off" if lacking else source.state(now) if source else "never")
            st.markdown(badge(how), width="content")
        _account(name, bool(lacking))
        _health(source)
        if lacking:
            st.caption(_("What was read from it stays, read-only: nothing is read anew and nothing is written there."))
            st.caption(_("Enter {keys} below to connect it again.").format(keys=", ".join(lacking)))
            return
        with st.container(horizontal=True):
            if st.button(_("Read what changed"), key=f"read-{name}", icon=":material/sync:"):
                connecting.sync((name,))
            if st.button(_("Read everything"), key=f"full-{name}", icon=":material/restart_alt:"):
                connecting.sync((name,), full=True)
            if st.button(_("Test"), key=f"test-{name}", icon=":material/network_check:"):
                connecting.test(name)
                st.rerun()  # what it said of the account stands above
            connection_options.show(name, vendor)
            with st.popover(_("Disconnect"), icon=":material/link_off:"):
                st.caption(_("Its keys are deleted. What was read stays, and stays readable."))
                if rights.offered("administer") and st.button(_("Disconnect"), key=f"off-{name}", type="primary"):
                    connecting.disconnect(name)
        connecting.tested(name)
        if source and source.rejected:
            _rejects(name, source)


def _account(name: str, is_off: bool) -> None:
    """Show who we are there, with which rights, and what is missing."""
    told = accounts.told(state(session.data()), name)
    if told is None:
        if not is_off:
            st.caption(_("Press Test to see who we are there and what we may do."))
        return
    said = _("Was connected as {account}") if is_off else _("Connected as {account}")
    parts = [said.format(account=f"**{plain(told.account or _('not told'))}**")]
    if told.company:
        parts.append(_("company {company}").format(company=f"**{plain(told.company)}**"))
    parts.append(_("TEST account") if told.is_test else _("live account"))
    if told.currency:
        parts.append(plain(told.currency))
    if not is_off:
        parts.append(_("may only read") if told.unwritable else _("may read and write"))
    st.markdown(" · ".join(parts))
    if is_off:
        return
    if told.missing:
        rights = ", ".join(plain(right) for right in told.missing)
        st.warning(_("It may not read everything. Give the key these rights there, then press Test: {rights}").format(
            rights=rights), icon=":material/key_off:")  # fmt: skip
    if told.unwritable:
        rights = ", ".join(plain(right) for right in told.unwritable)
        st.info(_("It may only read. To let fixes be written, give the key these rights, then press Test: {rights}")
                .format(rights=rights), icon=":material/edit_off:")  # fmt: skip
    if told.note:
        st.warning(plain(told.note), icon=":material/warning:")
    with st.expander(several("{count} right", "{count} rights", len(told.rights)), icon=":material/key:"):
        st.markdown("\n".join(f"- {plain(right)}" for right in told.rights) or _("None."))
        when = moment(told.at, session.zone())
        st.caption(_("As it said on {at}.").format(at=when))


def _health(source: Source | None) -> None:
    if source is None or source.completed_at is None:
        st.caption(_("Not read yet."))
    else:
        held = sources.holdings(session.data(), source.vendor)
        tables = " · ".join(f"{labels.tables(table)} {number(count)}" for table, count in held.items())
        when = moment(source.completed_at, session.zone())
        read_at = _("Read {ago} ({when})").format(ago=ago(source.completed_at, session.now()), when=when)
        items = several("{count} item in that run", "{count} items in that run", source.items)
        st.caption(f"{read_at} · {items}  \n{tables}")
    if source and source.error:
        st.error(plain(source.error), icon=":material/error:")


def _rejects(name: str, source: Source) -> None:
    said = several("{count} item could not be used", "{count} items could not be used", source.rejected)
    with st.expander(said, icon=":material/report:", expanded=st.query_params.get("connection") == name):
        rows = sources.rejects(session.data(), name)
        shown = {
            _("Record"): [f"{r['kind']} {r['id']}" for r in rows],
            _("Field"): [r["field"] for r in rows],
            _("Value"): [r["value"] for r in rows],
            _("Why"): [r["reason"] for r in rows],
        }
        st.dataframe(shown, hide_index=True, alt=said)
        st.caption(_("Mend the record there, then try again; everything else was read."))
        if st.button(_("Try these again"), key=f"retry-{name}", icon=":material/refresh:"):
            connecting.retry(name)


def _from_files(name: str, source: Source) -> None:
    with st.container(border=True):
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            st.markdown(f"#### :material/draft: {plain(labels.vendor(name))}", anchors=False, width="content")
            st.markdown(badge(source_state(source.state(session.now()))), width="content")
        st.caption(_("From files."))
        _health(source)
        if source.rejected:
            _rejects(name, source)


def _catalogue() -> None:
    st.subheader(_("All systems"), anchor=False)
    st.caption(
        _("What works is proven by tests against the vendor's published specification; the last column says how.")
    )
    entries = catalogue.catalogue()
    with st.container(horizontal=True):
        text = bound(
            st.text_input, _("Search"), name="system", scope="connect", type="search", label_visibility="collapsed",
            placeholder=_("Name of a system"), width=260,
        )  # fmt: skip
        kinds = sorted({e.kind for e in entries})
        kind = st.pills(_("Kind"), kinds, format_func=labels.kind, key="kind", label_visibility="collapsed")
    shown = [e for e in entries if (not text or text.lower() in _(e.title).lower()) and (not kind or e.kind == kind)]
    wide = {_("System"): 235, _("State"): 80, _("Kind"): 90, _("Sign-in"): 165, _("Reads"): 150, _("Writes"): 150,
            _("API version"): 125, _("Evidence"): 370}  # fmt: skip
    st.dataframe(_table(shown), hide_index=True, height=tall(len(shown), 500), alt=_("All systems"),
                 column_config={n: st.column_config.TextColumn(n, width=w) for n, w in wide.items()})  # fmt: skip


def _table(entries: list[Entry]) -> dict[str, list[str]]:
    words = {"works": "✓ " + _("Works"), "file only": "◆ " + _("By file only"), "planned": "○ " + _("Planned")}
    return {
        _("System"): [_(e.title) for e in entries],
        _("State"): [words[e.state] for e in entries],
        _("Kind"): [labels.kind(e.kind) for e in entries],
        _("Sign-in"): [labels.auth(e.auth) for e in entries],
        _("Reads"): [", ".join(labels.tables(t) for t in e.reads) for e in entries],
        _("Writes"): [", ".join(labels.fix(w) for w in e.writes) for e in entries],
        _("API version"): [e.api_version for e in entries],
        _("Evidence"): [_(e.evidence) for e in entries],
    }
