"""Reminders: where each late invoice stands, and what was said to a customer when, to whom, and what came of it."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

import streamlit as st

from dashboard import labels, narrow, session
from dashboard.address import page
from dashboard.parts import go, nothing, tall
from dashboard.read import Row, reminded
from dashboard.words import DASH, _, day, moment, money, several
from reconcile import bounces
from reconcile.reminders import level_of
from reconcile.state import State, state


def standing(chosen: narrow.Chosen) -> None:
    """Show every late invoice with its last reminder and its next; a click opens its customer's reminders."""
    found, _first = reminded.late(session.data(), chosen.asked)
    if not found:
        nothing(_("Nothing is late"), _("Once an invoice is past its due date, this says who was reminded of it when."),
                ":material/done_all:")  # fmt: skip
        return
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.markdown(f"**{several('{count} late invoice', '{count} late invoices', found)}**", width="content")
        at = page(-(-found // reminded.PAGE), "reminded", chosen)
    _found, rows = reminded.late(session.data(), chosen.asked, number=at)
    for i in _table(rows, whose=True):
        if rows[i]["head_id"]:
            go("customer", customer=f"{rows[i]['head_vendor']}:{rows[i]['head_id']}", view="reminders")
        else:
            go("deals", invoice=f"{rows[i]['vendor']}:{rows[i]['id']}")


def of_customer(head: tuple[str, str]) -> None:
    """Show the customer's late invoices, and all that was said about them, the latest first."""
    _found, late = reminded.late(session.data(), "", *head)
    events = _events(head)
    if not late and not events:
        nothing(_("Nothing is late, and nobody was reminded"), _("Reminders, mails that came back, promises and "
                "disputes stand here once there are some."), ":material/done_all:")  # fmt: skip
        return
    if late:
        for i in _table(late, whose=False):
            go("deals", invoice=f"{late[i]['vendor']}:{late[i]['id']}")
    st.markdown(f"**{_('What was said')}**")
    if not events:
        st.caption(_("No reminder went to this customer yet."))
        return
    shown = {name: [event[name] for event in events] for name in ("at", "what", "invoice", "detail", "who")}
    config = {
        "at": st.column_config.TextColumn(_("When"), width=130),
        "what": st.column_config.TextColumn(_("What"), width=150),
        "invoice": st.column_config.TextColumn(_("Invoice"), width=110),
        "detail": st.column_config.TextColumn(_("Detail"), width=220),
        "who": st.column_config.TextColumn(_("To, or by"), width=170),
    }
    st.dataframe(shown, column_config=config, hide_index=True, height=tall(len(events), 500), key="reminder-events",
                 alt=_("What was said"))  # fmt: skip


def _table(rows: list[Row], whose: bool) -> list[int]:
    """Show late invoices; return which row was clicked."""
    store, steps = state(session.data()), session.settings().reminders.days
    last = _last(store, rows)
    back = bounces.standing(session.data())
    shown = {
        "number": [r["number"] or r["id"] for r in rows],
        "open": [money(r["open_amount"], r["currency"]) for r in rows],
        "customer": [r["customer_name"] or "" for r in rows],
        "late": [r["days_overdue"] for r in rows],
        "last": [_sent(last.get((r["vendor"], r["id"]))) for r in rows],
        "next": [_next(r, last.get((r["vendor"], r["id"])), steps, back) for r in rows],
    }
    config: dict[str, Any] = {
        "number": st.column_config.TextColumn(_("Invoice"), width=110),
        "open": st.column_config.TextColumn(_("Still open"), width=105, alignment="right"),
        "customer": st.column_config.TextColumn(_("Customer"), width=200),
        "late": st.column_config.NumberColumn(_("Days late"), width=75),
        "last": st.column_config.TextColumn(_("Last reminder"), width=170),
        "next": st.column_config.TextColumn(_("Next"), width=230),
    }
    if not whose:
        del shown["customer"], config["customer"]
    state_ = st.dataframe(
        shown, column_config=config, hide_index=True, on_select="rerun", selection_mode="single-row", key="late",
        height=tall(len(rows), 560), alt=_("Late invoices"),
    )  # fmt: skip
    return [i for i in state_.selection.rows[:1] if i < len(rows)]


def _last(store: State, rows: list[Row]) -> dict[tuple[str, str], Row]:
    """Return the last reminder of each of these invoices."""
    ours = {(r["vendor"], r["id"]) for r in rows}
    sent = ((s["vendor"], s["invoice_id"], s) for s in store.reminders())  # oldest first
    return {(vendor, id): s for vendor, id, s in sent if (vendor, id) in ours}


def _level(level: int) -> str:
    return _("Level {level}").format(level=level) if level else _("Before anything is late")


def _sent(reminder: Row | None) -> str:
    if reminder is None:
        return DASH
    return f"{_level(reminder['level'])} · {day(reminder['sent_at'].astimezone(session.zone()).date())}"


def _next(row: Row, last: Row | None, steps: Sequence[int], back: dict[str, Any]) -> str:
    """Return what comes next for a late invoice: a level and its day, or why there is none."""
    if row["agreed"]:
        held = state(session.data()).decision(f"finding:{row['finding_id']}")
        word = _("Left alone") if row["agreed"] == "agreed" else _("Put off")
        until = f" · {_('until {day}').format(day=day(held['until_on']))}" if held and held["until_on"] else ""
        return word + until + (f" · {row['agreed_why']}" if row["agreed_why"] else "")
    address = (row["customer_email"] or row["known_email"]).strip().lower()
    if address in back:
        return _("Mail came back: correct the address")
    if not address:
        return _("No e-mail address")
    done, now = last["level"] if last else 0, level_of(row["days_overdue"], steps)
    if now > done:
        return _("Level {level}, due now").format(level=now)
    if now >= len(steps):
        return _("All levels sent")
    on = row["due_on"] + dt.timedelta(days=steps[now])
    return _("Level {level} on {day}").format(level=now + 1, day=day(on))


def _events(head: tuple[str, str]) -> list[dict[str, str]]:
    """Return what was said to a customer and about its late invoices, the latest first."""
    store, zone = state(session.data()), session.zone()
    numbers = reminded.invoices_of(session.data(), *head)
    found: list[tuple[dt.datetime, dict[str, str]]] = []
    for sent in store.reminders():
        if number := numbers.get((sent["vendor"], sent["invoice_id"])):
            what = _("Reminder") if sent["level"] else _("Letter before it was late")
            found.append((sent["sent_at"], {"what": what, "invoice": number, "detail": _level(sent["level"]),
                                            "who": sent["recipient"]}))  # fmt: skip
    subjects = {f"invoices:{vendor}:{id}": number for (vendor, id), number in numbers.items()}
    for entry in store.entries(500, action="reminder_bounced"):
        if number := subjects.get(entry["subject"]):
            found.append((entry["at"], {"what": labels.action(entry["action"]), "invoice": number,
                                        "detail": entry["says"], "who": ""}))  # fmt: skip
    said = reminded.findings_of(session.data(), *head)
    for one in store.standing([f"finding:{id}" for id in said]).values():
        place = said[one["finding_id"]]
        word = _("Left alone") if one["verdict"] == "agreed" else _("Put off")
        until = _("until {day}").format(day=day(one["until_on"])) if one["until_on"] else ""
        found.append((one["decided_at"], {"what": word, "invoice": numbers.get(place, place[1]),
                                          "detail": " · ".join(filter(None, (one["reason"], until))),
                                          "who": one["approved_by"] or one["decided_by"]}))  # fmt: skip
    return [{"at": moment(at, zone)} | event for at, event in sorted(found, key=lambda pair: pair[0], reverse=True)]
