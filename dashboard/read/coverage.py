"""Questions about how completely records are filled, by source: a field that nothing fills is probably not mapped."""

from dashboard.read.warehouse import Db, Row, question

# What the comparison cannot do without; a field that no record of a source fills is named before anything is trusted.
MUST = {
    "deals": ("amount", "currency", "customer", "status", "won_on"),
    "invoices": ("number", "gross", "currency", "customer", "issued_on", "due_on"),
    "payments": ("paid_on", "amount", "currency"),
    "customers": ("name",),
}
WISHED = {"deals": ("owner_id",), "customers": ("tax_id", "email"), "payments": ("payer_name", "reference")}


@question
def filled(db: Db) -> list[Row]:
    """Return, by source, table and field, how many `filled` records there are `of` all: of won deals, issued invoices.

    `is_must` says which fields nothing works without.
    """
    rows = db.rows(
        """
        SELECT 'deals' AS record, vendor, COUNT(*) AS of_all, COUNT(amount) AS amount, COUNT(currency) AS currency,
            COUNT(COALESCE(customer_id, customer_name)) AS customer, COUNT(status) AS status, COUNT(won_on) AS won_on,
            COUNT(owner_id) AS owner_id
        FROM deals WHERE COALESCE(status, 'won') = 'won' GROUP BY vendor ORDER BY vendor
        """
    ) + db.rows(
        """
        SELECT 'invoices' AS record, vendor, COUNT(*) AS of_all, COUNT(number) AS number, COUNT(gross) AS gross,
            COUNT(currency) AS currency, COUNT(COALESCE(customer_id, customer_name)) AS customer,
            COUNT(issued_on) AS issued_on, COUNT(due_on) AS due_on
        FROM invoices WHERE COALESCE(status, '') <> 'draft' AND COALESCE(kind, '') <> 'credit_note'
        GROUP BY vendor ORDER BY vendor
        """
    ) + db.rows(
        """
        SELECT 'payments' AS record, vendor, COUNT(*) AS of_all, COUNT(paid_on) AS paid_on, COUNT(amount) AS amount,
            COUNT(currency) AS currency, COUNT(payer_name) AS payer_name, COUNT(reference) AS reference
        FROM payments GROUP BY vendor ORDER BY vendor
        """
    ) + db.rows(
        """
        SELECT 'customers' AS record, vendor, COUNT(*) AS of_all, COUNT(name) AS name, COUNT(tax_id) AS tax_id,
            COUNT(email) AS email
        FROM customers GROUP BY vendor ORDER BY vendor
        """
    )  # fmt: skip
    return [
        {"record": row["record"], "vendor": row["vendor"], "field": field, "filled": int(row[field]),
         "of": int(row["of_all"]), "is_must": field in MUST[row["record"]]}
        for row in rows
        for field in (*MUST[row["record"]], *WISHED.get(row["record"], ()))
    ]  # fmt: skip


@question
def sides(db: Db) -> dict[str, int]:
    """Return how many deals, invoices and payments there are."""
    return {name: int(db.one(f"SELECT COUNT(*) FROM {name}")) for name in ("deals", "invoices", "payments")}
