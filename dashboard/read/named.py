"""What findings are about, in words: record, customer, owner and address beside each."""

from collections.abc import Iterable
from typing import Any

from dashboard.read.few import Key, look_up
from dashboard.read.warehouse import Db, Row

# What names a record, by its table. A customer_id or deal_id leads to the customer's name.
_RECORDS = {
    "deals": "t.title AS record, t.customer_name AS customer, t.customer_id, t.url",
    "invoices": "t.number AS record, t.customer_name AS customer, t.url",
    "payments": "t.reference AS record, t.payer_name AS customer",
    "customers": "t.name AS record, t.name AS customer, t.url",
    "quotes": "COALESCE(t.number, t.title) AS record, t.customer_id, t.deal_id, t.url",
    "payouts": "t.reference AS record",
}


def joined(found: str) -> str:
    """Return the query that names the findings of a subquery, where they are many."""
    return f"""
    SELECT
        f.*,
        COALESCE(d.title, i.number, p.reference, c.name, q.number, q.title, po.reference,
            CASE WHEN f.subject_table <> 'invoices' THEN NULLIF(f.detail, '') END) AS record,
        COALESCE(dc.name, d.customer_name, i.customer_name, p.payer_name, c.name, qc.name) AS customer,
        COALESCE(o.name, f.owner_id) AS owner,
        COALESCE(d.url, i.url, c.url, q.url) AS url
    FROM {found} AS f
    LEFT JOIN deals AS d
        ON f.subject_table = 'deals' AND d.vendor = f.subject_vendor AND d.id = f.subject_id
    LEFT JOIN customers AS dc
        ON dc.vendor = d.vendor AND dc.id = d.customer_id
    LEFT JOIN invoices AS i
        ON f.subject_table = 'invoices' AND i.vendor = f.subject_vendor AND i.id = f.subject_id
    LEFT JOIN payments AS p
        ON f.subject_table = 'payments' AND p.vendor = f.subject_vendor AND p.id = f.subject_id
    LEFT JOIN customers AS c
        ON f.subject_table = 'customers' AND c.vendor = f.subject_vendor AND c.id = f.subject_id
    LEFT JOIN quotes AS q
        ON f.subject_table = 'quotes' AND q.vendor = f.subject_vendor AND q.id = f.subject_id
    LEFT JOIN deals AS qd
        ON qd.vendor = q.vendor AND qd.id = q.deal_id
    LEFT JOIN customers AS qc
        ON qc.vendor = q.vendor AND qc.id = COALESCE(q.customer_id, qd.customer_id)
    LEFT JOIN payouts AS po
        ON f.subject_table = 'payouts' AND po.vendor = f.subject_vendor AND po.id = f.subject_id
    LEFT JOIN (SELECT id, any_value(name) AS name FROM owners GROUP BY id) AS o
        ON o.id = f.owner_id
"""


_CUSTOMER = "LEFT JOIN customers AS c ON c.vendor = t.vendor AND c.id = {id}"
# Whose a record is, by its table: the name, and the joins it takes.
_CUSTOMERS = {
    "deals": ("COALESCE(c.name, t.customer_name)", _CUSTOMER.format(id="t.customer_id")),
    "invoices": ("t.customer_name", ""),
    "payments": ("t.payer_name", ""),
    "customers": ("t.name", ""),
    "quotes": ("c.name", "LEFT JOIN deals AS d ON d.vendor = t.vendor AND d.id = t.deal_id "
               + _CUSTOMER.format(id="COALESCE(t.customer_id, d.customer_id)")),
}  # fmt: skip


def customers(found: str) -> str:
    """Return the query that puts the customer's name beside the findings of a table: each sort by itself is quicker."""
    parts = [
        f"""
        SELECT f.*, {name} AS customer
        FROM (SELECT * FROM {found} WHERE subject_table = '{table}') AS f
        LEFT JOIN {table} AS t ON t.vendor = f.subject_vendor AND t.id = f.subject_id {joins}
        """
        for table, (name, joins) in _CUSTOMERS.items()
    ]
    others = ", ".join(f"'{table}'" for table in _CUSTOMERS)
    rest = f"SELECT *, CAST(NULL AS VARCHAR) AS customer FROM {found} WHERE subject_table NOT IN ({others})"
    return " UNION ALL ".join([*parts, rest])


def one_by_one(db: Db, found: Iterable[Row]) -> list[Row]:
    """Return a few findings with the same names, in the same order, their records found by id."""
    rows = list(found)
    records = _records(db, rows)
    owners = {r["id"]: r["name"] for r in db.rows("SELECT id, any_value(name) AS name FROM owners GROUP BY id")}
    return [row | _names(row, records.get((row["subject_table"], *_subject(row)), {}), owners) for row in rows]


def _names(row: Row, record: Row, owners: dict[str, str | None]) -> dict[str, Any]:
    said = record.get("record")
    if said is None and row["subject_table"] != "invoices":
        said = row["detail"] or None
    owner = owners.get(row["owner_id"]) or row["owner_id"]
    return {"record": said, "customer": record.get("customer"), "owner": owner, "url": record.get("url")}


def _subject(row: Row) -> Key:
    return row["subject_vendor"], row["subject_id"]


def _records(db: Db, rows: list[Row]) -> dict[tuple[str, str, str], Row]:
    """Return by table, vendor and id what names the records of findings."""
    asked: dict[str, set[Key]] = {}
    for row in rows:
        asked.setdefault(row["subject_table"], set()).add(_subject(row))
    found = {
        (table, *key): record
        for table, columns in _RECORDS.items()
        for key, record in look_up(db, table, columns, asked.get(table, ())).items()
    }
    orphans = {(r["vendor"], r["deal_id"]) for r in found.values() if r.get("deal_id") and not r["customer_id"]}
    deals = look_up(db, "deals", "t.customer_id", orphans)
    of = {at: (at[1], _customer(record, deals)) for at, record in found.items()}
    names = look_up(db, "customers", "t.name", ((vendor, id) for vendor, id in of.values() if id))
    for at, (vendor, id) in of.items():
        if id and names.get((vendor, id), {}).get("name"):
            found[at]["customer"] = names[vendor, id]["name"]
    return found


def _customer(record: Row, deals: dict[Key, Row]) -> str | None:
    """Return the id of a record's customer; a quote without one has its deal's."""
    id: str | None = record.get("customer_id") or deals.get((record["vendor"], record.get("deal_id") or ""), {}).get(
        "customer_id"
    )
    return id
