"""What the reader may do, said on the page: whom to ask where they may not. It is checked where it is done, too."""

import streamlit as st

from dashboard import read, session
from dashboard.parts import plain
from dashboard.read.salespeople import salespeople
from dashboard.words import _
from reconcile import access
from reconcile.access import Forbidden, Right

# The pages of somebody who sees their own deals only; all others show what belongs to the whole company.
OF_SALESPEOPLE = ("week", "to-fix", "deals", "sales", "receivables", "customer", "search", "help")
# What a page is for, where it is for changing something: said at its top to whoever may only look.
FOR: dict[str, Right] = {
    "reconciliation": "decide", "import": "refresh", "automations": "administer",
    "fields": "administer", "setup": "administer", "archive": "write",
}  # fmt: skip


def may(right: Right) -> bool:
    """Return whether the reader has a right."""
    return access.acting().may(right)


def offered(right: Right) -> bool:
    """Return whether the reader has a right; where not, say on the page whom to ask."""
    if may(right):
        return True
    st.caption(f":material/lock: {says(right)}")
    return False


def sees_plans() -> bool:
    """Return whether the reader may see what would be written: it tells more than what is a salesperson's own."""
    return access.acting().sees_all or offered("write")


def says(right: Right) -> str:
    """Return what somebody reads who has not got a right, as Markdown."""
    told = {
        "comment": _("Your role does not let you comment: {ask}."),
        "decide": _("Your role does not let you decide this: {ask}."),
        "refresh": _("Your role does not let you read systems or files in: {ask}."),
        "write": _("Your role does not let you write to other systems: {ask}."),
        "approve": _("Your role does not let you approve this: {ask}."),
        "administer": _("Your role does not let you change settings: {ask}."),
    }[right]
    return told.format(ask=ask())


def ask() -> str:
    """Return whom to ask, in the middle of a sentence, as Markdown."""
    settings = session.settings()
    name = settings.access.administrator or settings.company.contact
    return _("ask your administrator ({name})").format(name=plain(name)) if name else _("ask your administrator")


def refused(error: Exception) -> bool:
    """Say on the page that a right is missing; return whether that was what went wrong."""
    if not isinstance(error, Forbidden):
        return False
    st.warning(says(error.right), icon=":material/lock:")
    return True


def sees(page: str) -> bool:
    """Return whether the reader may open a page."""
    person = access.acting()
    return person.sees_all or (bool(person.role) and page in OF_SALESPEOPLE)


def banner(page: str) -> None:
    """Say at the top of a page that the reader may only look at it, or why a salesperson sees nothing."""
    if page in FOR:
        offered(FOR[page])
    data = session.data()
    if not access.acting().sees_all and read.ready(data) and not salespeople(data):
        told = _("The CRM knows no salesperson with your e-mail address, so nothing is shown: {ask}.")
        st.info(told.format(ask=ask()), icon=":material/person_search:")


def roles() -> dict[str, str]:
    """Return what the roles are called."""
    return {
        "viewer": _("Viewer"),
        "salesperson": _("Salesperson"),
        "operator": _("Operator"),
        "approver": _("Approver"),
        "admin": _("Administrator"),
    }
