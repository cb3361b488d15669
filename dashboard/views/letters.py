"""Reminders: when they go out, who gets none, who else is told, and what the letters say."""

import datetime as dt
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import lru_cache
from pathlib import Path

import streamlit as st

from dashboard import said, session
from dashboard.parts import plain
from dashboard.read import ready, warehouse
from dashboard.read.warehouse import Stamp
from dashboard.words import LANGUAGES as NAMES
from dashboard.words import _, money, speaking
from reconcile import access, bounces, letters, settings
from reconcile.facts import opened
from reconcile.letters import LANGUAGES, PLACES, LetterError
from reconcile.reminders import rights
from reconcile.settings import Reminders
from reconcile.state import Entry, state

SAMPLE = {"F-2026-101": Decimal(1210), "F-2026-117": Decimal(300)}  # invoices of a letter that is only looked at


def show() -> None:
    """Lay out the choices, then the letters."""
    known = session.settings().reminders
    _claims()
    with st.form("reminders"):
        chosen = _choices(known)
        if st.form_submit_button(_("Save"), type="primary", icon=":material/save:"):
            _save(known, chosen)
    _came_back()
    st.subheader(_("What the letters say"), anchor=False)
    write([*(name for name in PLACES if name.startswith("reminder_")), "notice", "bills"], sample, "letter")


def _came_back() -> None:
    """Show the addresses that mails came back from; nothing goes there before it is corrected, or somebody says so."""
    store, found = state(session.data()), bounces.standing(session.data())
    failed = store.value(bounces.FAILED)
    if failed:
        told = _("Mails that came back could not be read: {error}")
        st.warning(told.format(error=plain(failed["says"])), icon=":material/mark_email_unread:")
    if not found:
        return
    with st.expander(_("Addresses that mails came back from"), icon=":material/mark_email_unread:", expanded=True):
        for address, back in sorted(found.items()):
            left, right = st.columns([4, 2], vertical_alignment="center")
            left.markdown(f"**{plain(address)}** · {plain(back['says'])}")
            if right.button(_("Write to it again"), key=f"bounce-{address}"):
                bounces.forget(store, address, session.who())
                st.rerun()


def _has_bills() -> bool:
    """Return whether any system or file says what we have to pay."""
    if not ready(session.data()):
        return False
    with opened(session.data(), session.settings(), session.day()) as facts:
        return facts.one("SELECT 1 FROM bills LIMIT 1") is not None


def _claims() -> None:
    """Show what the law lets us claim for what is at level 3, by the currency of the invoices."""
    if not ready(session.data()):
        return
    chosen = session.settings()
    asked = (chosen.company.country, chosen.reminders.days[-1])
    found = _rights(session.data(), warehouse.stamp(session.data()), session.day(), asked)
    for currency, (interest, fixed, its) in sorted(found.items()):
        told = _("Late by law on invoices in {currency}: {interest} interest and {fixed} for the costs of recovery.")
        st.caption(told.format(currency=currency, interest=plain(money(interest, currency)),
                               fixed=plain(money(fixed, its))))  # fmt: skip


@lru_cache(maxsize=4)
def _rights(data: Path, at: Stamp, day: dt.date, asked: object) -> dict[str, tuple[Decimal, Decimal, str]]:
    """Return what `rights` does, computed once for a comparison, a day, and what else it depends on."""
    with opened(data, session.settings(), day) as facts:
        return rights(facts)


def _choices(known: Reminders) -> dict[str, object]:
    """Show the choices; return what stands in them."""
    found: dict[str, object] = {}
    days = st.columns(3)
    found["days"] = [
        int(column.number_input(_("Level {level}: days late").format(level=at + 1), 1, 365, known.days[at],
                                key=f"level-{at + 1}"))
        for at, column in enumerate(days)
    ]  # fmt: skip
    first, last, workdays = st.columns(3, vertical_alignment="bottom")
    found["from_hour"] = int(first.number_input(_("Not before (hour)"), 0, 23, known.from_hour))
    found["to_hour"] = int(last.number_input(_("Not after (hour)"), 1, 24, known.to_hour))
    found["business_days"] = workdays.checkbox(_("Only on the customer's business days"), known.business_days)
    out = st.text_area(_("Who gets none: tax id, name or e-mail, one a line"), "\n".join(known.opt_out), key="opt-out")
    found["opt_out"] = [line.strip() for line in out.splitlines() if line.strip()]
    finance, after = st.columns([3, 1])
    found["finance"] = finance.text_input(_("Finance is told at this address, once for each invoice"), known.finance,
                                          key="finance").strip()  # fmt: skip
    found["finance_days"] = int(after.number_input(_("after days late"), 1, 365, known.finance_days))
    before, ahead = st.columns([3, 1], vertical_alignment="bottom")
    found["notice"] = before.checkbox(_("A letter before anything is late, to those who have not paid"), known.notice,
                                      key="notice")  # fmt: skip
    found["notice_days"] = int(ahead.number_input(_("days before it is due"), 0, 30, known.notice_days,
                                                  key="notice-days"))  # fmt: skip
    if _has_bills() or known.bills:
        bills, soon = st.columns([3, 1], vertical_alignment="bottom")
        found["bills"] = bills.checkbox(_("Finance is reminded of bills to pay, at the address above"), known.bills,
                                        key="bills")  # fmt: skip
        found["bills_days"] = int(soon.number_input(_("days before it is due"), 0, 60, known.bills_days,
                                                    key="bills-days"))  # fmt: skip
    found["tasks"] = st.checkbox(_("A task in the CRM for the salesperson at each level"), known.tasks)
    found["attach"] = st.checkbox(_("The PDFs of the invoices go with the letter"), known.attach)
    found["interest"] = st.checkbox(
        _("Level 3 names statutory interest and the fixed sum, to companies"), known.interest
    )
    return found


