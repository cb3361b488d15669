"""What a file would change: new rows, changed values, rows that stay, and rows that look like one we have."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from extract.bulk import Columns, typed
from extract.model import columns

Row = Mapping[str, Any]


class Change(NamedTuple):
    """One value that a row brings instead of another."""

    id: str
    field: str
    before: Any
    after: Any


class Difference(NamedTuple):
    """What rows would do to those we have. `alike` pairs ids (ours, new) of what may be one payment twice."""

    new: tuple[str, ...]
    changed: tuple[Change, ...]
    same: tuple[str, ...]
    alike: tuple[tuple[str, str], ...] = ()


def difference(table: str, before: Iterable[Row], after: Iterable[Row], zone: str = "UTC") -> Difference:
    """Compare new rows with those we have, by id; of one id the last new row counts. Read nothing, change nothing.

    Values of `after` may be text; they are read as the store would in `zone`. `updated_at` is no change of its own.
    """
    ours = {row["id"]: row for row in before}
    given = {row["id"]: row for row in after}
    names = [c.name for c in columns(table) if c.name not in ("vendor", "id", "updated_at")]
    frame, _ = typed(Columns(table, [{"vendor": "file", **row} for row in given.values()]), zone)
    new, same, changed = [], [], []
    for row in frame.iter_rows(named=True):
        old = ours.get(row["id"])
        if old is None:
            new.append(row["id"])
            continue
        found = [Change(row["id"], n, old.get(n), row[n]) for n in names if not _equal(old.get(n), row[n])]
        changed += found
        if not found:
            same.append(row["id"])
    fresh = set(new)
    unseen = [row for row in frame.iter_rows(named=True) if row["id"] in fresh]
    alike = _alike([r for i, r in ours.items() if i not in given], unseen) if table == "payments" else ()
    return Difference(tuple(new), tuple(changed), tuple(same), alike)


def _equal(before: Any, after: Any) -> bool:
    if before in (None, "") and after in (None, ""):
        return True
    if isinstance(after, Decimal) and before is not None:
        try:
            return Decimal(str(before)) == after
        except InvalidOperation:
            return False
    return bool(before == after) or (before is not None and after is not None and str(before) == str(after))


def _alike(ours: Sequence[Row], unseen: Sequence[Row]) -> tuple[tuple[str, str], ...]:
    """Return (ours, new) of movements of the same account, day and amount: perhaps one, told in other words."""

    def mark(row: Row) -> tuple[str, ...]:
        amount = row.get("amount")
        exact = format(Decimal(str(amount)).normalize(), "f") if amount is not None else ""
        return (str(row.get("account") or ""), str(row.get("paid_on")), exact, str(row.get("currency")))

    held: dict[tuple[str, ...], list[str]] = {}
    for row in ours:
        held.setdefault(mark(row), []).append(row["id"])
    used: Counter[tuple[str, ...]] = Counter()
    pairs = []
    for row in unseen:
        key = mark(row)
        if used[key] < len(held.get(key, ())):
            pairs.append((held[key][used[key]], row["id"]))
            used[key] += 1
    return tuple(pairs)
