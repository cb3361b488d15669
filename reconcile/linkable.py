"""The rows that can be linked, numbered and with the keys that rules compare: working tables of one run.

Rows are numbered in the order of (vendor, id), so that nothing depends on the order in which they were stored. Amounts
are whole ten-thousandths (the scale of the canonical tables), so that sums are exact and fast. The tables:

- link_deals, link_invoices, link_payments, link_customers, link_payouts: n, vendor, id, party, amounts, dates, keys
- deal_keys, invoice_keys: n, key, exactness: what a number may look like in a text; in deal_keys also, exactness 0, the
  invoice numbers that were typed on deals
- invoice_text_keys, payment_keys: n, key: what texts say of these, however written
- parties: party, side crm or billing, vendor, customer_id: one customer as one vendor knows it
- name_keys: name, name_key: the words that tell a name from others
"""

from concurrent.futures import Future

import polars as pl
from duckdb import DuckDBPyConnection

from extract.values import EVERYBODYS
from reconcile import names, references
from reconcile.workbench import Beside

KEYS = {"tax_id": "tax_key", "email": "email_key"}  # fields of customers that match, and the keys made of them
UNITS = 10_000  # ten-thousandths in one unit of a currency


def units(amount: str) -> str:
    """Return SQL for a column of money in ten-thousandths: wide enough for thousands of millions of pesos or dongs."""
    return f"CAST(CAST({amount} AS DECIMAL(22, 4)) * 10000 AS BIGINT)"


_NAMES = """
SELECT name FROM customers UNION SELECT legal_name FROM customers UNION SELECT customer_name FROM deals
UNION SELECT customer_name FROM invoices UNION SELECT payer_name FROM payments"""
# Letters and digits only; FN-010421 is FN-10421; what is shorter than three says nothing.
_COMPACT = """
nullif(regexp_replace(
  regexp_extract(regexp_replace(upper({0}), '[^A-Z0-9]', '', 'g'), '^.{{3,}}$'), '^([A-Z]*)0+([0-9])', '\\1\\2'), '')"""
# A tax id without separators and without the country's letters, as one side often leaves these out.
_TAX_KEY = """
nullif(regexp_extract(regexp_replace(regexp_replace(upper({0}), '[^A-Z0-9]', '', 'g'),
  '^(?:ES|FR|PT|PL|IT|DE|GB|MX|BE|NL|AT|IE|LU|EU|CH)([A-Z0-9]{{8,}})$', '\\1'), '^.{{6,}}$'), '')"""
# A party is a customer as one side knows it: the vendor's customer id, else the tax id, else the name.
# Its number is 63 bits of a hash of that, so that no join is needed to know it.
_PARTY = """
CAST(hash('{0}|' || vendor || '|' || coalesce('i' || customer_id, 't' || tax_key, 'n' || name_key)) >> 1 AS BIGINT)
  * CASE WHEN coalesce(customer_id, tax_key, name_key) IS NULL THEN NULL ELSE 1 END"""

