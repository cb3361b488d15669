"""Where one document is archived: each place with its day, its path and its checksum, and the PDF itself."""

import streamlit as st

from dashboard import session
from dashboard.parts import plain
from dashboard.words import _, moment
from reconcile.archive import kept
from reconcile.archive.place import SCHEMES, place
from reconcile.archive.work import PLACES
from reconcile.state import state


def places() -> dict[str, str]:
    """Return what the places are called."""
    scheme = session.settings().archive.scheme
    return {"files": _("Folder") if scheme == "fs" else SCHEMES[scheme].title, "crm": _("CRM"), "mail": _("Accounting")}


def document(vendor: str, key: str) -> None:
    """Show of one document where it is archived, since when and with which checksum, and hand out its PDF."""
    held = kept.of(state(session.data()), vendor, key)
    for where in PLACES.values():
        if row := held.get(where):
            at = moment(row["stored_at"], session.zone())
            said = _("Archived {moment}").format(moment=at)
            st.caption(f":material/inventory_2: **{plain(places()[where])}** · {plain(row['path'])} · {plain(said)}  \n"
                       f"SHA-256 `{row['checksum']}`")  # fmt: skip
    if "files" in held:
        data, chosen, store = session.data(), session.settings().archive, state(session.data())
        path = held["files"]["path"]

        def content() -> bytes:
            found = place(data, chosen, store).get(path)
            if found is None:
                raise FileNotFoundError(path)
            return found

        st.download_button(
            _("PDF from the archive"), content, path.rpartition("/")[2], "application/pdf", on_click="ignore",
            icon=":material/picture_as_pdf:", key=f"archived-{vendor}-{key}",
        )  # fmt: skip
