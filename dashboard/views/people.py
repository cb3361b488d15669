"""Settings of who may come in: people, groups and domains with their roles, and when a session ends."""

import streamlit as st

from dashboard import asking, letting_in, rights, said, session
from dashboard.asking import Ask
from dashboard.parts import plain
from dashboard.words import _


def show() -> None:
    """Lay out who has which role, then how one gets or loses it, then how long a session lasts."""
    chosen = session.settings().access
    if chosen.is_on:
        st.caption(_("People sign in at {provider}. A change counts from their next click.").format(
            provider=plain(chosen.issuer)))  # fmt: skip
    else:
        st.info(_("Nobody signs in: the page answers the machine it runs on alone. To let others in, run "
                  "`cuadra sign-in`; roles can be given before."), icon=":material/lock:")  # fmt: skip
    _listed()
    _give()
    with st.form("sessions"):
        typed = asking.fields([
            Ask("access", "administrator", _("Whom people ask for a right"),
                _("Name and e-mail or phone; whom people ask on Company where it is empty.")),
            Ask("access", "session_hours", _("Sign in again after hours"), _("However busy somebody is.")),
            Ask("access", "idle_minutes", _("Sign in again after minutes without a click"),
                _("The page then closes by itself.")),
        ])  # fmt: skip
        if st.form_submit_button(_("Save"), type="primary", icon=":material/save:"):
            asking.save(typed)


def _listed() -> None:
    rows = letting_in.listed(session.data())
    if not rows:
        st.caption(_("Nobody has a role yet."))
        return
    names = rights.roles()
    st.dataframe(
        {
            _("Who"): [row["whom"] for row in rows],
            _("Role"): [names[row["role"]] for row in rows],
            _("E-mail in the CRM"): [row["crm_email"] for row in rows],
        },
        hide_index=True, alt=_("Who may come in"),
    )  # fmt: skip


def _give() -> None:
    names = rights.roles() | {"": _("No role: take it away")}
    told = {
        "viewer": _("sees everything that is no secret"),
        "salesperson": _("sees their own deals and what hangs on them; comments"),
        "operator": _("also decides pairs, assigns, reads systems and files in, writes drafts and CRM fields"),
        "approver": _("also issues and sends invoices, reminds, agrees to exceptions, sends reports"),
        "admin": _("also settings, connections, keys, automations"),
    }
    with st.form("give", clear_on_submit=True):
        who, role, crm = st.columns(3, vertical_alignment="top")
        meant = _("An e-mail address, what the provider says of somebody, or a whole domain.")
        whom = who.text_input(_("Who"), placeholder="ana@example.com · groups=finance · @example.com", help=meant)
        wanted = role.selectbox(_("Role"), list(names), format_func=names.__getitem__, key="give-role")
        email = crm.text_input(_("E-mail in the CRM"), help=_("Of a salesperson whom the CRM knows by another one."))
        st.caption("  \n".join(f"**{names[name]}** {says}" for name, says in told.items()))
        if st.form_submit_button(_("Save"), type="primary", icon=":material/save:"):
            try:
                letting_in.give(session.data(), whom, wanted or "", email, who=session.who())
            except letting_in.Wrong as error:
                st.error(plain(error), icon=":material/error:")
                return
            said.say("success", _("Saved."))
            st.rerun()
