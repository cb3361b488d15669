"""Automations: how far each flow goes by itself, for whom, how often a day, and what it would do right now."""

import datetime as dt
import re
from decimal import Decimal
from typing import Any, Literal

import streamlit as st

from dashboard import act, jobs, labels, said, session, working
from dashboard.parts import badge, heading, nothing, plain
from dashboard.read import ready, scope
from dashboard.read.salespeople import salespeople
from dashboard.theme import Mark
from dashboard.views import invoicing, letters, outgoing, states, triggers, unattended
from dashboard.views.flow_words import modes, titles
from dashboard.words import _, moment, several
from reconcile import workflows
from reconcile.action import Plan
from reconcile.automations import switch
from reconcile.automations.due import Due, due
from reconcile.settings import FLOWS, Automation, SettingsError
from reconcile.state import state
from reconcile.vault import VaultError

SHOWN = 20  # chains listed in a preview; the rest are counted
MODES: tuple[Literal["off", "suggest", "automatic"], ...] = ("off", "suggest", "automatic")
_WORTH = re.compile(r"(\d+(?:\.\d{1,2})?)\s*([A-Z]{3})|([A-Z]{3})\s*(\d+(?:\.\d{1,2})?)")


def show() -> None:
    """Lay out the flows, then reminders and their letters."""
    heading(_("Automations"), _("What runs after each reading. Everything goes the way of a click: the same preview, "
                                "the same switch for live accounts, and once however often."))  # fmt: skip
    work, when, looks, shown, alone, written, told = st.tabs(
        [_("Flows"), _("When to invoice"), _("How invoices go out"), _("What the CRM shows"), _("By itself"),
         _("Reminders"), _("Web hooks and channels")]
    )  # fmt: skip
    with work:
        _preview_all()
        for flow in FLOWS:
            with st.container(border=True):
                _flow(flow)
    with when:
        triggers.show()
    with looks:
        invoicing.show()
    with shown:
        states.show()
    with alone:
        unattended.show()
    with written:
        letters.show()
    with told:
        outgoing.show()


def _preview_all() -> None:
    """Offer to look at what is due, and to do it now."""
    with st.container(horizontal=True):
        if st.button(_("Show what would happen now"), icon=":material/visibility:", key="look",
                     disabled=not ready(session.data())):  # fmt: skip
            try:
                st.session_state["due"] = due(session.data())
            except (SettingsError, VaultError) as error:
                st.error(plain(error), icon=":material/error:")
        help_ = _("Does what is automatic, as after each reading. What only suggests is left alone.")
        off = not ready(session.data())
        if st.button(_("Run now"), icon=":material/play_arrow:", key="run-now", disabled=off, help=help_):
            _run()


def _run() -> None:
    done = working.run(_("Running what is automatic"), lambda told: jobs.automate(session.data(), progress=told))
    st.session_state.pop("due", None)
    bad = [run for run in done.runs if run.state != "done"]
    good = several("{count} was done.", "{count} were done.", len(done.runs) - len(bad))
    said.say("success" if not bad else "warning", good)
    for run in bad:
        reason = next((o.error for o in run.outcomes if o.error), _("it still runs"))
        said.say("error", f"{plain(act.spelt(run.plans[0].says))} {plain(reason)}")
    if done.capped:
        left = several("{count} is left for tomorrow: the day's number is reached.",
                       "{count} are left for tomorrow: the day's number is reached.", done.capped)  # fmt: skip
        said.say("info", left)
    st.rerun()


def _flow(flow: str) -> None:
    title, says = titles()[flow]
    known, store = session.settings(), state(session.data())
    chosen, runs = known.automation(flow), switch.is_automatic(known, store, flow)
    st.markdown(f"#### {plain(title)} {badge(_mark(chosen, runs))}")
    st.caption(plain(says))
    last = switch.switched(store, flow)
    if last:
        told = _("Switched by {who} on {at}.")
        st.caption(
            told.format(who=plain(last["who"]), at=moment(dt.datetime.fromisoformat(last["at"]), session.zone()))
        )
    elif chosen.mode == "automatic":
        st.warning(_("The settings file says automatic, and nobody has put their name to it here: it only suggests."))
    with st.form(f"flow-{flow}", border=False):
        _form(flow, chosen, switch.waits_for(known, store, flow) if not runs else None)
    found = st.session_state.get("due")
    if found is not None:
        _due([one for one in found if one.flow == flow], runs)


def _form(flow: str, chosen: Automation, behind: str | None) -> None:
    people = {row["id"]: row["name"] or row["email"] or row["id"] for row in _people()}
    left, middle, right = st.columns([3, 4, 2], vertical_alignment="bottom")
    mode = left.radio(_("How far"), MODES, MODES.index(chosen.mode), format_func=modes().__getitem__, horizontal=True,
                      key=f"mode-{flow}")  # fmt: skip
    owners = middle.multiselect(_("For these salespeople"), list(people), [o for o in chosen.owners if o in people],
                                format_func=people.__getitem__, placeholder=_("All"), key=f"owners-{flow}")  # fmt: skip
    cap = right.number_input(_("Most a day"), 0, 10_000, chosen.daily_cap, key=f"cap-{flow}",
                             help=_("That it starts by itself. What a person clicks is not counted."))  # fmt: skip
    narrower = _narrower(flow, chosen)
    reason = ""
    if behind:
        told = _("Why it may run by itself before “{flow}” has done so for {days} days without a refusal")
        reason = st.text_input(told.format(flow=titles()[behind][0], days=switch.CLEAN_DAYS), key=f"reason-{flow}")
    if st.form_submit_button(_("Save"), icon=":material/save:"):
        if narrower is None:
            st.error(_("Nothing was saved: write amounts like 5000 EUR, apart by commas."))
        else:
            _save(flow, Automation(mode=mode, owners=owners, daily_cap=int(cap), **narrower), reason)


