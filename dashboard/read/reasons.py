"""Why records are linked: the facts of a link name what was compared, its rows what both of them say."""

import json
from collections.abc import Iterator

from dashboard.read.few import Key, look_up
from dashboard.read.warehouse import Db, Row
from reconcile.evidence import FACTS, Fact

KEY = ", ".join(f"l.{side}_{part}" for side in ("left", "right") for part in ("table", "vendor", "id"))
NO_KEY = ", ".join(["NULL"] * 6)  # where there is no link

_MONEY = "CAST({0} AS DECIMAL(18, 2)) || ' ' || t.currency"
_CUSTOMER = "t.customer_tax_id AS tax_id, t.customer_email AS email, t.customer_name AS name"
# What is compared of a record, by the names that facts have for it.
_SHOWN = {
    "deals": f"""t.reference, t.invoice_number, {_CUSTOMER}, t.currency, {_MONEY.format("t.amount")} AS amount,
        COALESCE(t.won_on, t.expected_close_on, CAST(t.created_at AS DATE)) AS on_date,
        COALESCE(t.customer_id, t.contact_id) AS customer""",
    "invoices": f"""t.deal_reference, t.number, {_CUSTOMER}, t.currency, t.customer_id AS customer, t.issued_on,
        COALESCE(t.due_on, t.issued_on) AS due_on, {_MONEY.format("t.gross")} AS gross,
        {_MONEY.format("COALESCE(t.net, t.gross - COALESCE(t.tax, 0))")} AS net""",
    "payments": f"""concat_ws(' ', t.invoice_reference, t.reference) AS text, t.reference, t.payer_tax_id AS tax_id,
        t.payer_name AS name, UPPER(REPLACE(t.payer_iban, ' ', '')) AS iban, t.currency, t.paid_on,
        {_MONEY.format("t.amount")} AS amount""",
    "payouts": f"t.reference, t.arrives_on, {_MONEY.format('t.amount')} AS amount",
    "customers": "t.other_id, t.tax_id, LOWER(TRIM(t.email)) AS email, COALESCE(t.legal_name, t.name) AS name",
}
_OF_THE_CUSTOMER = ("tax_id", "email", "name")  # where the document does not say, its customer does


def spelt(db: Db, links: list[Row]) -> list[Row]:
    """Return the links with `left` and `right` in their evidence: what each side says. Each has the columns `KEY`."""
    facts = {id(link): list(_facts(link)) for link in links}
    asked: dict[str, dict[Key, set[str]]] = {}  # what is asked of which records, by table
    for link in links:
        for fact, _agrees in facts[id(link)]:
            asked.setdefault(link["left_table"], {}).setdefault(_key(link, "left"), set()).add(fact.left)
            asked.setdefault(link["right_table"], {}).setdefault(_key(link, "right"), set()).add(fact.right)
    rows = {table: look_up(db, table, _SHOWN[table], keys) for table, keys in asked.items()}
    for table in rows.keys() & {"deals", "invoices"}:
        _fill_in(db, [(row, asked[table][key]) for key, row in rows[table].items()])
    return [link | {"evidence": json.dumps(_told(link, facts[id(link)], rows), default=str)} for link in links]


def _facts(link: Row) -> Iterator[tuple[Fact, bool]]:
    """Yield what was compared of a link, and whether it agrees."""
    for said in json.loads(link["evidence"] or "[]"):
        for fact in FACTS[f"{link['left_table']} {link['right_table']}"]:
            if fact.code == said["code"]:
                yield fact, said["agrees"]


def _key(link: Row, side: str) -> Key:
    return link[f"{side}_vendor"], link[f"{side}_id"]


def _fill_in(db: Db, documents: list[tuple[Row, set[str]]]) -> None:
    """Let the customer say what a document does not say of it, where that is asked."""
    lacking = [
        (row, names)
        for row, asked in documents
        if row["customer"] and (names := [name for name in _OF_THE_CUSTOMER if name in asked and row[name] is None])
    ]
    keys = {(row["vendor"], row["customer"]) for row, _names in lacking}
    known = look_up(db, "customers", ", ".join(f"t.{name}" for name in _OF_THE_CUSTOMER), keys)
    for row, names in lacking:
        row |= {name: known.get((row["vendor"], row["customer"]), {}).get(name) for name in names}


def _told(link: Row, facts: list[tuple[Fact, bool]], rows: dict[str, dict[Key, Row]]) -> list[Row]:
    """Return the facts of a link with what both rows say."""
    left, right = (rows.get(link[f"{side}_table"], {}).get(_key(link, side), {}) for side in ("left", "right"))
    return [
        # An id that only one side keeps of the other is shown of whichever keeps it.
        {"code": fact.code, "agrees": agrees, "left": left.get(fact.left) or right.get(fact.left),
         "right": right.get(fact.right)}
        for fact, agrees in facts
    ]  # fmt: skip
