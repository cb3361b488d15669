"""Customer: everything about one, from every system: records, money, how it pays, and all that happened, by date."""

import datetime as dt

import streamlit as st

from dashboard import act, labels, narrow, session
from dashboard.address import bound, page
from dashboard.parts import go, heading, link, nothing, plain, sums, tall
from dashboard.read import Row, customers, findings
from dashboard.theme import invoice_state
from dashboard.views import customer_rule, history, more_invoices, reminded, statement
from dashboard.words import DASH, _, day, money, number, percent, several
from reconcile.state import state

FIELDS = (
    "name",
    "legal_name",
    "tax_id",
    "email",
    "phone",
    "street",
    "postcode",
    "city",
    "country",
    "payment_terms_days",
)
VIEWS = ("history", "statement", "reminders")
EQUAL = ("update_customer", "sync_customer")  # fixes that make the records of a customer say the same
WRITES = 500  # lines of the activity log looked through for one customer's records


def show() -> None:
    """Show the customer that the address names, else the list."""
    vendor, _colon, key = st.query_params.get("customer", "").partition(":")
    if key:
        _one(vendor, key)
    else:
        _list()


def _list() -> None:
    heading(_("Customers"), _("Every customer once, whatever systems know it. Click a row for its whole history."))
    text = bound(
        st.text_input, _("Search"), name="q", scope="customer", type="search", width=320,
        placeholder=_("Name, tax id or e-mail"), label_visibility="collapsed",
    )  # fmt: skip
    found, _first = customers.page(session.data(), text or "")
    if not found:
        nothing(_("No customer matches"), _("Search by name, tax id or e-mail."), ":material/search_off:")
        return
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.markdown(f"**{several('{count} customer', '{count} customers', found)}**", width="content")
        at = page(-(-found // customers.PAGE), "customer", text)
    _found, rows = customers.page(session.data(), text or "", at)
    shown = {
        "name": [r["name"] or r["id"] for r in rows],
        "invoiced": [_sum(r, "invoiced") for r in rows],
        "open": [_sum(r, "open") for r in rows],
        "overdue": [_sum(r, "overdue") for r in rows],
        "deals": [r["deals"] for r in rows],
        "invoices": [r["invoices"] for r in rows],
        "last": [day(r["last_on"]) for r in rows],
        "tax": [r["tax_id"] or "" for r in rows],
    }
    config = {
        "name": st.column_config.TextColumn(_("Customer"), width=190),
        "invoiced": st.column_config.TextColumn(_("Invoiced"), width=120, alignment="right"),
        "open": st.column_config.TextColumn(_("Still open"), width=120, alignment="right"),
        "overdue": st.column_config.TextColumn(_("Overdue"), width=120, alignment="right"),
        "deals": st.column_config.NumberColumn(_("Deals won"), width=120),
        "invoices": st.column_config.NumberColumn(_("Invoices"), width=80),
        "last": st.column_config.TextColumn(_("Last business"), width=110),
        "tax": st.column_config.TextColumn(_("Tax id"), width=120),
    }
    chosen = st.dataframe(
        shown, column_config=config, hide_index=True, on_select="rerun", selection_mode="single-row", key="customers",
        height=tall(len(rows), 640), alt=_("Customers"),
    )  # fmt: skip
    for i in chosen.selection.rows[:1]:
        if i < len(rows):
            st.query_params["customer"] = f"{rows[i]['vendor']}:{rows[i]['id']}"
            st.rerun()


def _sum(row: Row, name: str) -> str:
    amounts = [(m["currency"], m[name]) for m in row["money"] or [] if m[name]]
    return sums(amounts, most=2) if amounts else DASH


def _one(vendor: str, key: str) -> None:
    link("customer", _("All customers"), ":material/arrow_back:")
    head = customers.head(session.data(), vendor, key)
    if head is None:
        nothing(_("There is no such customer"), _("It may have been deleted or merged."), ":material/search_off:")
        return
    sides = customers.sides(session.data(), *head)
    st.title(plain(sides[0]["name"] or sides[0]["id"]), anchor=False)
    known = ", ".join(dict.fromkeys(labels.vendor(s["vendor"]) for s in sides))
    st.caption(_("Known to {systems}").format(systems=plain(known)))
    _money(head)
    left, right = st.columns([5, 3], gap="medium")
    with left:
        told = {"history": _("All that happened"), "statement": _("Statement"), "reminders": _("Reminders")}
        view = bound(
            st.segmented_control, _("Part"), VIEWS, name="view", scope="customer", default="history", required=True,
            label_visibility="collapsed", format_func=told.__getitem__,
        )  # fmt: skip
        if view == "statement":
            statement.show(head, sides[0])
        elif view == "reminders":
            reminded.of_customer(head)
        else:
            _timeline(head, sides)
    with right:
        _sides(sides)
        more_invoices.offer(sides[0], head)
        customer_rule.offer(sides)
        _behaviour(customers.behaviour(session.data(), *head))
    if stale := narrow.stale("receivables", "won"):
        st.caption(stale)


def _money(head: tuple[str, str]) -> None:
    for row in customers.money(session.data(), *head):
        currency = row["currency"]
        with st.grid(5, min_column_width=140):
            st.metric(_("Won"), money(row["won"], currency, whole=True), border=True,
                      help=several("{count} deal", "{count} deals", row["deals"]))  # fmt: skip
            counted = several("{count} invoice, with tax", "{count} invoices, with tax", row["invoices"])
            st.metric(_("Invoiced"), money(row["invoiced"], currency, whole=True), border=True, help=counted)
            st.metric(_("Paid"), money(row["paid"], currency, whole=True), border=True)
            st.metric(_("Still open"), money(row["open_amount"], currency, whole=True), border=True)
            st.metric(_("Overdue"), money(row["overdue"], currency, whole=True), border=True)


def _timeline(head: tuple[str, str], sides: list[Row]) -> None:
    events = customers.timeline(session.data(), *head)
    rows = [_event(e) for e in events] + _writes(events, sides)
    if not rows:
        nothing(
            _("Nothing yet"), _("No deal, quote, invoice or payment of this customer is known."), ":material/history:"
        )
        return
    history.downloads(events, sides[0]["name"] or sides[0]["id"])
    history.in_crm(*head)
    rows.sort(key=lambda r: r["on_day"] or dt.date.max)
    shown = {
        "day": [day(r["on_day"]) for r in rows],
        "what": [r["what"] for r in rows],
        "name": [r["name"] for r in rows],
        "amount": [r["amount"] for r in rows],
        "state": [r["state"] for r in rows],
        "where": [r["where"] for r in rows],
    }
    config = {
        "day": st.column_config.TextColumn(_("Day"), width=100),
        "what": st.column_config.TextColumn(_("What"), width=110),
        "name": st.column_config.TextColumn(_("Record"), width=190),
        "amount": st.column_config.TextColumn(_("Amount"), width=120, alignment="right"),
        "state": st.column_config.TextColumn(_("State"), width=120),
        "where": st.column_config.TextColumn(_("Where"), width=90),
    }
    chosen = st.dataframe(
        shown, column_config=config, hide_index=True, on_select="rerun", selection_mode="single-row", key="timeline",
        height=tall(len(rows), 700), alt=_("All that happened"),
    )  # fmt: skip
    for i in chosen.selection.rows[:1]:
        if i < len(rows):
            _open(rows[i])


def _event(event: Row) -> Row:
    kinds = {"deal": _("Deal"), "quote": _("Quote"), "invoice": _("Invoice"), "credit_note": _("Credit note"),
             "payment": _("Payment"), "refund": _("Refund")}  # fmt: skip
    words = {"deals": labels.deal_status, "quotes": labels.quote_status, "payments": labels.method}
    word = words.get(event["subject"], lambda value: invoice_state(value).word if value else "")
    return {
        "on_day": event["on_day"],
        "what": kinds[event["kind"]],
        "name": str(event["name"] or event["id"]),
        "amount": money(event["amount"], event["currency"]),
        "state": "" if event["kind"] == "credit_note" else word(event["state"]),
        "where": labels.vendor(event["vendor"]),
        "page": {"deals": "deal", "invoices": "invoice"}.get(event["subject"], ""),
        "key": f"{event['vendor']}:{event['id']}",
    }


def _writes(events: list[Row], sides: list[Row]) -> list[Row]:
    """Return what we wrote for this customer, from the log, as lines of the timeline."""
    ours = {f"{e['subject']}:{e['vendor']}:{e['id']}" for e in events}
    ours |= {f"customers:{s['vendor']}:{s['id']}" for s in sides}
    lines = []
    for outcome in ("done", "found"):
        for entry in state(session.data()).entries(WRITES, outcome=outcome):
            if entry["subject"] in ours:
                lines.append({
                    "on_day": entry["at"].astimezone(session.zone()).date(), "what": labels.action(entry["action"]),
                    "name": entry["says"] or entry["subject"], "amount": "", "state": labels.outcome(outcome).word,
                    "where": labels.vendor(entry["vendor"]), "page": "activity", "key": "",
                })  # fmt: skip
    return lines


def _open(row: Row) -> None:
    if row["page"] == "activity":
        go("activity")
    elif row["page"]:
        go("deals", **{row["page"]: row["key"]})
    else:
        st.caption(f"{plain(row['what'])} · {plain(row['name'])}")


def _sides(sides: list[Row]) -> None:
    st.subheader(_("As each system has it"), anchor=False)
    names = " | ".join(plain(labels.vendor(side["vendor"])) for side in sides)
    rows = []
    for field in FIELDS:
        values = [side[field] for side in sides]
        if not any(v is not None for v in values):
            continue
        differs = len({str(v).casefold().strip() for v in values if v is not None}) > 1
        shown = [plain(labels.held(field, v)) for v in values]
        cells = [f"**{one}**" if differs else one for one in shown]
        rows.append(f"| {labels.field(field)} {':orange[≠]' if differs else ''} | " + " | ".join(cells) + " |")
    st.markdown(f"| | {names} |\n|:--|{':--|' * len(sides)}\n" + "\n".join(rows))
    _equal(sides)
    for side in sides:
        if side["url"]:
            said = _("Open in {vendor}").format(vendor=labels.vendor(side["vendor"]))
            st.link_button(said, side["url"], icon=":material/open_in_new:")


def _equal(sides: list[Row]) -> None:
    """Offer to bring the records to the same, where a check says that they differ and which side decides."""
    about = [f for side in sides for f in findings.about(session.data(), "customers", side["vendor"], side["id"])]
    ids = tuple(dict.fromkeys(f["id"] for f in about if f["state"] == "open" and f["action"] in EQUAL))
    if not ids or len(sides) < 2:
        return
    label = several("Bring {count} difference to the same …", "Bring {count} differences to the same …", len(ids))
    if st.button(label, icon=":material/sync:", type="primary", key="equal",
                 help=_("Shows exactly what would be written. Nothing happens before you confirm.")):  # fmt: skip
        act.preview(ids)


def _behaviour(told: Row | None) -> None:
    st.subheader(_("How it pays"), anchor=False)
    if told is None:
        st.caption(_("It has paid nothing in the last two years."))
        return
    late = told["days_late"]
    with st.grid(3, min_column_width=100):
        st.metric(
            _("Days late"), DASH if late is None else number(late), border=True, help=_("Median; below 0 is early")
        )
        st.metric(_("Paid late"), percent(told["share_late"]), border=True)
        spread = DASH if told["spread"] is None else several("{count} day", "{count} days", told["spread"])
        st.metric(
            _("Spread"), spread, border=True, help=_("Days between the quarter paid first and the quarter paid last")
        )
    st.caption(several("{count} invoice paid in the last two years", "{count} invoices paid in the last two years",
                       told["invoices"]))  # fmt: skip
