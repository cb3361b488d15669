-- title: Invoices that repeat another one of the same customer, which what was sold does not bear
-- reads: invoice_summary, deal_invoices, deal_summary, settings
-- needs: invoice_summary
-- key:   vendor, id
-- why:   Same customer, same amount, days apart. Instalments and renewals are equal too, but their deal bears them. What one
--        invoice too many explains is told once, as that.
-- columns:
--   vendor: vendor of the second of the two
--   id: the second of the two: the one in question
--   deal_vendor: vendor of the deal of both; empty if none
--   deal_id: the deal of both; empty if none
--   first_number: number of the first
--   first_on: day the first was issued
WITH billed AS (
    SELECT m.*, COALESCE(m.customer_id, m.customer_name) AS customer
    FROM invoice_summary AS m
    WHERE m.is_counted
    AND m.kind NOT IN ('credit_note', 'recurring')
    AND m.gross > 0
    AND m.owed > 0
    AND m.issued_on IS NOT NULL
    AND m.deal_count <= 1
),
equal AS (
    SELECT b.vendor, b.customer, b.currency, b.gross
    FROM billed AS b
    GROUP BY b.vendor, b.customer, b.currency, b.gross
    HAVING COUNT(*) > 1
),
candidates AS (
    SELECT b.*, d.deal_vendor, d.deal_id
    FROM billed AS b
    JOIN equal AS e
        ON e.vendor = b.vendor
        AND e.customer = b.customer
        AND e.currency = b.currency
        AND e.gross = b.gross
    LEFT JOIN deal_invoices AS d
        ON d.invoice_vendor = b.vendor
        AND d.invoice_id = b.id
),
ordered AS (
    SELECT
        c.*,
        LAG(c.id) OVER w AS first_id,
        LAG(c.number) OVER w AS first_number,
        LAG(c.issued_on) OVER w AS first_on,
        LAG(c.deal_vendor) OVER w AS first_deal_vendor,
        LAG(c.deal_id) OVER w AS first_deal_id
    FROM candidates AS c
    WINDOW w AS (
        PARTITION BY c.vendor, c.customer, c.currency, c.gross
        ORDER BY c.issued_on, c.deal_id NULLS LAST, c.number NULLS LAST, c.id
    )
)
SELECT
    o.vendor,
    o.id,
    o.deal_vendor,
    o.deal_id,
    o.first_number,
    o.first_on
FROM ordered AS o
LEFT JOIN deal_summary AS b
    ON b.vendor = o.deal_vendor
    AND b.id = o.deal_id
CROSS JOIN settings AS s
WHERE o.first_id IS NOT NULL
AND DATE_DIFF('day', o.first_on, o.issued_on) <= s.duplicate_days
AND (
    (o.deal_id IS NULL AND DATE_DIFF('day', o.first_on, o.issued_on) <= s.repeat_days)
    OR (
        o.deal_vendor = o.first_deal_vendor
        AND o.deal_id = o.first_deal_id
        AND b.verdict = 'over'
        -- one too many of several equal parts is an excess; twice the whole is a duplicate
        AND (b.invoices = 2 OR DATE_DIFF('day', o.first_on, o.issued_on) <= s.repeat_days)
    )
)
