-- title:       Received, and on no bank statement
-- severity:    high
-- reads:       payments, payment_summary, payouts, links, invoices, settings
-- absent_from: payments
-- action:
-- why:         Billing was told of a payment, or the gateway sent a payout, and no bank line shows it: a cheque in a drawer, money on
--              another account, or a payment that was recorded by mistake. Asked only of currencies whose bank account was read
--              from before that day until well after it; a line that may be the one is shown on the reconciliation page instead.
WITH billers AS (
    SELECT DISTINCT i.vendor FROM invoices AS i
),
banks AS (
    SELECT p.vendor, p.currency, MIN(p.paid_on) AS first_on, MAX(p.paid_on) AS last_on
    FROM payments AS p
    LEFT JOIN billers AS b
        ON b.vendor = p.vendor
    WHERE b.vendor IS NULL
    AND p.method IN ('transfer', 'direct_debit', 'cash', 'cheque', 'other')
    AND p.paid_on IS NOT NULL
    GROUP BY p.vendor, p.currency
),
covered AS (
    SELECT k.currency, MIN(k.first_on) AS first_on, MAX(k.last_on) AS last_on
    FROM banks AS k
    GROUP BY k.currency
),
tied AS (
    SELECT DISTINCT l.left_vendor AS vendor, l.left_id AS id
    FROM links AS l
    WHERE l.left_table = 'payments'
    AND l.right_table = 'payments'
    AND l.status <> 'rejected'
),
arrived AS (
    SELECT DISTINCT l.right_vendor AS vendor, l.right_id AS id
    FROM links AS l
    WHERE l.left_table = 'payments'
    AND l.right_table = 'payouts'
    AND l.status <> 'rejected'
),
expected AS (
    SELECT 'payments' AS subject, p.vendor, p.id, p.amount, p.currency, p.paid_on AS on_day, p.updated_at,
        COALESCE(i.number || COALESCE(' ' || i.customer_name, ''), p.payer_name, p.reference, p.invoice_reference) AS said
    FROM payments AS p
    JOIN payment_summary AS m
        ON m.vendor = p.vendor
        AND m.id = p.id
        AND m.role = 'money'
    JOIN billers AS b
        ON b.vendor = p.vendor
    LEFT JOIN tied AS t
        ON t.vendor = p.vendor
        AND t.id = p.id
    LEFT JOIN invoices AS i
        ON i.vendor = p.vendor
        AND i.id = p.invoice_id
    WHERE p.method IN ('recorded', 'cheque', 'cash', 'transfer', 'direct_debit')
    AND p.amount > 0
    AND t.id IS NULL
    UNION ALL
    SELECT 'payouts', o.vendor, o.id, o.amount, o.currency, o.arrives_on, CAST(NULL AS TIMESTAMP), o.reference
    FROM payouts AS o
    LEFT JOIN arrived AS a
        ON a.vendor = o.vendor
        AND a.id = o.id
    WHERE o.amount > 0
    AND COALESCE(o.status, 'paid') NOT IN ('failed', 'canceled', 'pending', 'in_transit')
    AND a.id IS NULL
)
SELECT
    e.subject,
    e.vendor,
    e.id,
    e.amount,
    e.currency,
    e.on_day AS since,
    COALESCE(e.said, '') AS detail,
    [
        {'code': 'received_on', 'agrees': FALSE, 'left': CAST(e.on_day AS VARCHAR), 'right': CAST(NULL AS VARCHAR)},
        {'code': 'bank_read_until', 'agrees': TRUE, 'left': CAST(NULL AS VARCHAR), 'right': CAST(c.last_on AS VARCHAR)}
    ] AS evidence,
    e.updated_at AS changed_at
FROM expected AS e
JOIN covered AS c
    ON c.currency = e.currency
CROSS JOIN settings AS s
WHERE e.on_day < s.today - s.banked_days
AND e.on_day >= c.first_on
AND c.last_on >= e.on_day + s.banked_days
