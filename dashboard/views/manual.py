"""Help: what runs here and what it does, whom to ask, questions that people ask, and the guide to print."""

from typing import NamedTuple

import streamlit as st

from dashboard import guide, labels, onboarding, session
from dashboard.address import bound
from dashboard.parts import heading, link, plain
from dashboard.views.flow_words import modes, titles
from dashboard.words import _, several
from reconcile.settings import FLOWS


class Workflow(NamedTuple):
    """Something that runs here: when it starts, what it changes and where, and what it never does."""

    name: str
    trigger: str
    effects: tuple[str, ...]
    never: str
    page: str


def show() -> None:
    """Lay out the page: whom to ask, then what the reader came for."""
    heading(_("Help"), _("What runs here, when it starts, what it changes, and whom to ask."))
    _contact()
    parts = {"flows": _("Workflows"), "questions": _("Questions"), "pages": _("Pages"), "setup": _("Set-up guide")}
    chosen = bound(st.segmented_control, _("Part"), list(parts), name="part", scope="help", default="flows",
                   format_func=parts.__getitem__, required=True, label_visibility="collapsed")  # fmt: skip
    {"flows": _flows, "questions": _questions, "pages": _pages, "setup": _guide}[chosen or "flows"]()


def contact() -> str:
    """Return whom people ask, as the settings say; a sentence that says where to enter it where nobody is named."""
    return session.settings().company.contact or _("nobody is named yet (Settings › Company)")


def _contact() -> None:
    st.info(_("Whom to ask: {contact}").format(contact=plain(contact())), icon=":material/contact_support:")


def workflows() -> list[Workflow]:
    """Return every workflow: what runs by itself or by a click, in the order in which money flows."""
    said = {
        "deal_to_invoice": (
            _("A deal is won in the CRM (or comes into a stage you chose) and nothing is invoiced for it."),
            (_("Finds or creates the customer in billing: by stored id, then exact tax id, then new."),
             _("Drafts the invoice from the deal's lines; issues and sends it as far as Settings go."),
             _("Writes number, state, amount, due date and recipient to the deal in the CRM.")),
            _("Never invoices a deal twice, and never one whose customer, tax or amount is in question."),
        ),
        "payment_to_crm": (
            _("A payment arrives (bank statement or billing) and belongs to an invoice of a deal."),
            (_("Writes to the deal that it is paid, when, and how much."),
             _("Closes the invoice in billing where the bank shows the money and billing does not know it.")),
            _("Never takes a likeness for a payment: what is not certain is asked on Reconciliation."),
        ),
        "overdue_to_reminder": (
            _("An invoice is 7, 15 or 30 days late (Automations › Reminders), in office hours of the customer's "
              "country."),
            (_("Sends one mail per customer with all that is open, in their language."),
             _("Makes a task in the CRM for the salesperson; tells finance of what is very late.")),
            _("Never while money, a credit, a dispute or a promise could cover it, nor twice at one level."),
        ),
        "customer_data": (
            _("The CRM knows a tax id, address or e-mail that billing lacks or has otherwise."),
            (_("Writes it to the customer in billing, shown field by field before."),),
            _("Never touches an invoice that is issued."),
        ),
        "product_data": (
            _("A product's name or price differs between the CRM and billing."),
            (_("Writes it to the other side, as the page Fields says who owns which field."),),
            _("Never changes what was invoiced."),
        ),
        "quote_data": (
            _("A quote is published in the CRM or in billing and the other does not have it, or its state or last day "
              "changes on one side."),
            (_("Makes it on the other side for the same customer and deal, of the same products, and notes each "
               "one's id."),
             _("Brings across that it was accepted, declined or is over, and until when it holds.")),
            _("Never for a customer or a product that the other side lacks, and never changes what was offered."),
        ),
    }  # fmt: skip
    called = titles()
    flows = [Workflow(called[flow][0] if flow in called else labels.spelt(flow), *said[flow], "automations")
             for flow in FLOWS if flow in said]  # fmt: skip
    return [_reading(), *flows, _deciding(), _reporting()]


def _reading() -> Workflow:
    return Workflow(
        _("Reading and comparing"),
        _("A press on “Read”, a schedule, a web hook, or a file that is dropped."),
        (_("Reads what changed at each connected system and keeps it as it was said."),
         _("Links deals, invoices and payments, runs every check, and counts every figure anew.")),
        _("Never changes anything at a system it reads from."), "connections",
    )  # fmt: skip


def _deciding() -> Workflow:
    return Workflow(
        _("Linking by hand, and agreeing exceptions"),
        _("Somebody presses Yes, No or Link on Reconciliation, or “Leave it” on To fix."),
        (_("The decision wins over every rule, and stays through every reading."),
         _("A pair that was declined never comes back; an exception is back on its day or when its amount changes.")),
        _("Never splits a payment beyond its own amount or that of the invoice."), "reconciliation",
    )  # fmt: skip


def _reporting() -> Workflow:
    return Workflow(
        _("Weekly and monthly report"),
        _("Its schedule on Reports (Monday at nine, the first of a month), or a press on “Send to me”."),
        (_("The figures of the pages go out by e-mail, PDF, Excel, Google Sheets, Notion and Slack."),
         _("What went out is kept and opens again as it was.")),
        _("Never reaches anybody twice; a channel that fails is tried again alone."), "reports",
    )  # fmt: skip


