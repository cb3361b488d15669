"""The options of a system that is connected: what it was told when it was joined, to look at and to change."""

import streamlit as st

from dashboard import choosing, rights, said, session
from dashboard.parts import plain
from dashboard.words import _
from extract.vendor import registry
from reconcile import settings
from reconcile.settings import Connection


def show(name: str, vendor: str) -> None:
    """Offer the options of a connection; nothing where its vendor has none."""
    options = registry()[vendor].options if vendor in registry() else ()
    if not options:
        return
    with st.popover(_("Options"), icon=":material/tune:"):
        if not rights.offered("administer"):
            return
        held = session.settings().connections[name].options
        with st.form(f"options-{name}", border=False):
            typed = {
                o.name: st.text_input(_(o.says), value=str(held.get(o.name, o.default)), key=f"set-{name}-{o.name}")
                for o in options
            }
            st.caption(_("What says how fields are read holds once everything is read again."))
            if st.form_submit_button(_("Save"), icon=":material/save:", key=f"save-options-{name}"):
                usual = {o.name: o.default for o in options}
                _keep(name, {option: text.strip() for option, text in typed.items()}, usual)


def _keep(name: str, typed: dict[str, str], usual: dict[str, str]) -> None:
    known = settings.load(session.data()).connections
    held = known[name]
    rest = {option: value for option, value in held.options.items() if option not in typed}
    chosen = {option: text for option, text in typed.items() if text != usual[option]}
    made = Connection.model_validate({"vendor": held.vendor, **rest, **chosen})
    try:
        choosing.keep(session.data(), {"": {"connections": known | {name: made}}}, session.who())
    except choosing.NotSo as no:
        for refusal in no.refusals:
            said.say("error", plain(f"{refusal.name}: {refusal.why}"))
    else:
        said.say("success", _("The options were kept."))
    st.rerun()
