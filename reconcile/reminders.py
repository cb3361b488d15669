"""Whom to remind of what: the open invoices of a customer, at which level each is, and what forbids writing to them."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from reconcile import bounces
from reconcile.action import Sentence
from reconcile.facts import Facts, Record
from reconcile.late import PER_PERCENT_DAYS, weight

_OPEN = (
    "SELECT i.*, s.state, s.open_amount, s.days_overdue, s.customer_email AS email, f.state AS agreed, "
    "f.reason AS agreed_why FROM invoices AS i "
    "JOIN invoice_summary AS s ON s.vendor = i.vendor AND s.id = i.id "
    "LEFT JOIN (SELECT subject_vendor, subject_id, MAX(state) AS state, MAX(reason) AS reason FROM findings "
    "WHERE subject_table = 'invoices' AND \"check\" IN ('overdue', 'partly_paid') AND state IN ('agreed', 'snoozed') "
    "GROUP BY subject_vendor, subject_id) AS f ON f.subject_vendor = i.vendor AND f.subject_id = i.id "
    "WHERE s.open_amount > 0 AND i.vendor = ? AND "
)
_MONEY = (
    "SELECT p.vendor, p.id, p.paid_on, p.payer_name, p.currency, m.unallocated AS amount FROM payment_summary AS m "
    "JOIN payments AS p ON p.vendor = m.vendor AND p.id = m.id "
    "WHERE m.role = 'money' AND m.unallocated > 0 AND COALESCE(p.status, 'booked') NOT IN ('failed', 'refunded') "
    "AND ((p.vendor = ? AND p.customer_id = ?) OR p.payer_tax_id = ? OR LOWER(TRIM(p.payer_name)) = LOWER(TRIM(?)) "
    "OR (p.currency = ? AND LIST_CONTAINS(CAST(? AS DECIMAL(18, 4)[]), m.unallocated) "
    "AND (p.payer_tax_id IS NULL OR ? IS NULL)) "
    "OR EXISTS (SELECT 1 FROM links AS l WHERE l.left_table = 'payments' AND l.right_table = 'invoices' "
    "AND l.status = 'suggested' AND l.left_vendor = p.vendor AND l.left_id = p.id AND l.right_vendor = ? "
    "AND LIST_CONTAINS(CAST(? AS VARCHAR[]), l.right_id))) ORDER BY p.paid_on DESC, p.id LIMIT 1"
)
_CREDIT = (
    "SELECT s.number, -s.gross AS amount, s.currency FROM invoice_summary AS s "
    "JOIN invoices AS i ON i.vendor = s.vendor AND i.id = s.id "
    "WHERE s.kind = 'credit_note' AND s.is_counted AND s.status <> 'paid' AND i.corrects_id IS NULL "
    "AND s.vendor = ? AND s.customer_id = ? "
    "UNION ALL SELECT s.number, s.arrived - GREATEST(s.owed, 0), s.currency FROM invoice_summary AS s "
    "CROSS JOIN settings AS c WHERE s.is_counted AND s.kind <> 'credit_note' AND s.vendor = ? AND s.customer_id = ? "
    "AND s.arrived - GREATEST(s.owed, 0) > c.amount_tolerance ORDER BY 1 LIMIT 1"
)
_STALE = (
    "SELECT vendor, MAX(completed_at) AS at FROM freshness WHERE kind = 'payments' GROUP BY vendor "
    "HAVING MAX(completed_at) IS NULL OR CAST(MAX(completed_at) AS DATE) < ? ORDER BY vendor LIMIT 1"
)

_DUE = (
    "SELECT i.vendor, i.id, i.customer_id FROM invoices AS i "
    "JOIN invoice_summary AS s ON s.vendor = i.vendor AND s.id = i.id "
    "WHERE s.open_amount > 0 AND i.status IN ('issued', 'sent', 'partly_paid') "
    "AND COALESCE(i.kind, 'invoice') NOT IN ('proforma', 'credit_note') AND i.due_on BETWEEN ? AND ?"
)
_CLAIMED = (
    "FROM invoice_summary AS s LEFT JOIN customers AS c ON c.vendor = s.vendor AND c.id = s.customer_id "
    "WHERE s.state = 'overdue' AND s.days_overdue >= ? AND COALESCE(c.kind, 'company') <> 'person'"
)
# Interest of each invoice rounded to cents, half up, in whole numbers: a division of decimals would be a float. Amounts
# and weights have four decimals.
_INTEREST = f"""
    WITH known AS (
        SELECT unnest(CAST(? AS DATE[])) AS due_on,
            CAST(unnest(CAST(? AS DECIMAL(18, 4)[])) * 10000 AS HUGEINT) AS weight
    ),
    claimed AS (
        SELECT s.currency, s.due_on, CAST(s.open_amount * 10000 AS HUGEINT) AS amount {_CLAIMED}
    ),
    owed AS (
        SELECT a.currency, a.due_on, COUNT(*) AS invoices,
            SUM((2 * a.amount * k.weight + {PER_PERCENT_DAYS}000000) // {PER_PERCENT_DAYS * 2}000000) AS cents
        FROM claimed AS a JOIN known AS k ON k.due_on = a.due_on GROUP BY a.currency, a.due_on
    )
    SELECT currency, due_on, invoices, CAST(cents AS BIGINT) AS cents FROM owed ORDER BY currency, due_on
"""
_LATE_NOTICE = 2  # days after the due date until which the letter before it still goes out: a weekend


@dataclass(frozen=True)
class Reminder:
    """A customer's open invoices: those to be reminded of with the level of each, and all that the statement lists."""

    due: tuple[tuple[Record, int], ...]
    statement: tuple[Record, ...]
    blocks: tuple[Sentence, ...]

    @property
    def level(self) -> int:
        """The firmest level that is due."""
        return max(level for _, level in self.due)


def level_of(days_overdue: int, steps: Sequence[int]) -> int:
    """Return the highest level whose day has come; 0 before the first. A day that was missed is caught up once."""
    return sum(days_overdue >= days for days in steps)


def reminder(invoice: Record, customer: Record, facts: Facts) -> Reminder | None:
    """Return what to remind the customer of an invoice of, now; None where nothing is due that was not said before.

    An invoice that people agreed on or put off (a dispute, a promise to pay) is neither reminded of nor listed.
    """
    key, value = ("i.id = ?", invoice["id"]) if not invoice["customer_id"] else ("i.customer_id = ?", None)
    found = facts.all(f"{_OPEN}{key} ORDER BY i.due_on, i.id", invoice["vendor"], value or invoice["customer_id"])
    counted = [i for i in found if not i["agreed"]]
    steps = facts.settings.reminders.days
    due = tuple((i, level) for i in counted if (level := level_of(i["days_overdue"], steps))
                and level > facts.reminded.get((i["vendor"], i["id"]), 0))  # fmt: skip
    if not due:
        return None
    return Reminder(due, tuple(counted), tuple(_blocks(counted, customer, facts)))


def notices(facts: Facts) -> list[tuple[Record, Record, Reminder]]:
    """Return whom to write to before anything is late: an invoice, its customer, and what the letter is about.

    Each invoice is told of once, from so many days before it is due until two days after, in case nobody was there.
    """
    said, found = facts.settings.reminders, list[tuple[Record, Record, Reminder]]()
    if not said.notice:
        return found
    last = facts.today + dt.timedelta(days=said.notice_days)
    first = facts.today - dt.timedelta(days=min(_LATE_NOTICE, said.days[0] - 1))
    fresh = [i for i in facts.all(_DUE, first, last) if f"reminder:{i['vendor']}:{i['id']}.0" not in facts.marks]
    groups: dict[tuple[str, str], set[str]] = {}
    for row in fresh:
        groups.setdefault((row["vendor"], row["customer_id"] or f"invoice {row['id']}"), set()).add(row["id"])
    for (vendor, who), ids in sorted(groups.items()):
        column, value = ("i.id", next(iter(ids))) if who.startswith("invoice ") else ("i.customer_id", who)
        rows = facts.all(f"{_OPEN}{column} = ? ORDER BY i.due_on, i.id", vendor, value)
        counted = [i for i in rows if not i["agreed"]]
        due = tuple((i, 0) for i in counted if i["id"] in ids)
        if due:
            customer = facts.customer(vendor, due[0][0]["customer_id"]) or {}
            made = Reminder(due, tuple(counted), tuple(_blocks(counted, customer, facts)))
            found.append((due[0][0], customer, made))
    return found


def _blocks(invoices: Sequence[Record], customer: Record, facts: Facts) -> list[Sentence]:
    """Return what could make a reminder wrong, in words; empty where nothing does."""
    found, first = [], invoices[0]
    vendor, id, tax_id = first["vendor"], first["customer_id"], customer.get("tax_id") or first["customer_tax_id"]
    name = customer.get("name") or first["customer_name"]
    if _opted_out(customer, first, facts.settings.reminders.opt_out):
        found.append(Sentence(text="{customer} gets no reminders: it stands in the list of those who opted out.",
                              values={"customer": name or ""}))  # fmt: skip
    address = (first["customer_email"] or customer.get("email") or "").strip().lower()
    if back := bounces.standing(facts.data).get(address):
        found.append(Sentence(text="The last mail to {address} came back ({reason}): correct the address first.",
                              values={"address": address, "reason": back["says"]}))  # fmt: skip
    if unknown := [i["number"] or i["id"] for i in invoices if not i["currency"]]:
        found.append(Sentence(text="The currency of {numbers} is not known: correct it in billing first.",
                              values={"numbers": ", ".join(unknown)}))  # fmt: skip
    amounts = [i["open_amount"] for i in invoices]
    amounts += [sum(amounts, Decimal(0))] if len({i["currency"] for i in invoices}) == 1 else []
    ids = [i["id"] for i in invoices]
    money = facts.one(_MONEY, vendor, id, tax_id, name, first["currency"], amounts, tax_id, vendor, ids)
    if money:
        found.append(Sentence(
            text="{amount} {currency} of {payer} arrived on {day} for no known invoice: say first what it is for.",
            values={"amount": f"{money['amount']:.2f}", "currency": money["currency"],
                    "payer": money["payer_name"] or "—", "day": str(money["paid_on"])}))  # fmt: skip
    if id and (credit := facts.one(_CREDIT, vendor, id, vendor, id)):
        found.append(Sentence(
            text="{customer} has a credit of {amount} {currency} ({number}) that is not used: set it off first.",
            values={"customer": name or "", "amount": f"{credit['amount']:.2f}", "currency": credit["currency"],
                    "number": credit["number"] or "—"}))  # fmt: skip
    if stale := facts.one(_STALE, facts.today - dt.timedelta(days=facts.settings.choices.stale_days)):
        found.append(Sentence(text="The payments of {vendor} were not read since {day}: the customer may have paid.",
                              values={"vendor": stale["vendor"], "day": str(stale["at"] or "—")[:10]}))  # fmt: skip
    return found


def _opted_out(customer: Record, invoice: Record, listed: Sequence[str]) -> bool:
    mine = (customer.get("tax_id"), customer.get("name"), customer.get("email"), invoice["customer_email"],
            invoice["customer_name"], f"{invoice['vendor']}:{invoice['customer_id']}")  # fmt: skip
    return bool({m.casefold() for m in mine if m} & {text.strip().casefold() for text in listed})


def rights(facts: Facts) -> dict[str, tuple[Decimal, Decimal, str]]:
    """Return by currency of the invoices what the law lets us claim at level 3: interest, fixed sums, their currency.

    From companies only, in the company's own country; empty where no rate is known.
    """
    days, country = facts.settings.reminders.days[-1], facts.settings.company.country
    due = [r["due_on"] for r in facts.all(f"SELECT DISTINCT s.due_on {_CLAIMED} ORDER BY 1", days)]
    known = {on: said for on in due if (said := weight(country, on, facts.today))}
    found: dict[str, tuple[Decimal, Decimal, str]] = {}
    for row in facts.all(_INTEREST, list(known), [w.percent_days for w in known.values()], days):
        interest, fixed, _ = found.get(row["currency"], (Decimal(0), Decimal(0), ""))
        its = known[row["due_on"]]
        found[row["currency"]] = (interest + Decimal(row["cents"]).scaleb(-2), fixed + row["invoices"] * its.fixed,
                                  its.fixed_currency)  # fmt: skip
    return found
