"""Evidence in words: what was compared, what agreed, and both values where they differ."""

import streamlit as st

from dashboard import labels
from dashboard.parts import plain, value
from dashboard.read import Row
from dashboard.words import _, several

TWICE = ("duplicate_invoice", "duplicate_customers")  # checks that compare two records of the same sort


def show(reasons: list[Row], check: str = "", sides: tuple[str, str] | None = None) -> None:
    """Show facts as sentences, differences as a table with both values, and what agreed as one line.

    `sides` names both records; by default a finding's: the CRM and billing.
    """
    told = [(reason, sentence) for reason in reasons if (sentence := fact(reason))]
    if told:
        st.markdown("\n".join(f"- {sentence}" for _reason, sentence in told))
    rest = [r for r in reasons if r not in [reason for reason, _sentence in told]]
    differing = [r for r in rest if r.get("agrees") is False and (r.get("left") or r.get("right"))]
    if differing:
        sides = sides or ((_("First"), _("Second")) if check in TWICE else (_("CRM"), _("Billing")))
        head = f"| {_('Difference')} | {sides[0]} | {sides[1]} |\n|:--|:--|:--|\n"
        lines = [
            f"| {labels.evidence(r['code'])} | {_shown(r.get('left'))} | {_shown(r.get('right'))} |" for r in differing
        ]
        st.markdown(head + "\n".join(lines))
    if agreeing := [r for r in rest if r.get("agrees")]:
        st.caption(":green[:material/check:] " + " · ".join(sentence_of(r) for r in agreeing))


def fact(reason: Row) -> str:
    """Return evidence that states something rather than compares two sides, as a sentence; empty for a comparison."""
    code, left, right = reason["code"], _shown(reason.get("left")), _shown(reason.get("right"))
    said = {
        "deal_amount": _("The deal is worth {left}."),
        "trigger": _("What made it due: {left}."),
        "plan_part": _("Part of its plan: {left}."),
        "won_on": _("Won on {left}."),
        "due_on": _("Due on {left}, {right}."),
        "draft_since": _("A draft since {left}."),
        "paid": _("{right} of {left} is paid."),
        "allocated": _("{right} of {left} is for an invoice."),
        "accepted_on": _("The customer accepted it on {left}."),
        "between": _("It would stand between {left} and {right}."),
        "deal_status": _("The deal is {left} in the CRM."),
        "valid_until_on": _("It was valid until {left}."),
        "deposit_paid_on": _("The deposit was paid on {right}."),
        "period": _("Nothing was invoiced for {left}."),
        "last_invoice": _("The last invoice before is of {right}."),
        "received_on": _("Received on {left}, says billing."),
        "bank_read_until": _("The bank statement was read until {right}."),
        "credit": _("{left} are to the customer's credit."),
        "open_invoices": _("{right} are open on other invoices."),
        "last_read": _("Last read completely at {left} (UTC)."),
        "deleted": _("{left} has deleted its record."),
        "new_in": _("It is new in {left}."),
        "stock": _("Ordered: {left}; on hand: {right}."),
        "customer_there": _("Its customer is on both sides.")
        if reason.get("agrees")
        else _("Its customer is not in the other system yet."),
        "product_there": _("All its products are on both sides.")
        if reason.get("agrees")
        else _("Not every product is in the other system yet, as {left}."),
        "sku": _("The line's SKU: {left}.") if reason.get("left") else _("The line has no SKU."),
        "tax_rate": _("{right} percent tax on the invoice."),
        "numbers_missing": _("Missing: {left}.")
        if reason.get("left") == reason.get("right")
        else _("Missing: {left} to {right}."),
    }.get(code)
    if code == "deal_status":
        left = labels.deal_status(reason.get("left")).lower() if reason.get("left") else ""
        return said.format(left=left) if said and left else _("There is no deal for it.")
    if code == "due_on":
        right = several("{count} day ago", "{count} days ago", _count(reason))
    if code == "invoices":
        return several("{count} invoice.", "{count} invoices together.", _count(reason))
    if code == "trigger":
        left = labels.trigger(reason.get("left"))
    if code == "read_error":
        return _("At the last try: {left}").format(left=left) if reason.get("left") else ""
    if code == "issued_on" and not reason.get("right"):
        said = _("Issued on {left}.")
    if code.startswith("possible_"):
        count = reason.get("right") or reason.get("left") or "0"
        if code == "possible_deals":
            said = (
                _("No deal was found that it might belong to.")
                if count == "0"
                else _("Deals it might belong to: {count}.")
            )
        else:
            said = (
                _("No invoice was found that might belong to it.")
                if count == "0"
                else _("Invoices that might: {count}.")
            )
        return said.format(count=count)
    for ending, words in _problems().items():
        if code.endswith(ending) and not reason.get("right"):
            field = labels.evidence(code.removesuffix(ending))
            return f"{field}: {left} · {words}" if reason.get("left") else f"{field}: {words}"
    return said.format(left=left, right=right) if said else ""


def _count(reason: Row) -> int:
    return int(reason.get("right") or 0)


def _problems() -> dict[str, str]:
    return {
        "_missing": _("missing"),
        "_checksum": _("the check digit is wrong"),
        "_length": _("the length is wrong"),
        "_format": _("the form is wrong"),
        "_component": _("a part of it is impossible"),
    }


def sentence_of(reason: Row) -> str:
    """Return one reason as a few words, e.g. "Invoice number in the text: F-2026-0007"."""
    left, right = reason.get("left"), reason.get("right")
    said = labels.evidence(reason["code"])
    if left in (None, "") and right in (None, ""):
        return said
    if left == right or right in (None, ""):
        return f"{said}: {_shown(left)}"
    if left in (None, ""):
        return f"{said}: {_shown(right)}"
    return f"{said}: {_shown(left)} {'≈' if reason.get('agrees') else '≠'} {_shown(right)}"


def _shown(said: object) -> str:
    return plain(labels.state_word(value(said))) if said not in (None, "") else "–"
