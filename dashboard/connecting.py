"""What the page Connections and the button "read again" start: reading, testing, connecting, mending rejects."""

from pathlib import Path

import streamlit as st

from dashboard import imports, jobs, labels, rights, said, session, setup, working
from dashboard.parts import plain
from dashboard.words import _, number, several
from extract import store
from extract.store import Reading
from extract.vendor import Connected, VendorError
from reconcile.connections import connections, unconnected
from reconcile.settings import SettingsError
from reconcile.vault import VaultError

TAKEN = "taken"  # dropped files that were taken in
_TESTED = "tested"  # connection → what its test said; "?" for one that is being connected


def sync(names: tuple[str, ...] = (), full: bool = False) -> None:
    """Read the named connections, or all, reconcile, and draw the page anew."""
    if not rights.offered("refresh"):
        return
    data = session.data()

    def job(told: working.Told) -> list[Reading]:
        readings = jobs.sync(data, names, full=full, progress=told)
        jobs.reconcile(data, progress=told)
        jobs.automate(data, progress=told)
        return readings

    try:
        readings = working.run(_("Reading and comparing"), job)
    except (jobs.Unknown, SettingsError, VaultError) as error:
        said.say("error", plain(error))
        st.rerun()
    if not readings:
        said.say("info", _("Nothing is connected yet: connect a system first."))
    for reading in readings:
        _tell(reading)
    st.rerun()


def retry(name: str) -> None:
    """Read a source's rejects again, reconcile, and draw the page anew."""
    if not rights.offered("refresh"):
        return
    data = session.data()
    found = connections(data).get(name) or next((s for s in imports.sources(data) if s.name == name), None)
    if found is None:
        said.say("error", _("{name} is not connected any more.").format(name=plain(name)))
        st.rerun()

    def job(told: working.Told) -> Reading:
        told(labels.vendor(name), 0)
        reading = store.retry(found, data, zone=session.settings().company.time_zone)
        jobs.reconcile(data, progress=told)
        return reading

    try:
        _tell(working.run(_("Trying again"), job))
    except VendorError as error:
        said.say("error", plain(error))
    st.rerun()


def _tell(reading: Reading) -> None:
    name = labels.vendor(reading.vendor)
    if reading.error:
        said.say("error", _("{name} stopped: {error}").format(name=plain(name), error=plain(reading.error)))
        return
    rows = ", ".join(f"{number(count)} {labels.tables(table)}" for table, count in reading.rows.items())
    text = f"**{plain(name)}**: {rows or _('nothing changed')}"
    if reading.rejected:
        text += " · " + several("{count} could not be used", "{count} could not be used", reading.rejected)
    said.say("warning" if reading.rejected else "success", text)


def test(name: str) -> None:
    """Try a connection's kept credentials and remember what it said for `tested`."""
    if not rights.offered("refresh"):
        return
    with st.spinner(_("Asking {name} …").format(name=labels.vendor(name))):
        try:
            st.session_state.setdefault(_TESTED, {})[name] = setup.again(session.data(), name)
        except (VendorError, VaultError) as error:
            st.session_state.setdefault(_TESTED, {})[name] = str(error)


def connect(vendor: str, name: str, credentials: dict[str, str], options: dict[str, str]) -> None:
    """Try credentials and keep them if they are right; what is wrong stays on the page, nothing is kept then."""
    if not rights.offered("administer"):
        return
    with st.spinner(_("Asking {name} …").format(name=labels.vendor(vendor))):
        try:
            found = setup.connect(session.data(), vendor, name, credentials, options, who=session.who())
        except (VendorError, VaultError, SettingsError) as error:
            st.session_state.setdefault(_TESTED, {})["?"] = str(error) + " " + _("Nothing was kept.")
            return
    st.session_state.setdefault(_TESTED, {})[name] = found
    sync((name,))


def lacking() -> dict[str, tuple[str, ...]]:
    """Return which credentials each connection lacks that is not connected, or not any more."""
    return unconnected(session.data())


def working_names() -> list[str]:
    """Return the connections that have their credentials."""
    return [name for name in session.settings().connections if name not in lacking()]


def disconnect(name: str) -> None:
    """Delete a connection's keys; what was read stays."""
    setup.disconnect(session.data(), name, who=session.who())
    said.say("info", _("{name} is disconnected; what was read from it stays.").format(name=labels.vendor(name)))
    st.rerun()


def tested(name: str) -> None:
    """Show what the last test of a connection said, if there was one."""
    answer = st.session_state.get(_TESTED, {}).get(name)
    if isinstance(answer, Connected):
        text = _("Connected to {account}").format(account=plain(answer.account))
        text += f" · **{_('TEST account')}**" if answer.is_test else f" · {_('live account')}"
        if answer.currency:
            text += f" · {answer.currency}"
        st.success(text, icon=":material/check_circle:")
        if answer.missing:
            missing = ", ".join(plain(right) for right in answer.missing)
            st.warning(_("Rights that are missing: {rights}").format(rights=missing), icon=":material/key_off:")
    elif answer:
        st.error(plain(answer), icon=":material/error:")


def take(path: Path, answers: dict[str, str], mark: str) -> None:
    """Take a dropped file in, reconcile, and draw the page anew; `mark` tells it among the dropped ones."""
    if not rights.offered("refresh"):
        return
    data = session.data()

    def job(told: working.Told) -> imports.Taken:
        told(path.name, 0)
        taken = imports.take(data, path, answers=answers)
        jobs.reconcile(data, progress=told)
        return taken

    try:
        taken = working.run(_("Taking in {file}").format(file=path.name), job)
    except imports.Ask as error:
        said.say("error", plain(error))
        st.rerun()
    path.unlink(missing_ok=True)  # what it said is kept with the raw data
    st.session_state.setdefault(TAKEN, set()).add(mark)
    counts = [
        several("{count} new", "{count} new", taken.new),
        several("{count} changed", "{count} changed", taken.changed),
        several("{count} as before", "{count} as before", taken.same),
    ]
    if taken.rejected:
        counts.append(several("{count} could not be used", "{count} could not be used", taken.rejected))
    said.say("warning" if taken.rejected else "success", f"**{plain(taken.file)}**: " + " · ".join(counts))
    st.rerun()
