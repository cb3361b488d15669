-- title: Every customer once, both systems together, by currency: won, invoiced, paid, open, overdue
-- reads: customers, customer_heads, deals, invoice_summary
-- needs: customers
-- key:   vendor, id, currency
-- why:   A customer is one row of the CRM where it is there, else of billing; money in two currencies is two rows.
-- columns:
--   vendor: the CRM, or billing for a customer only it knows
--   id: the customer there
--   currency: ISO 4217 currency of all amounts here
--   name: name
--   tax_id: tax id
--   country: ISO country
--   owner_id: salesperson
--   deals: deals won
--   won: their worth
--   invoices: invoices that stand
--   invoiced_net: their net, credit notes taken off
--   invoiced: their gross, credit notes taken off
--   paid: paid of them
--   open_amount: still to come
--   overdue: of that, past its due date
--   first_on: first deal or invoice
--   last_on: last deal or invoice
WITH facts AS (
    SELECT
        d.vendor,
        d.customer_id AS id,
        d.currency,
        1 AS deals,
        d.amount AS won,
        0 AS invoices,
        0 AS invoiced_net,
        0 AS invoiced,
        0 AS paid,
        0 AS open_amount,
        0 AS overdue,
        d.won_on AS on_day
    FROM deals AS d
    WHERE d.status = 'won'
    AND d.customer_id IS NOT NULL
    UNION ALL
    SELECT
        i.vendor,
        i.customer_id,
        i.currency,
        0,
        0,
        CASE WHEN i.kind = 'credit_note' THEN 0 ELSE 1 END,
        i.net,
        i.gross,
        CASE WHEN i.kind = 'credit_note' THEN 0 ELSE i.paid END,
        i.open_amount,
        CASE WHEN i.state = 'overdue' THEN i.open_amount ELSE 0 END,
        i.issued_on
    FROM invoice_summary AS i
    WHERE i.is_counted
    AND i.customer_id IS NOT NULL
),
summed AS (
    SELECT
        h.head_vendor AS vendor,
        h.head_id AS id,
        f.currency,
        SUM(f.deals) AS deals,
        SUM(f.won) AS won,
        SUM(f.invoices) AS invoices,
        SUM(f.invoiced_net) AS invoiced_net,
        SUM(f.invoiced) AS invoiced,
        SUM(f.paid) AS paid,
        SUM(f.open_amount) AS open_amount,
        SUM(f.overdue) AS overdue,
        MIN(f.on_day) AS first_on,
        MAX(f.on_day) AS last_on
    FROM facts AS f
    JOIN customer_heads AS h
        ON h.vendor = f.vendor
        AND h.id = f.id
    GROUP BY h.head_vendor, h.head_id, f.currency
)
SELECT
    s.vendor,
    s.id,
    s.currency,
    c.name,
    c.tax_id,
    c.country,
    c.owner_id,
    s.deals,
    CAST(s.won AS DECIMAL(18, 4)) AS won,
    s.invoices,
    CAST(s.invoiced_net AS DECIMAL(18, 4)) AS invoiced_net,
    CAST(s.invoiced AS DECIMAL(18, 4)) AS invoiced,
    CAST(s.paid AS DECIMAL(18, 4)) AS paid,
    CAST(s.open_amount AS DECIMAL(18, 4)) AS open_amount,
    CAST(s.overdue AS DECIMAL(18, 4)) AS overdue,
    s.first_on,
    s.last_on
FROM summed AS s
JOIN customers AS c
    ON c.vendor = s.vendor
    AND c.id = s.id
