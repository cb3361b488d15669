"""The rows that can be linked, numbered and with the keys that rules compare: working tables of one run.

Rows are numbered in the order of (vendor, id), so that nothing depends on the order in which they were stored. Amounts
are whole ten-thousandths (the scale of the canonical tables), so that sums are exact and fast. The tables:

- link_deals, link_invoices, link_payments: n, vendor, id, party, amounts, dates, compact references
- deal_keys, invoice_keys, payment_keys: n, key, exactness: what a number or reference may look like in a text
- parties: party, side crm or billing, vendor, customer_id: one customer as one vendor knows it
- party_facts: party, fact (tax_id, email, name), value: everything that may tell that two are the same
"""

import polars as pl
from duckdb import DuckDBPyConnection

from reconcile import names, references

UNITS = 10_000  # ten-thousandths in one unit of a currency

_DEALS = """
SELECT row_number() OVER (ORDER BY d.vendor, d.id) AS n, d.vendor, d.id, d.status, d.currency, d.amount_is, d.billing,
  d.won_on, coalesce(d.won_on, d.expected_close_on, CAST(d.created_at AS DATE)) AS on_date,
  CAST(d.amount * 10000 AS BIGINT) AS amount, d.reference, d.invoice_number,
  coalesce(d.customer_id, d.contact_id) AS customer_id,
  coalesce(d.customer_name, c.name) AS name, c.legal_name,
  coalesce(d.customer_tax_id, c.tax_id) AS tax_id, coalesce(d.customer_email, c.email) AS email, c.other_id
FROM deals AS d
LEFT JOIN customers AS c ON c.vendor = d.vendor AND c.id = coalesce(d.customer_id, d.contact_id)
ORDER BY n
"""
_INVOICES = """
SELECT row_number() OVER (ORDER BY i.vendor, i.id) AS n, i.vendor, i.id, i.number, i.kind, i.status, i.currency,
  i.issued_on, coalesce(i.due_on, i.issued_on) AS due_on, i.deal_id, i.corrects_id, i.deal_reference, i.description,
  CAST(coalesce(i.net, i.gross - coalesce(i.tax, 0)) * 10000 AS BIGINT) AS net,
  CAST(i.gross * 10000 AS BIGINT) AS gross,
  CAST(coalesce(i.withheld, 0) * 10000 AS BIGINT) AS withheld, i.customer_id,
  coalesce(i.customer_name, c.name) AS name, c.legal_name,
  coalesce(i.customer_tax_id, c.tax_id) AS tax_id, coalesce(i.customer_email, c.email) AS email, c.other_id
FROM invoices AS i
LEFT JOIN customers AS c ON c.vendor = i.vendor AND c.id = i.customer_id
ORDER BY n
"""
_PAYMENTS = """
SELECT row_number() OVER (ORDER BY p.vendor, p.id) AS n, p.vendor, p.id, p.paid_on, p.currency, p.method, p.status,
  CAST(p.amount * 10000 AS BIGINT) AS amount, CAST(coalesce(p.fee, 0) * 10000 AS BIGINT) AS fee,
  p.payer_name AS name, p.payer_tax_id AS tax_id, upper(replace(p.payer_iban, ' ', '')) AS iban,
  p.reference, p.invoice_reference, p.customer_id, p.invoice_id
FROM payments AS p
ORDER BY n
"""
_CUSTOMERS = """
SELECT row_number() OVER (ORDER BY c.vendor, c.id) AS n, c.vendor, c.id, c.kind, coalesce(c.legal_name, c.name) AS name,
  c.tax_id, lower(trim(c.email)) AS email_key, c.other_id, NULL AS currency,
  CASE
    WHEN c.vendor IN (SELECT vendor FROM invoices) THEN 'billing'
    WHEN c.vendor IN (SELECT vendor FROM deals) THEN 'crm'
  END AS side
FROM customers AS c
ORDER BY n
"""
_PAYOUTS = """
SELECT row_number() OVER (ORDER BY o.vendor, o.id) AS n, o.vendor, o.id, CAST(o.amount * 10000 AS BIGINT) AS amount,
  o.currency, o.arrives_on, o.reference
FROM payouts AS o
ORDER BY n
"""


