"""One flat table of every figure of a report, for Looker Studio, pivot tables and programs: stable codes, never moved.

One row is one number: which period, which table and figure, of what (item), in which currency and unit.
"""

from dashboard.report.table import Table, table
from dashboard.report.week import Report

COLUMNS = ("period", "start", "end", "as_of", "table", "item", "measure", "currency", "unit", "value")
SUMMED = ("totals", "days", "counts", "differences", "ageing", "by_owner", "forecast", "recovered", "done", "worth",
          "by_customer")  # fmt: skip
_NUMBERS = ("money", "days", "count")


def flat(report: Report) -> Table:
    """Return the flat table. `value` is text with a point, exactly; `unit` is money, days or count."""
    rows = [row for found in report.tables if found.name in SUMMED for row in _rows(report, found)]
    return table("flat", dict.fromkeys(COLUMNS, "text"), rows)


def _rows(report: Report, found: Table) -> list[dict[str, str]]:
    period = report.period
    known = {"period": period.kind, "start": str(period.start), "end": str(period.end), "as_of": str(report.as_of),
             "table": found.name}  # fmt: skip
    rows = []
    for record in found.records():
        item = " · ".join(
            str(record[c.name])
            for c in found.columns
            if c.sort not in _NUMBERS and c.name not in ("currency", "stale") and record[c.name] is not None
        )
        for column in found.columns:
            if column.sort in _NUMBERS and record[column.name] is not None:
                currency = str(record.get("currency") or "") if column.sort == "money" else ""
                rows.append(known | {"item": item, "measure": column.name, "currency": currency, "unit": column.sort,
                                     "value": str(record[column.name])})  # fmt: skip
    return rows
