"""The form that connects a system: where its key is found, the key itself, and what else it must know."""

import streamlit as st

from dashboard import connecting, labels, own_login, session
from dashboard.address import bound
from dashboard.parts import plain
from dashboard.words import _
from extract.vendor import Vendor, registry

OPEN = ("url", "user", "login")  # endings of credentials that are no secrets


def show(scope: str) -> None:
    """Ask for a vendor's credentials; they are tried before they are kept. `scope` tells the pages apart."""
    vendors = {name: v for name, v in sorted(registry().items()) if v.needs}
    with st.container(border=True):
        chosen = bound(
            st.selectbox, _("System"), list(vendors), name="vendor", scope=scope, format_func=labels.vendor,
            placeholder=_("Choose a system"),
        )  # fmt: skip
        if chosen:
            _form(chosen, vendors[chosen])
            if vendors[chosen].login:
                own_login.form(chosen, free_name(chosen))
        connecting.tested("?")


def _form(chosen: str, vendor: type[Vendor]) -> None:
    kind = labels.auth(vendor.auth_kind)
    st.caption(f"{kind} · {_('API version')} {plain(vendor.api_version or '–')} · {plain(vendor.evidence)}")
    if vendor.steps:
        st.markdown("\n".join(f"{at}. {plain(_(step))}" for at, step in enumerate(vendor.steps, 1)))
    with st.form(f"connect-{chosen}", border=False, clear_on_submit=True):
        name = st.text_input(_("Name of the connection"), value=free_name(chosen),
                             help=_("A second account of the same system gets a name of its own."))  # fmt: skip
        address = ""
        if vendor.auth_kind == "url":
            address = st.text_input(_("Address"), value="", placeholder=vendor.base_url)
        given = {need: _credential(chosen, need) for need in vendor.needs}
        with st.expander(_("Options"), icon=":material/tune:"):
            options = {o.name: st.text_input(_(o.says), value=o.default, key=f"option-{chosen}-{o.name}")
                       for o in vendor.options}  # fmt: skip
            if vendor.auth_kind != "url":
                address = st.text_input(_("Address"), value="", placeholder=vendor.base_url)
        if st.form_submit_button(_("Test and connect"), type="primary", icon=":material/cable:"):
            changed = {o.name: options[o.name] for o in vendor.options if options[o.name] != o.default}
            more = {"base_url": address.strip()} if address.strip() else {}
            connecting.connect(chosen, name.strip() or chosen, given, changed | more)


def free_name(vendor: str) -> str:
    """Return a name for a new connection: the vendor's own, or one that is not taken by a connection that works."""
    settings = session.settings()
    working = set(settings.connections) - set(connecting.lacking())
    names = (vendor, *(f"{vendor}-{n}" for n in range(2, 100)))
    return next((name for name in names if name not in working), vendor)


def _credential(vendor: str, need: str) -> str:
    label = labels.secret(vendor, need)
    if need.lower().rsplit("_", 1)[-1] in OPEN:
        return st.text_input(label, help=need, autocomplete="off")
    return st.text_input(label, type="password", help=need, autocomplete="off")
