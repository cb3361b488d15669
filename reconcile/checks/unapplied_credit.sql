-- title:    Credit unused, and invoices are open
-- severity: medium
-- reads:    payment_excess, payments, invoices, invoice_summary, allocations, settings
-- action:
-- why:      We owe the customer money (a credit note for no invoice, a credit on an invoice that was paid, the rest of a payment)
--           and chase them for other invoices at the same time. The amount shown is what could be set off.
WITH owing AS (
    SELECT m.vendor, m.customer_id, m.currency, SUM(m.open_amount) AS open_amount
    FROM invoice_summary AS m
    WHERE m.open_amount > 0
    AND m.customer_id IS NOT NULL
    GROUP BY m.vendor, m.customer_id, m.currency
),
used AS (
    SELECT a.vendor, a.payment_id AS id, SUM(a.amount) AS amount
    FROM allocations AS a
    WHERE a.payment_id IS NOT NULL
    GROUP BY a.vendor, a.payment_id
),
credits AS (
    SELECT m.vendor, m.id, m.number, m.customer_id, m.customer_name, m.currency, m.issued_on AS on_day,
        -m.gross - COALESCE(ABS(i.paid), 0) - COALESCE(u.amount, 0) AS credit
    FROM invoice_summary AS m
    JOIN invoices AS i
        ON i.vendor = m.vendor
        AND i.id = m.id
    LEFT JOIN used AS u
        ON u.vendor = m.vendor
        AND u.id = m.id
    WHERE m.kind = 'credit_note'
    AND m.is_counted
    AND m.status <> 'paid'
    AND i.corrects_id IS NULL
    UNION ALL
    SELECT m.vendor, m.id, m.number, m.customer_id, m.customer_name, m.currency, m.paid_on, m.arrived - GREATEST(m.owed, 0)
    FROM invoice_summary AS m
    WHERE m.credited < 0
    AND m.is_counted
)
SELECT
    'invoices' AS subject,
    c.vendor,
    c.id,
    LEAST(c.credit, o.open_amount) AS amount,
    c.currency,
    c.on_day AS since,
    COALESCE(c.number || ' ', '') || COALESCE(c.customer_name, '') AS detail,
    [
        {'code': 'credit', 'agrees': FALSE, 'left': CAST(CAST(c.credit AS DECIMAL(18, 2)) AS VARCHAR) || ' ' || c.currency,
         'right': CAST(NULL AS VARCHAR)},
        {'code': 'open_invoices', 'agrees': FALSE, 'left': CAST(NULL AS VARCHAR),
         'right': CAST(CAST(o.open_amount AS DECIMAL(18, 2)) AS VARCHAR) || ' ' || c.currency}
    ] AS evidence
FROM credits AS c
JOIN owing AS o
    ON o.vendor = c.vendor
    AND o.customer_id = c.customer_id
    AND o.currency = c.currency
CROSS JOIN settings AS s
WHERE c.credit > s.amount_tolerance
UNION ALL
SELECT
    'payments' AS subject,
    p.vendor,
    p.id,
    LEAST(x.amount, x.open_amount) AS amount,
    x.currency,
    p.paid_on AS since,
    COALESCE(i.number || ' ', '') || COALESCE(i.customer_name, p.payer_name, '') AS detail,
    [
        {'code': 'allocated', 'agrees': FALSE, 'left': CAST(CAST(p.amount AS DECIMAL(18, 2)) AS VARCHAR) || ' ' || p.currency,
         'right': CAST(CAST(p.amount - x.amount AS DECIMAL(18, 2)) AS VARCHAR) || ' ' || x.currency},
        {'code': 'open_invoices', 'agrees': FALSE, 'left': CAST(NULL AS VARCHAR),
         'right': CAST(CAST(x.open_amount AS DECIMAL(18, 2)) AS VARCHAR) || ' ' || x.currency}
    ] AS evidence
FROM payment_excess AS x
JOIN payments AS p
    ON p.vendor = x.vendor
    AND p.id = x.id
JOIN invoices AS i
    ON i.vendor = x.invoice_vendor
    AND i.id = x.invoice_id
CROSS JOIN settings AS s
WHERE x.kind = 'credit'
AND p.paid_on < s.today - s.payment_days