def _flows() -> None:
    named, settings = modes(), session.settings()
    by_title = {titles()[f][0]: f for f in FLOWS if f in titles()}
    for flow in workflows():
        with st.container(border=True):
            name = by_title.get(flow.name)
            mode = f" · :gray[{named[settings.automation(name).mode]}]" if name else ""
            st.markdown(f"#### {plain(flow.name)}{mode}", anchors=False)
            effects = "\n".join(f"- {plain(effect)}" for effect in flow.effects)
            st.markdown(f"**{_('Starts when')}:** {plain(flow.trigger)}\n\n**{_('Then')}:**\n{effects}")
            st.markdown(f":material/shield: {plain(flow.never)}")
            if session.settings().company.contact:  # else the top of the page says it once
                st.markdown(f"**{_('Whom to ask')}:** {plain(contact())}")
            link(flow.page, _("Open the page"), ":material/arrow_forward:")


def questions() -> list[tuple[str, str]]:
    """Return what people ask, and the answers."""
    return [
        (_("Can I break anything by looking around?"),
         _("No. Reading changes nothing. Writing is off for live accounts until somebody switches it on, every write "
           "is shown before, and a red button under Settings › Writing stops all of it.")),
        (_("What if I press twice, or the machine goes off halfway?"),
         _("There is one result. Each wish is remembered before it is sent and looked up before it is repeated; what "
           "was interrupted goes on by itself.")),
        (_("Why is a payment not linked?"),
         _("Two invoices fit equally well, or nothing but the amount agrees. Reconciliation shows what agrees and what "
           "does not; you decide, and the rule learns the payer.")),
        (_("Why does a finding say “not checked”?"),
         _("It rests on something being absent, and the source it would be in was not read completely since. Read it "
           "again on Connections.")),
        (_("Why is an amount not added to the total?"),
         _("Currencies are never added. With the European Central Bank's rates taken in, totals are converted at each "
           "day's rate; what has no rate is left out and named.")),
        (_("A finding is right as it is. How do I silence it?"),
         _("Open it and press “Leave it” with a reason: for good, until a day, or with somebody's approval. It is back "
           "when its amount changes.")),
        (_("Where does our data go?"),
         _("Nowhere. It stays in the data folder on this machine; mails and reports go only where you said.")),
        (_("Somebody left: how do we get their access out?"),
         _("Make a new key at the system, enter it on Connections over the old one, then delete the old key there. "
           "Keys are kept encrypted and never shown.")),
        (_("How do I begin again with an empty company?"),
         _("Start with another data folder: cuadra --data FOLDER serve. The old one stays as it is.")),
    ]  # fmt: skip


def _questions() -> None:
    text = bound(st.text_input, _("Search"), name="q", scope="help", type="search", label_visibility="collapsed",
                 placeholder=_("Search the questions"))  # fmt: skip
    found = [(q, a) for q, a in questions() if not text or text.lower() in f"{q} {a}".lower()]
    for question, answer in found:
        with st.expander(plain(question)):
            st.markdown(plain(answer))
    if not found:
        st.caption(_("No question holds these words. Ask: {contact}").format(contact=plain(contact())))


def pages() -> dict[str, str]:
    """Return what each page is for, by its key."""
    return {
        "week": _("How much was sold, invoiced and collected, what is stuck, and what to click."),
        "to-fix": _("Every finding, to be mended, agreed, put off or given to somebody; several at once."),
        "deals": _("Any deal with its quotes, invoices and payments, and why they belong together."),
        "reconciliation": _("What rules suggest and a person must decide; links by hand; the rules' switches."),
        "quality": _("What is missing, wrong or there twice, and what that stops."),
        "sales": _("Won, invoiced and paid by salesperson, stage and month."),
        "receivables": _("What is open by age, how customers pay, and the cash that is to come."),
        "bridge": _("Where the money between booked and cashed is: each step opens its records."),
        "customer": _("Everything about one customer from every system, by date."),
        "value": _("What it brought: measured and assumed apart."),
        "reports": _("The weekly and monthly report: when, to whom, and what went out."),
        "automations": _("What happens after each reading, for whom, how often; reminders and their letters."),
        "connections": _("What is connected, how it is doing, what it may do; connecting and disconnecting."),
        "import": _("Your own files: dropped, questioned once, compared, taken in."),
        "activity": _("Every write and every decision: who, when, before, after; to be exported."),
        "quotes": _("What was offered: accepted, declined, expired, and what became of it."),
        "archive": _("The PDF of every document that was issued, with its checksum, and where copies go."),
        "fields": _("Which field is which on both sides, and who owns it."),
        "help": _("What runs here, when it starts, what it changes, and whom to ask."),
        "settings": _("How your company works: days, amounts, checks, mail, writing, invoicing."),
        "setup": _("From nothing to the first invoice, step by step."),
        "search": _("Deals, customers, invoices and payments by any word or number."),
    }


def _pages() -> None:
    """Show what each page is for, in the order of the menu; the one that is asked about first."""
    shown, told = st.session_state["pages"], pages()
    asked = st.query_params.get("about", "")
    for key in sorted(shown, key=lambda key: key != asked):
        with st.container(border=key == asked, gap="xxsmall"):
            st.page_link(shown[key])
            st.caption(plain(told[key]))


def _guide() -> None:
    steps = onboarding.steps(session.data(), session.settings())
    left = sum(not step.done for step in steps)
    st.markdown(several("{count} step is left.", "{count} steps are left.", left) if left else _("All steps are done."))
    with st.container(horizontal=True):
        st.download_button(_("Print the guide (PDF)"), lambda: guide.pdf(steps, session.settings()),
                           "set-up.pdf", "application/pdf", icon=":material/print:", on_click="ignore")  # fmt: skip
    link("setup", _("Go through the steps"), ":material/checklist_rtl:")
    for at, step in enumerate(steps, 1):
        mark = ":green[:material/check_circle:]" if step.done else ":gray[:material/radio_button_unchecked:]"
        how = "\n".join(f"    - {plain(line)}" for line in step.how)
        st.markdown(f"{mark} **{at}. {plain(step.title)}**  \n:gray[{plain(step.why)}]\n{how}")