_DEALS = f"""
CREATE OR REPLACE TABLE work.link_deals AS
SELECT row_number() OVER (ORDER BY vendor, id) AS n, {_PARTY.format("crm")} AS party, * FROM (
  SELECT d.vendor, d.id, d.status, d.currency, d.amount_is, d.won_on, d.reference, d.invoice_number,
    coalesce(d.won_on, d.expected_close_on, CAST(d.created_at AS DATE)) AS on_date,
    {units("d.amount")} AS amount, {_COMPACT.format("d.reference")} AS reference_key,
    coalesce(d.customer_id, d.contact_id) AS customer_id, coalesce(d.customer_name, c.name) AS name,
    coalesce(d.customer_tax_id, c.tax_id) AS tax_id, coalesce(d.customer_email, c.email) AS email, c.other_id,
    {_TAX_KEY.format("coalesce(d.customer_tax_id, c.tax_id)")} AS tax_key,
    lower(trim(coalesce(d.customer_email, c.email))) AS email_key, n.name_key, l.name_key AS legal_key
  FROM deals AS d
  LEFT JOIN customers AS c ON c.vendor = d.vendor AND c.id = coalesce(d.customer_id, d.contact_id)
  LEFT JOIN name_keys AS n ON n.name = coalesce(d.customer_name, c.name)
  LEFT JOIN name_keys AS l ON l.name = c.legal_name
)"""
_INVOICES = f"""
CREATE OR REPLACE TABLE work.link_invoices AS
SELECT row_number() OVER (ORDER BY vendor, id) AS n, {_PARTY.format("billing")} AS party, * FROM (
  SELECT i.vendor, i.id, i.number, i.kind, i.status, i.currency, i.issued_on, coalesce(i.due_on, i.issued_on) AS due_on,
    i.deal_id, i.corrects_id, i.deal_reference, {_COMPACT.format("i.deal_reference")} AS reference_key,
    {units("coalesce(i.net, i.gross - coalesce(i.tax, 0))")} AS net,
    {units("i.gross")} AS gross, i.customer_id, coalesce(i.customer_name, c.name) AS name,
    coalesce(i.customer_tax_id, c.tax_id) AS tax_id, coalesce(i.customer_email, c.email) AS email, c.other_id,
    {_TAX_KEY.format("coalesce(i.customer_tax_id, c.tax_id)")} AS tax_key,
    lower(trim(coalesce(i.customer_email, c.email))) AS email_key, n.name_key, l.name_key AS legal_key
  FROM invoices AS i
  LEFT JOIN customers AS c ON c.vendor = i.vendor AND c.id = i.customer_id
  LEFT JOIN name_keys AS n ON n.name = coalesce(i.customer_name, c.name)
  LEFT JOIN name_keys AS l ON l.name = c.legal_name
)"""
_PARTIES = """
CREATE OR REPLACE TABLE work.parties AS
SELECT party, 'crm' AS side, vendor, min(customer_id) AS customer_id, min(other_id) AS other_id
FROM link_deals WHERE party IS NOT NULL GROUP BY party, vendor
UNION ALL
SELECT party, 'billing' AS side, vendor, min(customer_id) AS customer_id, min(other_id) AS other_id
FROM link_invoices WHERE party IS NOT NULL GROUP BY party, vendor"""
_LINK_PAYMENTS = f"""
CREATE OR REPLACE TABLE work.link_payments AS
SELECT row_number() OVER (ORDER BY p.vendor, p.id) AS n, p.vendor, p.id, p.paid_on, p.currency, p.method, p.status,
  {units("p.amount")} AS amount, p.payer_name AS name, n.name_key, p.payer_tax_id AS tax_id,
  {_TAX_KEY.format("p.payer_tax_id")} AS tax_key, upper(replace(p.payer_iban, ' ', '')) AS iban, p.reference,
  p.invoice_reference, p.customer_id, p.invoice_id
FROM payments AS p LEFT JOIN name_keys AS n ON n.name = p.payer_name"""
_LINK_CUSTOMERS = f"""
CREATE OR REPLACE TABLE work.link_customers AS
SELECT row_number() OVER (ORDER BY c.vendor, c.id) AS n, c.vendor, c.id, c.kind, coalesce(c.legal_name, c.name) AS name,
  n.name_key, c.tax_id, {_TAX_KEY.format("c.tax_id")} AS tax_key, lower(trim(c.email)) AS email_key, c.other_id,
  NULL AS currency,
  CASE
    WHEN c.vendor IN (SELECT vendor FROM invoices) THEN 'billing'
    WHEN c.vendor IN (SELECT vendor FROM deals) THEN 'crm'
    WHEN c.vendor IN (SELECT vendor FROM asked_for WHERE kind = 'deals') THEN 'crm'
    WHEN c.vendor IN (SELECT vendor FROM asked_for WHERE kind = 'invoices') THEN 'billing'
  END AS side
FROM customers AS c LEFT JOIN name_keys AS n ON n.name = coalesce(c.legal_name, c.name)"""
# A system that was just connected has customers and nothing else yet: what was asked of it says which side it is.
_ASKED_FOR = "CREATE OR REPLACE TABLE work.asked_for AS SELECT DISTINCT vendor, kind FROM {0}"
_NOTHING_ASKED = "(SELECT '' AS vendor, '' AS kind)"
_LINK_PAYOUTS = f"""
CREATE OR REPLACE TABLE work.link_payouts AS
SELECT row_number() OVER (ORDER BY o.vendor, o.id) AS n, o.vendor, o.id, {units("o.amount")} AS amount,
  o.currency, o.arrives_on, o.reference
FROM payouts AS o"""
_DESCRIBED = """
SELECT n, deal_reference AS text FROM link_invoices WHERE regexp_matches(deal_reference, '[0-9]{2}')
UNION ALL
SELECT l.n, i.description AS text FROM link_invoices AS l JOIN invoices AS i ON i.vendor = l.vendor AND i.id = l.id
WHERE regexp_matches(i.description, '[0-9]{2}')"""


