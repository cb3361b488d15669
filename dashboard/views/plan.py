"""How a deal is billed: its plan with what became of each part, the next part to invoice, and changing the plan."""

import datetime as dt
from decimal import Decimal, InvalidOperation
from typing import Any

import streamlit as st
from pydantic import ValidationError

from dashboard import act, jobs, labels, rights, said, session, working
from dashboard.parts import badge, plain
from dashboard.read import Row, plans
from dashboard.theme import Mark
from dashboard.words import DASH, _, day, day_typed, money, number
from reconcile.action import Subject
from reconcile.plans import BillingPlan, Part, deposit, keep, plan_of
from reconcile.state import state

MOST = 12  # parts that a form asks for
KINDS = ("once", "deposit", "stages", "recurring")
WHENS = ("next", "paid", "day", "stage", "click")


def show(deal: Row, has_fix: bool) -> None:
    """Show how a deal is billed. `has_fix`: a finding above offers to invoice it already."""
    rows = plans.parts(session.data(), deal["vendor"], deal["id"])
    plan = plan_of(state(session.data()), deal["vendor"], deal["id"])
    if plan is None and deal["status"] == "lost":
        return
    with st.container(border=True):
        st.markdown(f"**{_('How it is billed')}** · {plain(kinds()[plan.kind if plan else 'once'])}")
        if rows:
            _parts(rows, deal)
        _next(rows, deal, has_fix)
        if rights.may("decide"):
            with st.expander(_("Change how it is billed"), icon=":material/edit_calendar:"):
                _form(deal, plan)


def kinds() -> dict[str, str]:
    """Return what the ways of billing are called."""
    return {"once": _("All at once"), "deposit": _("A deposit, then the rest"), "stages": _("By stages"),
            "recurring": _("Again and again")}  # fmt: skip


def whens() -> dict[str, str]:
    """Return what makes a part due."""
    return {"next": _("As soon as the deal is due"), "paid": _("When the part before is paid"), "day": _("On a day"),
            "stage": _("At a stage of the deal"), "click": _("By click only")}  # fmt: skip


def _parts(rows: list[Row], deal: Row) -> None:
    """Show the parts with state and invoice, and what is left to invoice."""
    lines = [f"| {_('Part')} | {_('Amount')} | {_('Due')} | | {_('Invoice')} |", "|:--|--:|:--|:--|:--|"]
    for row in rows[-24:]:
        amount = row["net"] if row["number"] and row["invoice_id"] else row["expected"]
        share = f" ({number(row['percent'])} %)" if row["percent"] is not None else ""
        became = row["number"] or (_("Draft") if row["invoice_id"] else DASH)
        cells = [plain(named(row) + share), plain(money(amount, deal["currency"])), plain(_when(row)),
                 badge(mark(row["state"])), plain(became)]  # fmt: skip
        lines.append("| " + " | ".join(cells) + " |")
    st.markdown("\n".join(lines))
    if rows[0]["kind"] != "recurring" and deal["remaining"] is not None:
        st.caption(_("Left to invoice: {amount}").format(amount=plain(money(deal["remaining"], deal["currency"]))))


def named(row: Row) -> str:
    """Return what a part is called."""
    if row["label"]:
        return str(row["label"])
    return {"deposit": _("Deposit"), "final": _("Final invoice")}.get(row["part"], labels.spelt(row["part"]))


def _when(row: Row) -> str:
    if row["on_date"]:
        return day(row["on_date"])
    if row["stage"]:
        return whens()["stage"]
    if row["after_payment"]:
        return whens()["paid"]
    return whens()["next"] if row["position"] == 1 else whens()["click"]


def mark(part_state: str) -> Mark:
    """Return how the state of a part is shown."""
    return {
        "invoiced": Mark("green", ":material/check_circle:", "✓", _("Invoiced")),
        "drafted": Mark("blue", ":material/draft:", "●", _("Draft")),
        "due": Mark("orange", ":material/schedule:", "◆", _("Due")),
    }.get(part_state, Mark("gray", ":material/more_horiz:", "○", _("Waiting")))