def _narrower(flow: str, chosen: Automation) -> dict[str, Any] | None:
    """Offer pipelines, countries and amounts to stay within; return what stands there, None where it is no amount."""
    data = session.data()
    known, lands = (scope.pipelines(data), scope.countries(data)) if ready(data) else ({}, [])
    left, middle, right = st.columns([3, 4, 2], vertical_alignment="bottom")
    found: dict[str, Any] = {"pipelines": []}
    if flow != "customer_data":  # a customer is in no pipeline
        offered = list(dict.fromkeys([*known, *chosen.pipelines]))
        found["pipelines"] = left.multiselect(
            _("In these pipelines"), offered, chosen.pipelines, format_func=lambda id: known.get(id, id),
            placeholder=_("All"), key=f"pipelines-{flow}")  # fmt: skip
    found["countries"] = middle.multiselect(
        _("For customers of these countries"), list(dict.fromkeys([*lands, *chosen.countries])), chosen.countries,
        placeholder=_("All"), key=f"countries-{flow}")  # fmt: skip
    said_ = ", ".join(f"{limit:f} {currency}" for currency, limit in chosen.ceiling.items())
    text = right.text_input(_("By itself up to"), said_, key=f"ceiling-{flow}", placeholder="5000 EUR",
                            help=_("What is worth more, or is in a currency that is not named, waits for a click. "
                                   "Empty: no limit."))  # fmt: skip
    found["ceiling"] = {}
    for part in filter(None, (part.strip().upper() for part in text.split(","))):
        worth = _WORTH.fullmatch(part)
        if worth is None:
            return None
        found["ceiling"][worth[2] or worth[3]] = Decimal(worth[1] or worth[4])
    return found


def _save(flow: str, made: Automation, reason: str) -> None:
    title = titles()[flow][0]
    try:
        switch.switch(session.data(), flow, made, session.who(), reason.strip())
    except switch.Unmapped as lacking:
        names = ", ".join(plain(labels.field(name)) for name in lacking.fields)
        said.say("error", _("“{flow}” was not switched: {fields} has no place on one side. Say where it is on the page "
                            "Fields.").format(flow=title, fields=names))  # fmt: skip
    except switch.Locked:
        said.say("error", _("“{flow}” was not switched: say why it may run by itself already.").format(flow=title))
    else:
        said.say("success", _("“{flow}” is now: {mode}.").format(flow=title, mode=modes()[made.mode]))
        st.session_state.pop("due", None)
    st.rerun()


def _due(found: list[Due], runs: bool) -> None:
    """Show what a flow would do now, and what waits and why."""
    click = [d for d in found if d.held and d.held.text.startswith("It waits for a click")]
    go, wait = [d for d in found if d.held is None], [d for d in found if d.held and d not in click]
    if not found:
        nothing(_("Nothing is due"), _("As of the last reading."))
    if go:
        with st.expander(several("{count} would start now", "{count} would start now", len(go)), expanded=True):
            _list(go, False)
    if click:
        with st.expander(several("{count} waits for a click", "{count} wait for a click", len(click))):
            st.caption(_("These would start by themselves if this flow were automatic.") if not runs else "")
            _list(click, False)
            _offer([plan for d in click for plan in d.plans if not any(p.findings for p in d.plans)])
    if wait:
        with st.expander(several("{count} needs a person or another time", "{count} need a person or another time",
                                 len(wait))):  # fmt: skip
            _list(wait, True)


def _offer(plans: list[Plan]) -> None:
    """Let a person start what stands on no worklist, such as a letter before anything is late."""
    count = len({plan.chain for plan in plans})
    said_ = several("Do the {count} that is on no other page", "Do the {count} that are on no other page", count)
    if count and st.button(said_, icon=":material/send:", key=f"offer-{plans[0].action}"):
        ended = working.run(said_, lambda told: workflows.settle(session.data(), plans, session.who()))
        bad = [one for one in ended if not one.is_done]
        for one in bad:
            said.say("error", plain(one.error))
        good = several("{count} was done.", "{count} were done.", len(ended) - len(bad))
        said.say("success" if not bad else "warning", good)
        st.session_state.pop("due", None)
        st.rerun()


def _list(found: list[Due], why: bool) -> None:
    lines = []
    for one in found[:SHOWN]:
        says = plain(act.spelt(one.plans[-1].says if len(one.plans) == 1 else _lead(one).says))
        lines.append(f"- {says}" + (f"  \n  :gray[{plain(act.spelt(one.held))}]" if why and one.held else ""))
    st.markdown("\n".join(lines))
    if len(found) > SHOWN:
        st.caption(_("… and {count} more").format(count=len(found) - SHOWN))


def _lead(one: Due) -> Any:
    """Return the step that a chain is about."""
    wanted = ("create_invoice", "issue_invoice", "send_invoice", "send_reminder", "record_payment")
    return next((p for p in one.plans if p.action in wanted), one.plans[0])


def _mark(chosen: Automation, runs: bool) -> Mark:
    if runs:
        return Mark("green", ":material/autoplay:", "●", modes()["automatic"])
    if chosen.mode == "off":
        return Mark("gray", ":material/block:", "○", modes()["off"])
    return Mark("blue", ":material/touch_app:", "◆", modes()["suggest"])


def _people() -> list[dict[str, Any]]:
    return list(salespeople(session.data())) if ready(session.data()) else []
