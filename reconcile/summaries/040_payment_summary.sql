-- title: Every payment, what of it is new money, and what of it is not yet for any invoice
-- reads: payments, links, allocated_money, invoice_summary, settings
-- needs: payments
-- key:   vendor, id
-- why:   The same money shows in several places: at the gateway and in the payout on the bank statement, on the bank
--        statement and as what billing was told. It counts once.
-- columns:
--   vendor: vendor of the payment
--   id: the payment
--   role: money, refund, told (same money as another row), payout, outgoing or not_booked
--   paid_on: value date
--   amount: as the vendor says, in currency
--   currency: ISO 4217 currency
--   collected: what counts as collected: each piece of money once, refunds negative
--   allocated: given to invoices
--   unallocated: for no invoice yet
--   invoices: invoices it settles
--   candidates: invoices that are suggested for it
WITH allocated AS (
    SELECT
        a.payment_vendor AS vendor,
        a.payment_id AS id,
        SUM(a.amount) AS amount,
        COUNT(*) AS invoices,
        MIN(i.currency) AS first_currency,
        MAX(i.currency) AS last_currency,
        -- money that came some other way covers each of the invoices: this one only tells of it
        MIN(CASE WHEN i.arrived + i.kept >= i.owed - s.amount_tolerance THEN 1 ELSE 0 END) AS is_covered
    FROM allocated_money AS a
    JOIN invoice_summary AS i
        ON i.vendor = a.invoice_vendor
        AND i.id = a.invoice_id
    CROSS JOIN settings AS s
    GROUP BY a.payment_vendor, a.payment_id
),
payouts_seen AS (
    SELECT DISTINCT l.left_vendor AS vendor, l.left_id AS id
    FROM links AS l
    WHERE l.left_table = 'payments'
    AND l.right_table = 'payouts'
    AND l.status IN ('automatic', 'confirmed')
),
-- what was only recorded, and whose money is on a bank line: allocated_money gave it to that line
moved AS (
    SELECT DISTINCT l.left_vendor AS vendor, l.left_id AS id
    FROM links AS l
    JOIN payments AS p
        ON p.vendor = l.left_vendor
        AND p.id = l.left_id
        AND p.method = 'recorded'
    LEFT JOIN allocated AS a
        ON a.vendor = p.vendor
        AND a.id = p.id
    WHERE l.left_table = 'payments'
    AND l.right_table = 'invoices'
    AND l.status IN ('automatic', 'confirmed')
    AND a.id IS NULL
),
maybe AS (
    SELECT l.left_vendor AS vendor, l.left_id AS id, COUNT(*) AS candidates
    FROM links AS l
    WHERE l.left_table = 'payments'
    AND l.right_table = 'invoices'
    AND l.status = 'suggested'
    GROUP BY l.left_vendor, l.left_id
),
named AS (
    SELECT
        p.vendor,
        p.id,
        p.paid_on,
        p.amount,
        p.currency,
        CASE
            WHEN p.status IN ('failed', 'pending') THEN 'not_booked'
            WHEN w.id IS NOT NULL THEN 'payout'
            -- or it tells of an invoice that was paid some other way
            WHEN v.id IS NOT NULL OR (p.method = 'recorded' AND a.is_covered = 1) THEN 'told'
            WHEN p.amount < 0 AND (p.method = 'refund' OR a.invoices > 0) THEN 'refund'
            WHEN p.amount < 0 THEN 'outgoing'
            ELSE 'money'
        END AS role,
        COALESCE(a.amount, 0) AS allocated,
        COALESCE(a.invoices, 0) AS invoices,
        COALESCE(m.candidates, 0) AS candidates,
        -- allocations in another currency cannot be subtracted: then the whole is taken as used
        COALESCE(a.first_currency = p.currency AND a.last_currency = p.currency, TRUE) AS is_comparable
    FROM payments AS p
    LEFT JOIN payouts_seen AS w
        ON w.vendor = p.vendor
        AND w.id = p.id
    LEFT JOIN moved AS v
        ON v.vendor = p.vendor
        AND v.id = p.id
    LEFT JOIN allocated AS a
        ON a.vendor = p.vendor
        AND a.id = p.id
    LEFT JOIN maybe AS m
        ON m.vendor = p.vendor
        AND m.id = p.id
)
SELECT
    n.vendor,
    n.id,
    n.role,
    n.paid_on,
    n.amount,
    n.currency,
    CAST(CASE WHEN n.role IN ('money', 'refund') THEN n.amount ELSE 0 END AS DECIMAL(18, 4)) AS collected,
    CAST(n.allocated AS DECIMAL(18, 4)) AS allocated,
    CAST(
        CASE
            WHEN n.role <> 'money' OR NOT n.is_comparable THEN 0
            ELSE GREATEST(0, n.amount - n.allocated)
        END AS DECIMAL(18, 4)
    ) AS unallocated,
    n.invoices,
    n.candidates
FROM named AS n
