-- title: Which connections feed which table, and when each was last read completely
-- reads: freshness, deals, invoices, payments, customers
-- key:   table_name, vendor
-- why:   A finding that rests on something missing is only as good as the reading of the place it would be in. Billing
--        is a source of payments too: it says what was settled.
-- columns:
--   table_name: canonical table
--   vendor: connection that feeds it
--   completed_at: end of its last complete reading, UTC; empty if it never was
--   error: what went wrong at the last try
WITH feeds AS (
    SELECT 'deals' AS table_name, d.vendor FROM deals AS d
    UNION
    SELECT 'invoices' AS table_name, i.vendor FROM invoices AS i
    UNION
    SELECT 'payments' AS table_name, p.vendor FROM payments AS p
    UNION
    SELECT 'payments' AS table_name, i.vendor FROM invoices AS i
    UNION
    SELECT 'customers' AS table_name, c.vendor FROM customers AS c
    UNION
    SELECT f.kind AS table_name, f.vendor FROM freshness AS f
)
SELECT
    s.table_name,
    s.vendor,
    MIN(f.completed_at) AS completed_at,
    MAX(NULLIF(f.error, '')) AS error
FROM feeds AS s
LEFT JOIN freshness AS f
    ON f.vendor = s.vendor
    AND (f.kind = s.table_name OR (s.table_name = 'payments' AND f.kind = 'invoices'))
GROUP BY s.table_name, s.vendor
