"""What a report is made from: the rows of its period and of the one before, asked for once."""

import datetime as dt
from decimal import Decimal
from pathlib import Path

from dashboard.read import Row
from dashboard.read import report as asked
from dashboard.report.period import Period, around
from reconcile.settings import Settings

ZERO = Decimal(0)


class Facts:
    """The rows of one report. `spans` and lists by "now" and "before": this period, up to `as_of`, and the last one."""

    def __init__(
        self,
        data: Path,
        period: Period,
        as_of: dt.date,
        today: dt.date,
        currencies: tuple[str, ...],
        settings: Settings,
    ) -> None:
        self.data, self.period, self.as_of, self.today = data, period, as_of, today
        self.currencies, self.settings = currencies, settings
        before = period.before
        self.spans = {"now": (period.start, as_of), "before": (before.start, before.end)}
        self.owed = {name: asked.receivables(data, until) for name, (_start, until) in self.spans.items()}
        self.waiting = {name: asked.not_invoiced(data, until) for name, (_start, until) in self.spans.items()}
        zone = settings.company.time_zone
        since, until = period.instants(zone)
        since_before, until_before = before.instants(zone)
        self.opened = {
            "now": asked.opened(data, since, until),
            "before": asked.opened(data, since_before, until_before),
        }
        self.fixed = {"now": asked.fixed(data, since, until), "before": asked.fixed(data, since_before, until_before)}
        self.deals = asked.deals_won(data, period.start, as_of)
        self.invoices = asked.invoices_issued(data, period.start, as_of)
        self.payments = asked.payments_received(data, period.start, as_of)

    @property
    def is_latest(self) -> bool:
        """Whether today is in the period or in the one after it: what is only known of today may stand in it."""
        return self.today <= around(self.period.kind, self.period.end + dt.timedelta(days=1)).end

    @property
    def late(self) -> dict[str, list[Row]]:
        """What was overdue, of what was owed."""
        return {
            name: [r for r in rows if r["due_on"] is not None and r["days"] > 0] for name, rows in self.owed.items()
        }
