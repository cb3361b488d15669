-- title: How much of which payment settles which invoice, each piece of money once
-- reads: links, payments
-- needs: payments
-- key:   payment_vendor, payment_id, invoice_vendor, invoice_id
-- why:   What billing recorded of a payment made elsewhere is the same money as its bank line: the bank line has it then,
--        with the bank's value date. Where billing recorded a payment on an invoice and a bank line names that invoice
--        but found it settled already, they are the same money too.
-- columns:
--   payment_vendor: vendor of the payment
--   payment_id: the payment
--   invoice_vendor: vendor of the invoice
--   invoice_id: the invoice
--   paid_on: value date of the payment
--   is_recorded: billing was told of it and we have not seen the money
--   amount: settled, in the invoice's currency; negative on a refund
--   kept: what fees, discounts or withheld tax took of it: it settles the invoice too
WITH standing AS (
    SELECT l.left_vendor, l.left_id, l.right_table, l.right_vendor, l.right_id, COALESCE(l.amount, 0) AS amount,
        COALESCE(l.kept, 0) AS kept
    FROM links AS l
    WHERE l.left_table = 'payments'
    AND l.status IN ('automatic', 'confirmed')
),
direct AS (
    SELECT
        a.left_vendor AS payment_vendor,
        a.left_id AS payment_id,
        a.right_vendor AS invoice_vendor,
        a.right_id AS invoice_id,
        SUM(a.amount) AS amount,
        SUM(a.kept) AS kept,
        MAX(CASE WHEN p.method = 'recorded' THEN 1 ELSE 0 END) AS is_recorded
    FROM standing AS a
    JOIN payments AS p
        ON p.vendor = a.left_vendor
        AND p.id = a.left_id
    WHERE a.right_table = 'invoices'
    AND COALESCE(p.status, 'booked') NOT IN ('failed', 'pending')
    GROUP BY a.left_vendor, a.left_id, a.right_vendor, a.right_id
),
twins AS (
    SELECT
        t.left_vendor AS told_vendor,
        t.left_id AS told_id,
        MIN(t.right_vendor) AS payment_vendor,
        MIN(t.right_id) AS payment_id
    FROM standing AS t
    WHERE t.right_table = 'payments'
    GROUP BY t.left_vendor, t.left_id
),
told AS (
    SELECT d.invoice_vendor, d.invoice_id, SUM(d.amount) AS amount
    FROM direct AS d
    LEFT JOIN twins AS t
        ON t.told_vendor = d.payment_vendor
        AND t.told_id = d.payment_id
    WHERE d.is_recorded = 1
    AND t.told_id IS NULL
    GROUP BY d.invoice_vendor, d.invoice_id
),
-- lines that name an invoice and found it settled by what was recorded
late AS (
    SELECT d.*, o.amount AS told
    FROM direct AS d
    JOIN told AS o
        ON o.invoice_vendor = d.invoice_vendor
        AND o.invoice_id = d.invoice_id
    WHERE d.is_recorded = 0
    AND d.amount = 0
),
shifted AS (
    SELECT t.payment_vendor, t.payment_id, d.invoice_vendor, d.invoice_id, d.amount, d.kept
    FROM direct AS d
    JOIN twins AS t
        ON t.told_vendor = d.payment_vendor
        AND t.told_id = d.payment_id
    UNION ALL
    SELECT e.payment_vendor, e.payment_id, e.invoice_vendor, e.invoice_id, LEAST(e.told, p.amount), e.kept
    FROM late AS e
    JOIN payments AS p
        ON p.vendor = e.payment_vendor
        AND p.id = e.payment_id
),
gathered AS (
    SELECT d.payment_vendor, d.payment_id, d.invoice_vendor, d.invoice_id, d.is_recorded, d.amount, 0 AS shifted, d.kept
    FROM direct AS d
    LEFT JOIN twins AS t
        ON t.told_vendor = d.payment_vendor
        AND t.told_id = d.payment_id
    LEFT JOIN (SELECT DISTINCT e.invoice_vendor, e.invoice_id FROM late AS e) AS x
        ON x.invoice_vendor = d.invoice_vendor
        AND x.invoice_id = d.invoice_id
        AND d.is_recorded = 1
    WHERE t.told_id IS NULL
    AND x.invoice_id IS NULL
    UNION ALL
    SELECT s.payment_vendor, s.payment_id, s.invoice_vendor, s.invoice_id, 0, 0, s.amount, s.kept
    FROM shifted AS s
),
summed AS (
    SELECT
        g.payment_vendor,
        g.payment_id,
        g.invoice_vendor,
        g.invoice_id,
        MAX(g.is_recorded) AS is_recorded,
        GREATEST(SUM(g.amount), SUM(g.shifted)) AS amount,
        MIN(g.amount) AS least,
        MAX(g.kept) AS kept
    FROM gathered AS g
    GROUP BY g.payment_vendor, g.payment_id, g.invoice_vendor, g.invoice_id
)
SELECT
    s.payment_vendor,
    s.payment_id,
    s.invoice_vendor,
    s.invoice_id,
    p.paid_on,
    s.is_recorded = 1 AS is_recorded,
    -- a refund takes away
    CAST(CASE WHEN s.least < 0 THEN s.least ELSE s.amount END AS DECIMAL(18, 4)) AS amount,
    CAST(s.kept AS DECIMAL(18, 4)) AS kept
FROM summed AS s
JOIN payments AS p
    ON p.vendor = s.payment_vendor
    AND p.id = s.payment_id