def number_rows(db: DuckDBPyConnection) -> None:
    """Make the working tables on `db` from its canonical tables."""
    deals, invoices, payments = (db.sql(sql).pl() for sql in (_DEALS, _INVOICES, _PAYMENTS))
    deals, invoices, parties = _with_parties(deals, invoices)
    payments = payments.join(names.keyed(payments["name"]), on="name", how="left", maintain_order="left")
    payments = payments.with_columns(tax_key=_tax_key(pl.col("tax_id")))
    _keep(db, "link_deals", deals.drop("other_id").with_columns(_reference("reference")))
    _keep(db, "link_invoices", invoices.drop("other_id", "description").with_columns(_reference("deal_reference")))
    _keep(db, "link_payments", payments)
    customers = db.sql(_CUSTOMERS).pl()
    customers = customers.join(names.keyed(customers["name"]), on="name", how="left", maintain_order="left")
    _keep(db, "link_customers", customers.with_columns(tax_key=_tax_key(pl.col("tax_id"))))
    _keep(db, "link_payouts", db.sql(_PAYOUTS).pl())
    _keep(db, "parties", parties)
    _keep(db, "deal_keys", _deal_keys(deals))
    _keep(db, "invoice_keys", references.document_keys(invoices.select("n", "number", "issued_on")))
    _keep(db, "invoice_text_keys", references.text_keys(_text(invoices, "deal_reference", "description")))
    _keep(db, "payment_keys", _payment_keys(payments))


def _keep(db: DuckDBPyConnection, table: str, rows: pl.DataFrame) -> None:
    db.register("rows_of_a_run", rows)
    db.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS SELECT * FROM rows_of_a_run")
    db.unregister("rows_of_a_run")


def _reference(column: str) -> pl.Expr:
    return references.compact(pl.col(column)).alias("reference_key")


def _text(rows: pl.DataFrame, *columns: str) -> pl.DataFrame:
    told = [rows.select("n", text=column) for column in columns]
    return pl.concat(told).drop_nulls()


def _deal_keys(deals: pl.DataFrame) -> pl.DataFrame:
    """Return n, key, exactness of deal references, and n, key of invoice numbers typed on deals (exactness 0)."""
    own = references.document_keys(deals.select("n", number="reference", issued_on="on_date"))
    typed = references.text_keys(_text(deals, "invoice_number")).with_columns(exactness=pl.lit(0))
    return pl.concat([own, typed])


def _payment_keys(payments: pl.DataFrame) -> pl.DataFrame:
    """Return n, key, is_structured: keys in the remittance text and in the field meant for the invoice's number."""
    free = references.text_keys(_text(payments, "reference")).with_columns(is_structured=pl.lit(False))
    field = references.text_keys(_text(payments, "invoice_reference")).with_columns(is_structured=pl.lit(True))
    both = pl.concat([free, field])
    return both.group_by("n", "key").agg(pl.col("is_structured").max()).sort("n", "key")


def _tax_key(text: pl.Expr) -> pl.Expr:
    """Return a tax id without separators and without the country's letters, as one side often leaves these out."""
    bare = text.str.to_uppercase().str.replace_all(r"[^A-Z0-9]", "")
    short = bare.str.replace(r"^(?:ES|FR|PT|PL|IT|DE|GB|MX|BE|NL|AT|IE|LU|EU|CH)([A-Z0-9]{8,})$", "$1")
    return pl.when(short.str.len_chars() >= 6).then(short).otherwise(None)


def _with_parties(deals: pl.DataFrame, invoices: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Return deals and invoices with the number of their party, and the facts of all parties.

    A party is a customer as one side knows it: the vendor's customer id, else the tax id, else the name.
    """
    named = names.keyed(pl.concat([deals["name"], deals["legal_name"], invoices["name"], invoices["legal_name"]]))
    sides = []
    for side, rows in (("crm", deals), ("billing", invoices)):
        rows = rows.join(named, on="name", how="left", maintain_order="left")
        legal = named.rename({"name": "legal_name", "name_key": "legal_key"})
        rows = rows.join(legal, on="legal_name", how="left", maintain_order="left")
        rows = rows.with_columns(
            tax_key=_tax_key(pl.col("tax_id")), email_key=pl.col("email").str.strip_chars().str.to_lowercase()
        )
        who = pl.coalesce(pl.format("i{}", "customer_id"), pl.format("t{}", "tax_key"), pl.format("n{}", "name_key"))
        sides.append(rows.with_columns(side=pl.lit(side), who=pl.format("{}|{}|{}", pl.lit(side), "vendor", who)))
    everyone = pl.concat([s.select("who", "side", "vendor", "customer_id", "other_id") for s in sides])
    parties = (
        everyone.drop_nulls("who").unique("who", keep="first", maintain_order=True).sort("who").with_row_index("party")
    )
    parties = parties.with_columns(pl.col("party").cast(pl.Int64))
    deals, invoices = (
        s.join(parties.select("who", "party"), on="who", how="left", maintain_order="left").drop("who", "side")
        for s in sides
    )
    return deals, invoices, parties


def has(db: DuckDBPyConnection, table: str, column: str) -> bool:
    """Return whether the database that `db` writes to has this column."""
    found = """
SELECT count(*) FROM duckdb_columns()
WHERE database_name = current_database() AND table_name = $table AND column_name = $column"""
    return bool(db.execute(found, {"table": table, "column": column}).fetchall()[0][0])
