"""What a report is made from: the rows and sums of its period and of the one before, each asked for when it is used."""

import datetime as dt
from decimal import Decimal
from functools import cached_property
from pathlib import Path

from dashboard.read import Row, report_sums
from dashboard.read import report as asked
from dashboard.report.period import Period, around
from reconcile.settings import Settings

ZERO = Decimal(0)
NAMES = ("now", "before")


class Facts:
    """What one report says. `spans` and sums by "now" and "before": this period, up to `as_of`, and the last one.

    Lists hold `most` rows at most, of what is sorted as a reader sees it; sums and counts are of all.
    """

    def __init__(
        self,
        data: Path,
        period: Period,
        as_of: dt.date,
        today: dt.date,
        currencies: tuple[str, ...],
        settings: Settings,
        most: int = asked.ALL,
    ) -> None:
        self.data, self.period, self.as_of, self.today, self.most = data, period, as_of, today, most
        self.currencies, self.settings = currencies, settings
        before = period.before
        self.spans = {"now": (period.start, as_of), "before": (before.start, before.end)}
        zone = settings.company.time_zone
        self.instants = {"now": period.instants(zone), "before": before.instants(zone)}

    @cached_property
    def sums(self) -> dict[str, dict[str, report_sums.Amounts]]:
        """Money by "now" and "before", figure and currency."""
        waited = report_sums.waited(self.data, tuple(until for _start, until in self.spans.values()))
        found = {}
        for name, (start, until) in self.spans.items():
            left = {currency: row["amount"] for currency, row in waited[until].items()}
            done, stood = report_sums.done(self.data, start, until), report_sums.stood(self.data, until)
            found[name] = done | stood | {"remaining_to_invoice": left}
        return found

    @cached_property
    def counts(self) -> dict[str, dict[str, int]]:
        """How many there were of each, by "now" and "before"."""
        waited = report_sums.waited(self.data, tuple(until for _start, until in self.spans.values()))
        found = {}
        for name, (start, until) in self.spans.items():
            late = (r["invoices"] for r in report_sums.aged(self.data, until) if r["bucket"] != "not_due")
            found[name] = {
                **report_sums.counted(self.data, start, until),
                "not_invoiced": sum(row["deals"] for row in waited[until].values()),
                "overdue_invoices": sum(late),
                **report_sums.turned(self.data, *self.instants[name]),
            }
        return found

    @property
    def owed(self) -> list[Row]:
        """What was owed, by bucket of days overdue and currency."""
        return report_sums.aged(self.data, self.as_of)

    @property
    def late(self) -> list[Row]:
        """The invoices that were overdue, each currency's largest first."""
        return asked.receivables(self.data, self.as_of, late=True, first=self.currencies, most=self.most)

    @property
    def waiting(self) -> list[Row]:
        """The deals that were won and not invoiced, each currency's largest first."""
        return asked.not_invoiced(self.data, self.as_of, first=self.currencies, most=self.most)

    @property
    def opened(self) -> list[Row]:
        """The findings first seen in the period, gravest first."""
        return asked.opened(self.data, *self.instants["now"], most=self.most)

    @property
    def fixed(self) -> list[Row]:
        """The findings gone in the period, gravest first."""
        return asked.fixed(self.data, *self.instants["now"], most=self.most)

    @property
    def deals(self) -> list[Row]:
        """The deals won in the period, in order."""
        return asked.deals_won(self.data, *self.spans["now"], most=self.most)

    @property
    def invoices(self) -> list[Row]:
        """The invoices issued in the period, in order."""
        return asked.invoices_issued(self.data, *self.spans["now"], most=self.most)

    @property
    def payments(self) -> list[Row]:
        """The money that came in the period, in order."""
        return asked.payments_received(self.data, *self.spans["now"], most=self.most)

    @property
    def is_latest(self) -> bool:
        """Whether today is in the period or in the one after it: what is only known of today may stand in it."""
        return self.today <= around(self.period.kind, self.period.end + dt.timedelta(days=1)).end
