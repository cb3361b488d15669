-- title: Every payment, what of it is new money, and what of it is not yet for any invoice
-- reads: payments, links, allocated_money, invoice_summary, settings
-- key:   vendor, id
-- why:   The same money shows in several places: at the gateway and in the payout on the bank statement, on the bank
--        statement and as what billing was told. It counts once.
WITH allocated AS (
    SELECT
        a.payment_vendor AS vendor,
        a.payment_id AS id,
        SUM(a.amount) AS amount,
        COUNT(*) AS invoices,
        MIN(i.currency) AS first_currency,
        MAX(i.currency) AS last_currency,
        -- money that came some other way covers each of the invoices: this one only tells of it
        MIN(CASE WHEN i.arrived >= i.owed - s.amount_tolerance THEN 1 ELSE 0 END) AS is_covered
    FROM allocated_money AS a
    JOIN invoice_summary AS i
        ON i.vendor = a.invoice_vendor
        AND i.id = a.invoice_id
    CROSS JOIN settings AS s
    GROUP BY a.payment_vendor, a.payment_id
),
linked AS (
    SELECT
        l.left_vendor AS vendor,
        l.left_id AS id,
        MAX(CASE WHEN l.right_table = 'invoices' THEN 1 ELSE 0 END) AS names_invoice,
        MAX(CASE WHEN l.right_table = 'payouts' THEN 1 ELSE 0 END) AS is_payout
    FROM links AS l
    WHERE l.left_table = 'payments'
    AND l.status IN ('automatic', 'confirmed')
    GROUP BY l.left_vendor, l.left_id
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
        CASE
            WHEN p.status IN ('failed', 'pending') THEN 'not_booked'
            WHEN w.is_payout = 1 THEN 'payout'
            -- its money is on a bank line, or it tells of an invoice that was paid some other way
            WHEN p.method = 'recorded' AND ((w.names_invoice = 1 AND a.id IS NULL) OR a.is_covered = 1) THEN 'told'
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
    LEFT JOIN linked AS w
        ON w.vendor = p.vendor
        AND w.id = p.id
    LEFT JOIN allocated AS a
        ON a.vendor = p.vendor
        AND a.id = p.id
    LEFT JOIN maybe AS m
        ON m.vendor = p.vendor
        AND m.id = p.id
)
SELECT
    p.vendor,
    p.id,
    n.role,
    p.paid_on,
    p.amount,
    p.currency,
    CAST(CASE WHEN n.role IN ('money', 'refund') THEN p.amount ELSE 0 END AS DECIMAL(18, 4)) AS collected,
    CAST(n.allocated AS DECIMAL(18, 4)) AS allocated,
    CAST(
        CASE
            WHEN n.role <> 'money' OR NOT n.is_comparable THEN 0
            ELSE GREATEST(0, p.amount - n.allocated)
        END AS DECIMAL(18, 4)
    ) AS unallocated,
    n.invoices,
    n.candidates
FROM payments AS p
JOIN named AS n
    ON n.vendor = p.vendor
    AND n.id = p.id
