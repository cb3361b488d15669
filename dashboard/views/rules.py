"""The rules that link, in the order they run, each with a switch, and how often they were right by your own word."""

from decimal import Decimal
from typing import Any

import streamlit as st

from dashboard import deciding, labels, said, session
from dashboard.parts import plain, sums
from dashboard.read import Row, matching
from dashboard.words import DASH, _, number, several
from reconcile import links, quality, settings
from reconcile.state import Entry, state


def show() -> None:
    """Lay out how often rules were right, then the rules."""
    found = quality.own(state(session.data()).decisions())
    _measures(found)
    judged: dict[str, dict[str, int]] = {}
    for told in found.values():
        for one in told["by_rule"]:
            counted = judged.setdefault(one["rule"].removesuffix("_tie"), {"confirmed": 0, "declined": 0})
            for what in counted:
                counted[what] += one[what]
    _rules(judged)


def _measures(found: dict[str, dict[str, Any]]) -> None:
    st.subheader(_("How often it is right"), anchor=False)
    if not found:
        st.caption(_("Nothing was decided yet. Every yes and no counts here: what the rules had proposed is measured "
                     "against what you said."))  # fmt: skip
        return
    st.dataframe(
        {
            "pair": [" ↔ ".join(labels.table(t) for t in pair.split("_")) for pair in found],
            "decided": [t["confirmed"] + t["declined"] for t in found.values()],
            "precision": [_share(t["automatic"]["precision"]) for t in found.values()],
            "recall": [_share(t["automatic"]["recall"]) for t in found.values()],
            "asked": [_share(t["with_suggested"]["precision"]) for t in found.values()],
            "offered": [_share(t["with_suggested"]["recall"]) for t in found.values()],
            "abstained": [t["abstained"] for t in found.values()],
            "money": [_money(t["money"]) for t in found.values()],
        },
        column_config={
            "pair": st.column_config.TextColumn(_("What"), width=170),
            "decided": st.column_config.NumberColumn(_("Decided"), width=75),
            "precision": st.column_config.TextColumn(
                _("Right, automatic"), help=_("Of the automatic links you judged, how many you confirmed.")),
            "recall": st.column_config.TextColumn(
                _("Found, automatic"), help=_("Of the pairs you confirmed, how many were linked without asking.")),
            "asked": st.column_config.TextColumn(
                _("Right, with suggestions"), help=_("Of all proposals you judged, how many you confirmed.")),
            "offered": st.column_config.TextColumn(
                _("Found, with suggestions"), help=_("What is missing here you linked by hand.")),
            "abstained": st.column_config.NumberColumn(
                _("Not picked"), help=_("Several fitted equally well: all were shown and none was picked.")),
            "money": st.column_config.TextColumn(
                _("Money found, automatic"), help=_("Of the money you confirmed, by currency."), width=170),
        },
        hide_index=True, alt=_("How often it is right"),
    )  # fmt: skip
    with st.expander(_("By evidence")):
        for pair, told in found.items():
            st.markdown("**" + " ↔ ".join(labels.table(t) for t in pair.split("_")) + "**")
            lines = [
                f"| {_('Nothing agreed') if e['evidence'] == 'none' else labels.evidence(e['evidence'])} | "
                f"{number(e['confirmed'])} | {number(e['declined'])} | {_share(e['precision'])} |"
                for e in told["by_evidence"]
            ]
            head = f"| {_('Best evidence')} | {_('Confirmed')} | {_('Declined')} | {_('Right')} |\n|:--|--:|--:|--:|\n"
            st.markdown(head + "\n".join(lines))


def _share(value: float | None) -> str:
    return DASH if value is None else f"{number(Decimal(str(100 * value)), 1)} %"


def _money(told: list[dict[str, Any]]) -> str:
    return " · ".join(
        f"{_share(m['recall_automatic'])} {_('of')} {sums([(m['currency'], m['confirmed'])])}" for m in told
    )


def _rules(judged: dict[str, dict[str, int]]) -> None:
    st.subheader(_("Rules, in the order they run"), anchor=False)
    st.caption(_("What people decided comes first; then each rule links what is still free. "
                 "A rule that is off links nothing from the next comparison on."))  # fmt: skip
    off, counts = set(session.settings().choices.rules_off), matching.by_rule(session.data())
    with st.form("rules", border=False):
        on = {
            name: _rule(place, name, title, why, name not in off, counts.get(name), judged.get(name))
            for place, (name, title, why) in enumerate(links.rules_in_order(), 1)
        }
        if st.form_submit_button(_("Save and compare again"), type="primary", icon=":material/save:"):
            _save(sorted(name for name, is_on in on.items() if not is_on), off)


def _rule(
    place: int, name: str, title: str, why: str, is_on: bool, counted: Row | None, judged: dict[str, int] | None
) -> bool:
    """Show one rule with its switch; return whether it is on."""
    shown = st.container(gap="xxsmall")
    chosen = shown.toggle(f"{place}. {plain(_(title))}", is_on, key=f"rule-{name}")
    told = []
    if counted and counted["made"]:
        told.append(several("{count} link made", "{count} links made", counted["made"]))
    if counted and counted["waiting"]:
        told.append(several("{count} waits for an answer", "{count} wait for an answer", counted["waiting"]))
    if judged:
        told.append(_("you confirmed {yes} and declined {no}").format(
            yes=number(judged["confirmed"]), no=number(judged["declined"])))  # fmt: skip
    shown.caption(" · ".join([plain(_(why)), *told]))
    return chosen


def _save(off: list[str], before: set[str]) -> None:
    """Keep which rules are off, in the settings file and in the audit log, and compare again."""
    data = session.data()
    if set(off) == before:
        said.say("info", _("Nothing was changed."))
        st.rerun()
    kept = settings.load(data)
    settings.save(kept.model_copy(update={"choices": kept.choices.model_copy(update={"rules_off": off})}), data)
    state(data).record(Entry(who=session.who(), action="switch_rules", outcome="decided", subject="settings:rules_off",
                             before={"rules_off": ", ".join(sorted(before))},
                             after={"rules_off": ", ".join(off)}))  # fmt: skip
    deciding.compare()
