"""Questions about the bridge from booked over billed to cashed, for any period; defined in reconcile/figures/rows.

`currency` is one currency, or empty for all converted into the reporting one at the day's rate. Converted sums are
rounded once each; the cent that this may leave is in the step of currencies.
"""

import datetime as dt
from decimal import Decimal
from typing import NamedTuple

from dashboard.read.measured import TOTAL, Amount, measured
from dashboard.read.warehouse import Db, Row, question

PAGE = 50
ZERO = Decimal(0)


class Bridge(NamedTuple):
    """What was booked, billed and cashed in a period, and the steps between: (step, amount), in a fixed order."""

    booked: Decimal
    billed: Decimal
    cashed: Decimal
    to_billed: tuple[tuple[str, Decimal], ...]
    to_cashed: tuple[tuple[str, Decimal], ...]
    left_out: tuple[Amount, ...] = ()


ORDER = (
    "timing", "not_invoiced", "partly_invoiced", "unmatched", "not_won", "over", "duplicate", "recurring", "discount",
    "credit_note", "refund", "vat", "withheld", "fee", "not_due", "overdue", "partial", "told", "overpaid",
    "written_off", "agreed", "currency", "rounding",
)  # fmt: skip

# A leg of a step on its day: timing has two, the others one.
_LEGS = """
legs AS (
    SELECT b.half, b.step, b.to_on AS on_day, b.currency, b.amount, b.subject, b.vendor, b.id
    FROM bridge AS b WHERE b.to_on BETWEEN $start AND $until
    UNION ALL
    SELECT b.half, b.step, b.from_on, b.currency, -b.amount, b.subject, b.vendor, b.id
    FROM bridge AS b WHERE b.from_on BETWEEN $start AND $until
)"""
_TOTALS = """
totals AS (
    SELECT 'booked' AS name, d.won_on AS on_day, d.currency, d.amount
    FROM deals AS d WHERE d.status = 'won' AND d.won_on BETWEEN $start AND $until
    UNION ALL
    SELECT 'billed', i.issued_on, i.currency, i.gross
    FROM invoice_summary AS i WHERE i.is_counted AND i.issued_on BETWEEN $start AND $until
    UNION ALL
    SELECT 'cashed', p.paid_on, p.currency, p.collected
    FROM payment_summary AS p WHERE p.paid_on BETWEEN $start AND $until AND p.collected <> 0
)"""
_EXACT = "SUM(CAST(amount AS DECIMAL(20, 4)) * rate)"


@question
def bridge(db: Db, start: dt.date, until: dt.date, currency: str) -> Bridge:
    """Return the bridge of a period. It closes to the cent, or an ArithmeticError says that it is broken."""
    period = {"start": start, "until": until, "currency": currency}
    totals = db.rows(
        f"WITH {_TOTALS}, measured AS ({measured('totals', 'on_day')}) "
        f"SELECT name, CAST({_EXACT} AS DECIMAL(18, 2)) AS amount FROM measured WHERE rate IS NOT NULL GROUP BY name",
        **period,
    )
    steps = db.rows(
        f"WITH {_LEGS}, measured AS ({measured('legs', 'on_day')}) "
        f"SELECT half, step, CAST({_EXACT} AS DECIMAL(18, 2)) AS amount FROM measured WHERE rate IS NOT NULL "
        "GROUP BY half, step",
        **period,
    )
    without = []
    if currency == TOTAL:
        without = db.rows(
            f"WITH {_TOTALS}, measured AS ({measured('totals', 'on_day')}) SELECT currency, SUM(abs(amount)) AS amount "
            "FROM measured WHERE rate IS NULL AND currency IS NOT NULL GROUP BY currency ORDER BY currency",
            **period,
        )
    sums = {r["name"]: r["amount"] for r in totals}
    booked, billed, cashed = (sums.get(name) or ZERO for name in ("booked", "billed", "cashed"))
    left_out = tuple(Amount(r["currency"], r["amount"]) for r in without)
    return Bridge(booked, billed, cashed, _closed(steps, "billed", billed - booked),
                  _closed(steps, "cashed", cashed - billed), left_out)  # fmt: skip


def _closed(steps: list[Row], half: str, difference: Decimal) -> tuple[tuple[str, Decimal], ...]:
    """Return the steps of a half in order. What rounding each sum leaves, cents, goes where rounding belongs."""
    found = {s["step"]: s["amount"] for s in steps if s["half"] == half}
    rest = difference - sum(found.values(), ZERO)
    if abs(rest) > Decimal("0.01") * (len(found) + 2):
        raise ArithmeticError(f"the bridge to {half} does not close: {rest} of {difference} is not explained")
    step = "currency" if "currency" in found else "rounding"
    found[step] = found.get(step, ZERO) + rest
    known = sorted(found, key=lambda name: ORDER.index(name) if name in ORDER else len(ORDER))
    return tuple((name, found[name]) for name in known if found[name])


@question
def rows(
    db: Db, start: dt.date, until: dt.date, currency: str, half: str, step: str, number: int = 1
) -> tuple[int, list[Row]]:
    """Return how many records explain a step, and one page (from 1) of them with amount, largest first.

    What leaves and enters within the period explains nothing and is not shown.
    """
    values = {"start": start, "until": until, "currency": currency, "half": half, "step": step}
    summed = f"""
    WITH {_LEGS}, measured AS ({measured("legs", "on_day")}),
    summed AS (
        SELECT subject, vendor, id, currency, MIN(on_day) AS on_day, SUM(amount) AS amount
        FROM measured
        WHERE half = $half AND step = $step AND rate IS NOT NULL
        GROUP BY subject, vendor, id, currency
        HAVING SUM(CAST(amount AS DECIMAL(20, 4)) * rate) <> 0
    )
    """
    found = db.one(summed + "SELECT COUNT(*) FROM summed", **values)
    told = db.rows(
        summed
        + f"""
        SELECT u.*,
            COALESCE(d.title, i.number, p.reference, u.id) AS record,
            COALESCE(dc.name, d.customer_name, i.customer_name, p.payer_name) AS customer
        FROM summed AS u
        LEFT JOIN deals AS d ON u.subject = 'deals' AND d.vendor = u.vendor AND d.id = u.id
        LEFT JOIN customers AS dc ON dc.vendor = d.vendor AND dc.id = d.customer_id
        LEFT JOIN invoices AS i ON u.subject = 'invoices' AND i.vendor = u.vendor AND i.id = u.id
        LEFT JOIN payments AS p ON u.subject = 'payments' AND p.vendor = u.vendor AND p.id = u.id
        ORDER BY abs(u.amount) DESC, u.subject, u.vendor, u.id
        LIMIT {PAGE} OFFSET $offset
        """,
        **values,
        offset=(number - 1) * PAGE,
    )
    return int(found or 0), told