def _save(known: Reminders, chosen: dict[str, object]) -> None:
    try:
        made = Reminders.model_validate(known.model_dump() | chosen)
    except ValueError:
        why = _("Nothing was saved: each level comes later than the one before, and the last hour after the first.")
        said.say("error", why)
        st.rerun()
    data = session.data()
    settings.save(settings.load(data).model_copy(update={"reminders": made}), data)
    state(data).record(Entry(who=session.who(), action="change_reminders", outcome="decided",
                             subject="settings:reminders", before=known.model_dump(),
                             after=made.model_dump()))  # fmt: skip
    said.say("success", _("Saved."))
    st.rerun()


def write(names: list[str], sample: Callable[[str], Mapping[str, str]], scope: str) -> None:
    """Let one of these letters be read, changed, tried with what `sample` says in its language, and put back.

    `scope` sets its fields apart from those of other letters on the page.
    """
    left, right = st.columns(2)
    name, right = names[0], right if len(names) > 1 else left
    if len(names) > 1:
        name = left.selectbox(_("Letter"), names, format_func=_level, key=f"{scope}-name")
    language = right.selectbox(_("Language"), LANGUAGES, format_func=lambda code: NAMES.get(code, code),
                               key=f"{scope}-language")  # fmt: skip
    store, key = state(session.data()), f"{letters.KEPT}{name}.{language}"
    own = store.value(key)
    text = st.text_area(_("First line: subject. Then the text."), own or letters.original(name, language), height=320,
                        key=f"text-{name}-{language}")  # fmt: skip
    must, may = PLACES[name]
    told = _("Must stand in it: {must}. May: {may}.")
    st.caption(told.format(must=_braced(must), may=_braced(may)))
    try:
        subject, body = letters.letter(name, language, {"company": session.settings().company.name, **sample(language)},
                                       {f"{name}.{language}": letters.checked(name, text)})  # fmt: skip
    except LetterError as error:
        st.error(_("This text cannot be sent. {error}").format(error=plain(error)), icon=":material/error:")
        return
    with st.expander(_("How it looks"), expanded=True):
        st.markdown(f"**{plain(subject)}**")
        st.text(body)
    with st.container(horizontal=True):
        if st.button(_("Use this text"), icon=":material/save:", key=f"{scope}-save"):
            _keep(key, own, text)
        if own and st.button(_("Back to the original"), icon=":material/undo:", key=f"{scope}-back"):
            _keep(key, own, None)


def _keep(key: str, before: str | None, after: str | None) -> None:
    access.need("administer")
    store = state(session.data())
    if after is None:
        store.drop([key])
    else:
        store.keep(key, after)
    store.record(Entry(who=session.who(), action="change_letter", outcome="decided", subject=key,
                       before={"text": before} if before else None,
                       after={"text": after} if after else None))  # fmt: skip
    said.say("success", _("Saved."))
    st.rerun()


def sample(language: str) -> dict[str, str]:
    """Return what a letter that is only looked at tells of, its amounts as its language writes them."""
    with speaking(language):
        lines = [f"- {number} · {money(amount, 'EUR')}" for number, amount in SAMPLE.items()]
        total = money(sum(SAMPLE.values(), Decimal(0)), "EUR")
    return {"number": next(iter(SAMPLE)), "customer": "Acme SL", "company": session.settings().company.name,
            "total": total, "statement": "\n".join(lines), "rights": ""}  # fmt: skip


def _level(name: str) -> str:
    own = {"notice": _("Before anything is late"), "bills": _("To finance: bills to pay")}
    return own.get(name) or _("Level {level}").format(level=name.rpartition("_")[2])


def _braced(names: frozenset[str]) -> str:
    return ", ".join(f"`{{{name}}}`" for name in sorted(names))