def _next(rows: list[Row], deal: Row, has_fix: bool) -> None:
    """Offer to invoice the next part, or the deal where it has no plan."""
    if not rights.may("write"):
        return
    subject = Subject(table="deals", vendor=deal["vendor"], id=deal["id"])
    open_ = [row for row in rows if row["state"] in ("due", "waiting")]
    if open_:
        row = next((one for one in open_ if one["state"] == "due"), open_[0])
        label = _("Invoice “{part}” …").format(part=named(row))
        if st.button(label, key="invoice-part", icon=":material/visibility:", type="primary"):
            act.offered("create_invoice", subject, {"part": row["part"]})
        return
    is_open = deal["status"] != "lost" and deal["verdict"] in ("none", "part")
    label = labels.fix("create_invoice") + " …"
    if not rows and not has_fix and is_open and st.button(label, key="invoice-deal", icon=":material/visibility:"):
        act.offered("create_invoice", subject)


def _form(deal: Row, plan: BillingPlan | None) -> None:
    mine = f"plan-{deal['vendor']}-{deal['id']}"  # what was typed for another deal must not stand here
    kind = st.radio(_("It is billed"), KINDS, KINDS.index(plan.kind if plan else "once"), horizontal=True,
                    format_func=kinds().__getitem__, key=f"{mine}-kind")  # fmt: skip
    answers: dict[str, Any] = {}
    if kind == "deposit":
        answers = _deposit(plan, mine)
    elif kind == "stages":
        now = len(plan.parts) if plan and plan.kind == "stages" else 3
        count = int(st.number_input(_("Stages"), 2, MOST, now, key=f"{mine}-count", width=160))
        answers = {"parts": [_stage(at, plan, deal, mine) for at in range(count)]}
    elif kind == "recurring":
        answers = recurring(plan, deal, mine)
    if st.button(_("Save"), icon=":material/save:", key=f"{mine}-save"):
        _save(deal, kind, answers)


def _deposit(plan: BillingPlan | None, mine: str) -> dict[str, Any]:
    now = plan.parts[0].percent if plan and plan.kind == "deposit" else Decimal(30)
    help_ = _("The final invoice shows everything and takes the deposit off.")
    typed = st.text_input(_("Deposit in percent"), f"{now.normalize():f}", key=f"{mine}-deposit", help=help_, width=160)
    return {"percent": typed}


def _stage(at: int, plan: BillingPlan | None, deal: Row, mine: str) -> dict[str, Any]:
    known = plan.parts[at] if plan and plan.kind == "stages" and at < len(plan.parts) else None
    stages = {row["id"]: row["name"] or row["id"] for row in plans.pipeline(session.data(), deal["vendor"], deal["id"])}
    title, share, when, what = st.columns([3, 1, 3, 3], vertical_alignment="bottom")
    found: dict[str, Any] = {
        "name": known.name if known else f"stage-{at + 1}",
        "title": title.text_input(_("Stage {number}").format(number=at + 1), known.title if known else "",
                                  key=f"{mine}-title-{at}", placeholder=_("What the customer reads")),
        "percent": share.text_input(_("Percent"), f"{known.percent.normalize():f}" if known else "",
                                    key=f"{mine}-percent-{at}"),
    }  # fmt: skip
    offered = [w for w in WHENS if w not in (("next",) if at else ("paid", "click")) and (w != "stage" or stages)]
    due = when.selectbox(_("Due"), offered, offered.index(w) if (w := _known_when(known, at)) in offered else 0,
                         format_func=whens().__getitem__, key=f"{mine}-when-{at}")  # fmt: skip
    found |= {"due": due, "on": None, "stage": "", "after_payment": due == "paid"}
    if due == "day":
        found["on"] = what.date_input(_("On a day"), known.on if known else None, key=f"{mine}-on-{at}",
                                       format=day_typed())  # fmt: skip
    elif due == "stage":
        at_stage = list(stages).index(known.stage) if known and known.stage in stages else None
        found["stage"] = what.selectbox(_("At a stage"), list(stages), at_stage, format_func=stages.__getitem__,
                                        key=f"{mine}-stage-{at}") or ""  # fmt: skip
    return found