def number_rows(db: DuckDBPyConnection, beside: Beside) -> Future[None]:
    """Make the working tables on `db` from its canonical tables.

    Rows of payments are there when this returns; what their texts tell (payment_keys), when what it returns is done.
    """
    keep(db, "name_keys", names.keyed(db.sql(_NAMES).pl()["name"]))
    db.execute(_ASKED_FOR.format("freshness" if has(db, "freshness", "kind") else _NOTHING_ASKED))
    invoices, payments = beside(_make, _INVOICES), beside(_make, _LINK_PAYMENTS, _LINK_CUSTOMERS, _LINK_PAYOUTS)
    db.execute(_DEALS)
    orders = references.document_keys(
        db.sql("SELECT n, reference AS number, on_date AS issued_on FROM link_deals WHERE reference IS NOT NULL").pl()
    )
    invoices.result()
    db.execute(_PARTIES)
    numbers = references.document_keys(
        db.sql("SELECT n, number, issued_on FROM link_invoices WHERE number IS NOT NULL").pl()
    )
    texts = beside(_payment_keys, pl.concat([numbers["key"], orders["key"]]))
    typed = _told(db, "link_deals", "invoice_number", numbers["key"]).with_columns(exactness=pl.lit(0))
    keep(db, "invoice_keys", numbers)
    keep(db, "deal_keys", pl.concat([orders, typed]))
    keep(db, "invoice_text_keys", references.text_keys(db.sql(_DESCRIBED).pl(), orders["key"]))
    payments.result()
    return texts


def _make(db: DuckDBPyConnection, *statements: str) -> None:
    for statement in statements:
        db.execute(statement)


def _payment_keys(db: DuckDBPyConnection, known: pl.Series) -> None:
    paid = [_told(db, "link_payments", column, known) for column in ("reference", "invoice_reference")]
    keep(db, "payment_keys", pl.concat(paid).unique())


def left_out(db: DuckDBPyConnection) -> list[str]:
    """Return the keys of customers' fields that are not to be shared, by the settings; none where there are none."""
    if not has(db, "field_map", "is_on"):
        return []
    out = "SELECT field FROM field_map WHERE entity = 'customers' AND NOT is_on"
    return [KEYS[field] for (field,) in db.execute(out).fetchall() if field in KEYS]


def leave_out(db: DuckDBPyConnection, keys: list[str]) -> None:
    """Empty these keys of customers, deals and invoices: what is not shared does not match either."""
    for table in ("link_customers", "link_deals", "link_invoices", "link_payments"):  # a tax id of many tells nothing
        db.execute(f"UPDATE {table} SET tax_key = NULL WHERE tax_key IN ?", [list(EVERYBODYS)])
    for key in keys:
        for table in ("link_customers", "link_deals", "link_invoices"):
            db.execute(f"UPDATE {table} SET {key} = NULL")


def keep(db: DuckDBPyConnection, table: str, rows: pl.DataFrame) -> None:
    """Put rows in a working table."""
    db.register("rows_of_a_run", rows)
    db.execute(f"CREATE OR REPLACE TABLE work.{table} AS SELECT * FROM rows_of_a_run")
    db.unregister("rows_of_a_run")


def _told(db: DuckDBPyConnection, table: str, column: str, known: pl.Series) -> pl.DataFrame:
    """Return n, key for the texts of a column that hold digits, where the key is known."""
    texts = db.sql(f"SELECT n, {column} AS text FROM {table} WHERE regexp_matches({column}, '[0-9]{{2}}')").pl()
    return references.text_keys(texts, known)


def has(db: DuckDBPyConnection, table: str, column: str) -> bool:
    """Return whether the database that `db` writes to has this column."""
    found = """
SELECT count(*) FROM duckdb_columns()
WHERE database_name = current_database() AND table_name = $table AND column_name = $column"""
    return bool(db.execute(found, {"table": table, "column": column}).fetchall()[0][0])
