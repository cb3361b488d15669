"""What the actions share that keep customers, products and quotes equal: values as text, plans, writing what is stale.

A plan says what the record said when it was made. If somebody changed it there meanwhile, nothing is written: that
would overwrite what nobody has seen.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, ClassVar

from extract.vendor import Refused
from reconcile import baselines
from reconcile.action import Action, Answer, Caution, Change, Need, Plan, Sentence, Subject
from reconcile.baselines import Pair
from reconcile.facts import Record
from reconcile.fields import typed
from reconcile.state import State

_CHANGED = 412  # status of a no that means: it is not as it was when you looked
_NOW = "now:"  # of an answer: what the record says of a field after it was written
DEALT_WITH = ""  # the field of a pair's row that says: one record is gone, and what to do with the other was done


def pair_of(row: Mapping[str, Any]) -> Pair:
    """Return the pair that a row of `record_fields` or `record_pairs` is about."""
    return Pair(*(str(row[name]) for name in Pair._fields))


def value(table: str, row: Mapping[str, Any], field: str) -> str:
    """Return what a typed row says of a field, as text, the way table `record_fields` has it; empty for nothing."""
    if field == "name" and table == "customers":
        return str(row.get("legal_name") or row.get("name") or "").strip()
    held = row.get(field)
    if table == "quotes" and field == "status" and held == "expired":
        return "rejected"  # over, by whom or by what: only one of the systems tells
    if field == "unit_price":
        return f"{held:.4f} {row['currency']}" if held is not None and row.get("currency") else ""
    return "" if held is None else str(held).strip()


def changes(table: str, row: Mapping[str, Any], wanted: Mapping[str, str]) -> dict[str, Any]:
    """Return the canonical fields to write so that a record says what is wanted."""
    made: dict[str, Any] = {}
    for field, text in wanted.items():
        if field == "unit_price":
            amount, _, currency = text.partition(" ")
            made |= {"unit_price": Decimal(amount), "currency": currency} if text else {"unit_price": None}
        elif field == "name" and table == "customers":
            now = value(table, row, "name")
            held = [name for name in ("legal_name", "name") if (row.get(name) or "").strip() == now and now]
            made |= dict.fromkeys(held or ["name"], text or None)
        else:
            made[field] = typed(table, field, text)
    return made


class Synced(Action):
    """Gives a record the values of its partner. Writing them twice changes nothing; what is so is not written."""

    looks_first = False
    repeats = True
    table: ClassVar[str]
    action: ClassVar[str]

    def plan(self, fields: Iterable[Mapping[str, Any]], to: str, target: Record) -> Plan:
        """Return the plan that gives `target` what the other side says; `to` is billing or crm.

        `fields` are rows of `record_fields` of one pair.
        """
        rows = sorted(fields, key=lambda row: str(row["field"]))
        pair, other = pair_of(rows[0]), {"billing": "crm", "crm": "billing"}[to]
        wanted = {r["field"]: [r[f"{to}_value"] or "", r[f"{other}_value"] or ""] for r in rows}
        content = json.dumps(wanted, sort_keys=True, ensure_ascii=False)
        digest = hashlib.sha256(content.encode()).hexdigest()[:12]
        return Plan(
            key=f"{self.action}:{target['vendor']}:{target['id']}:{digest}", chain="", action=self.action,
            vendor=target["vendor"],
            data={"fields": content, "pair": json.dumps(pair), "to": to},
            subject=Subject(table=self.table, vendor=target["vendor"], id=target["id"]),
            says=Sentence(text="Give {name} in {vendor} what the other system says.",
                          values={"name": called(target), "vendor": target["vendor"]}),
            preview=tuple(
                Change(field=f, before=_shown(f, old), after=_shown(f, new)) for f, (old, new) in wanted.items()
            ),
            cautions=tuple(_emptied(f) for f, (old, new) in wanted.items() if old and not new),
        )  # fmt: skip

    def find(self, plan: Plan, vendor: Any) -> Answer | None:
        """Return the record if it is so already."""
        now = self._read(plan, vendor)
        return None if self._stale(plan, now) else self._answer(plan, now)

    def send(self, plan: Plan, vendor: Any) -> Answer:
        """Write what differs, unless somebody changed it there since the plan was made."""
        now = self._read(plan, vendor)
        stale = self._stale(plan, now)
        if not stale:
            return self._answer(plan, now).model_copy(update={"nothing": True})
        for field, (old, _new) in stale.items():
            if (said := value(self.table, now, field)) != old:
                text = f"{field} was changed there meanwhile, from “{old}” to “{said}”; nothing was written. Read again"
                raise Refused(vendor.name, f"{text} and look at both values.", _CHANGED)
        wanted = {field: new for field, (_old, new) in stale.items()}
        getattr(vendor, f"update_{self.table[:-1]}")(plan.subject.id, changes(self.table, now, wanted))
        written = self._answer(plan, self._read(plan, vendor))
        before = {field: _shown(field, old) for field, (old, _new) in stale.items()}
        after = {field: _shown(field, new) for field, new in wanted.items()}
        return written.model_copy(update={"before": before, "after": after})

    def finish(self, plan: Plan, answer: Answer, store: State) -> None:
        """Remember what both sides say now, so that the next comparison finds nothing to write back."""
        pair, to = Pair(*json.loads(plan.data["pair"])), plan.data["to"]
        settled = {}
        for field, (_old, new) in _fields(plan).items():
            there = str(answer.data.get(_NOW + field, new))
            settled[field] = (new, there) if to == "billing" else (there, new)
        baselines.settle(store, pair, settled)

    def _read(self, plan: Plan, vendor: Any) -> Record:
        found: Record = getattr(vendor, self.table[:-1])(plan.subject.id)
        return found

    def _stale(self, plan: Plan, now: Record) -> dict[str, list[str]]:
        return {f: both for f, both in _fields(plan).items() if value(self.table, now, f) != both[1]}

    def _answer(self, plan: Plan, now: Record) -> Answer:
        said = {_NOW + field: value(self.table, now, field) for field in _fields(plan)}
        return Answer(data={"id": plan.subject.id, **said})


class Retired(Action):
    """Marks a record inactive, or deletes it, since its partner in the other system was deleted."""

    looks_first = True
    table: ClassVar[str]
    action: ClassVar[str]

    def plan(self, record: Record, gone: Pair, how: str) -> Plan:
        """Return the plan; `gone` is the pair it was one half of, `how` is inactive or delete."""
        says = {
            "inactive": Sentence(text="Mark {name} in {vendor} inactive: the other system has deleted it."),
            "delete": Sentence(text="Delete {name} in {vendor}: the other system has deleted it."),
        }[how]
        values = {"name": record["name"] or record["id"], "vendor": record["vendor"]}
        return Plan(
            key=f"{self.action}:{record['vendor']}:{record['id']}:{how}", chain="", action=self.action,
            vendor=record["vendor"], data={"how": how, "pair": json.dumps(gone)},
            subject=Subject(table=self.table, vendor=record["vendor"], id=record["id"]),
            says=says.model_copy(update={"values": values}),
            preview=(Change(field="status", before="active", after=_AFTER[how]),),
            cautions=(_FOR_GOOD,) if how == "delete" else (),
        )  # fmt: skip

    def find(self, plan: Plan, vendor: Any) -> Answer | None:
        """Return that it is so already."""
        done = getattr(vendor, f"is_retired_{self.table[:-1]}")(plan.subject.id, plan.data["how"])
        return Answer(data={"id": plan.subject.id}) if done else None

    def send(self, plan: Plan, vendor: Any) -> Answer:
        """Do it."""
        getattr(vendor, f"retire_{self.table[:-1]}")(plan.subject.id, plan.data["how"])
        after = {change.field: change.after for change in plan.preview}
        return Answer(data={"id": plan.subject.id}, before={"status": "active"}, after=after)

    def finish(self, plan: Plan, answer: Answer, store: State) -> None:
        """Remember that it was dealt with, so that it is neither asked again nor made anew."""
        baselines.settle(
            store, Pair(*json.loads(plan.data["pair"])), {DEALT_WITH: (plan.data["how"], plan.data["how"])}
        )


_AFTER = {"inactive": "inactive", "delete": "deleted"}
_FOR_GOOD = Caution(code="for_good", says=Sentence(text="Deleting may not be undone. Issued invoices stay."))


def called(record: Record) -> str:
    """Return what people call a customer, a product or a quote."""
    return str(record.get("name") or record.get("number") or record.get("title") or record["id"])


def stands(rows: Iterable[Mapping[str, Any]], may: Iterable[str]) -> Need:
    """Return the question which side stands where both changed; `may` are the sides that can."""
    held = list(rows)
    said = {side: "; ".join(_shown(r["field"], r[f"{side}_value"] or "") or "–" for r in held) for side in may}
    return Need(
        name="stands", options={side: f"{held[0][f'{side}_vendor']}: {values}" for side, values in said.items()},
        says=Sentence(text="Both systems changed this. Say which of the two stands; it is written over the other."),
    )  # fmt: skip


def _emptied(field: str) -> Caution:
    return Caution(code="emptied", says=Sentence(text="{field} was emptied: it will be empty on the other side too.",
                                                 values={"field": field}))  # fmt: skip


def _fields(plan: Plan) -> dict[str, list[str]]:
    found: dict[str, list[str]] = json.loads(plan.data["fields"])
    return found


def _shown(field: str, text: str) -> str:
    """Return a value as people read it: a price with its two decimals."""
    if field != "unit_price" or not text:
        return text
    amount, _, currency = text.partition(" ")
    number = Decimal(amount)
    return (
        f"{number:.2f} {currency}"
        if number == number.quantize(Decimal("0.01"))
        else f"{number.normalize():f} {currency}"
    )