def _known_when(known: Part | None, at: int) -> str:
    if known is None:
        return "click" if at else "next"
    if known.on:
        return "day"
    if known.stage:
        return "stage"
    return "paid" if known.after_payment else "click" if at else "next"


def recurring(plan: BillingPlan | None, deal: Row, mine: str, is_wide: bool = True) -> dict[str, Any]:
    """Ask for how often, from when until when, and how much each time; return the answers by BillingPlan's names."""
    known = plan if plan and plan.kind == "recurring" else None
    every = {
        1: _("Every month"),
        2: _("Every 2 months"),
        3: _("Every quarter"),
        6: _("Every half-year"),
        12: _("Every year"),
    }
    left, middle, right = st.columns(3) if is_wide else (st, st, st)
    steps = list(every)
    return {
        "every": left.selectbox(_("How often"), steps, steps.index(known.every) if known else 0,
                                format_func=every.__getitem__, key=f"{mine}-every"),
        "day": int(middle.number_input(_("Day of the month"), 1, 31, known.day if known else 1, key=f"{mine}-day",
                                       help=_("The 31st is the last day in a shorter month."))),
        "net": right.text_input(_("Each time, without tax"), f"{known.net:.2f}" if known and known.net else "",
                                key=f"{mine}-net", placeholder=_("The deal's lines") if deal["id"] else ""),
        "begins_on": left.date_input(_("From"), known.begins_on if known else deal["won_on"] or session.day(),
                                     key=f"{mine}-begins", format=day_typed()),
        "ends_on": middle.date_input(_("Until (optional)"), known.ends_on if known else None, key=f"{mine}-ends",
                                     format=day_typed()),
    }  # fmt: skip


def _save(deal: Row, kind: str, answers: dict[str, Any]) -> None:
    try:
        made = _made(kind, answers)
        keep(state(session.data()), deal["vendor"], deal["id"], made, session.who())
    except ValidationError as error:
        st.error(plain(wrong(error)), icon=":material/error:")
        return
    except ValueError as error:
        st.error(plain(error), icon=":material/error:")
        return
    working.run(_("Comparing again"), lambda told: jobs.reconcile(session.data(), progress=told))
    said.say("success", _("The deal is billed like this now: {how}.").format(how=kinds()[kind].lower()))
    st.rerun()


def _made(kind: str, answers: dict[str, Any]) -> BillingPlan | None:
    """Return the plan that was typed in, None for all at once. ValueError says what to mend."""
    if kind == "once":
        return None
    if kind == "deposit":
        return deposit(amount(answers["percent"]))
    if kind == "recurring":
        net = amount(answers["net"]) if answers["net"].strip() else None
        begins: dt.date = answers["begins_on"]
        return BillingPlan.model_validate({**answers, "kind": kind, "net": net, "begins_on": begins})
    return BillingPlan(kind="stages", parts=tuple(_part(said) for said in answers["parts"]))


def _part(said: dict[str, Any]) -> Part:
    if (said["due"] == "day" and said["on"] is None) or (said["due"] == "stage" and not said["stage"]):
        raise ValueError(_("Pick the day or the stage from which each part is due."))
    fields = {name: value for name, value in said.items() if name != "due"}
    return Part.model_validate(fields | {"percent": amount(said["percent"])})


def amount(text: str) -> Decimal:
    """Return the number that was typed in. ValueError in words where it is none."""
    try:
        return Decimal(text.replace("%", "").replace(" ", "").replace(",", "."))
    except InvalidOperation as error:
        raise ValueError(_('"{text}" is not a number; write it like 30 or 12.5').format(text=text)) from error


def wrong(error: ValidationError) -> str:
    """Return in words what is wrong with a plan that was typed in."""
    first = error.errors()[0]
    if first["type"] == "value_error":
        return {
            "the parts are at least two and 100 percent together": _("The stages must be 100 percent together."),
            "the last day is before the first": _("The last day is before the first."),
        }.get(str(first["ctx"]["error"]), str(first["ctx"]["error"]))
    return _("A share is more than 0 and at most 100 percent, an amount more than 0.")
