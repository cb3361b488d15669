-- title: Payments of which something is left over although they found their invoice, and what that is
-- reads: payments, payment_summary, allocated_money, invoice_summary, links, settings
-- needs: invoice_summary
-- key:   vendor, id
-- why:   Money that is for no invoice has these explanations, told apart here once: it went back already, the same invoice
--        was paid twice, the customer paid too much and has other invoices open, or paid too much and has none; anything
--        else is not here.
-- columns:
--   vendor: vendor of the payment
--   id: the payment
--   kind: returned, twice, credit (other invoices of the customer are open) or over
--   invoice_vendor: vendor of the invoice it is about
--   invoice_id: that invoice
--   other_vendor: vendor of the payment that settled the invoice before; empty unless paid twice
--   other_id: that payment
--   amount: what is left over, in currency
--   currency: ISO 4217 currency
--   customer_id: customer of the invoice, in the invoice's system
--   open_amount: what that customer owes on other invoices in this currency
WITH excess AS (
    SELECT m.vendor, m.id, m.amount, m.currency, m.unallocated, m.paid_on, m.allocated
    FROM payment_summary AS m
    CROSS JOIN settings AS s
    WHERE m.role = 'money'
    AND m.unallocated > GREATEST(s.amount_tolerance, CAST(m.amount AS DECIMAL(20, 4)) * s.amount_tolerance_rate)
),
-- money that went out to the same account or name, for nothing else
sent_back AS (
    SELECT e.vendor, e.id, ROW_NUMBER() OVER (PARTITION BY m.vendor, m.id ORDER BY e.paid_on DESC, e.id) AS place
    FROM excess AS e
    JOIN payments AS p
        ON p.vendor = e.vendor
        AND p.id = e.id
    JOIN payment_summary AS m
        ON m.amount = -e.unallocated
        AND m.currency = e.currency
        AND m.role IN ('refund', 'outgoing')
        AND m.allocated = 0
        AND m.paid_on BETWEEN e.paid_on AND e.paid_on + 180
    JOIN payments AS r
        ON r.vendor = m.vendor
        AND r.id = m.id
        AND (r.payer_iban = p.payer_iban OR UPPER(TRIM(r.payer_name)) = UPPER(TRIM(p.payer_name)))
),
-- the invoices that a payment names, whether or not they took any of it
named AS (
    SELECT e.vendor, e.id, l.right_vendor AS invoice_vendor, l.right_id AS invoice_id, MAX(COALESCE(l.amount, 0)) AS given
    FROM excess AS e
    JOIN links AS l
        ON l.left_table = 'payments'
        AND l.right_table = 'invoices'
        AND l.left_vendor = e.vendor
        AND l.left_id = e.id
        AND l.status IN ('automatic', 'confirmed')
    GROUP BY e.vendor, e.id, l.right_vendor, l.right_id
),
settled_by AS (
    SELECT n.vendor, n.id, n.invoice_vendor, n.invoice_id, MIN(a.payment_vendor) AS other_vendor, MIN(a.payment_id) AS other_id,
        CASE WHEN COUNT(*) = 1 THEN MAX(a.amount) END AS other_amount  -- where one settled it alone
    FROM named AS n
    JOIN allocated_money AS a
        ON a.invoice_vendor = n.invoice_vendor
        AND a.invoice_id = n.invoice_id
        AND a.amount > 0
        AND NOT a.is_recorded
    WHERE n.given = 0
    AND NOT (a.payment_vendor = n.vendor AND a.payment_id = n.id)
    GROUP BY n.vendor, n.id, n.invoice_vendor, n.invoice_id
),
twice_named AS (
    SELECT b.*
    FROM settled_by AS b
    JOIN excess AS e
        ON e.vendor = b.vendor
        AND e.id = b.id
    JOIN invoice_summary AS i
        ON i.vendor = b.invoice_vendor
        AND i.id = b.invoice_id
        AND i.currency = e.currency
    CROSS JOIN settings AS s
    -- also where a fee or tax was kept of the first
    WHERE i.is_settled
    AND i.arrived + i.kept >= i.owed - s.amount_tolerance
    AND (ABS(e.amount - i.owed) <= s.amount_tolerance OR ABS(e.amount - b.other_amount) <= s.amount_tolerance)
),
-- the same payer sent the same amount with the same words once more
twins AS (
    SELECT
        e.vendor,
        e.id,
        a.invoice_vendor,
        a.invoice_id,
        t.vendor AS other_vendor,
        t.id AS other_id,
        ROW_NUMBER() OVER (PARTITION BY e.vendor, e.id ORDER BY t.paid_on, t.id, a.invoice_id) AS place
    FROM excess AS e
    JOIN payments AS p
        ON p.vendor = e.vendor
        AND p.id = e.id
    JOIN payments AS t
        ON t.vendor = p.vendor
        AND t.amount = p.amount
        AND t.currency = p.currency
        AND t.reference = p.reference
        AND COALESCE(t.payer_iban, t.payer_name) = COALESCE(p.payer_iban, p.payer_name)
        AND t.id <> p.id
    JOIN allocated_money AS a
        ON a.payment_vendor = t.vendor
        AND a.payment_id = t.id
        AND a.amount = t.amount
    CROSS JOIN settings AS s
    WHERE e.allocated = 0
    AND ABS(DATE_DIFF('day', t.paid_on, p.paid_on)) <= s.duplicate_days
),
twice AS (
    SELECT n.vendor, n.id, n.invoice_vendor, n.invoice_id, n.other_vendor, n.other_id, 1 AS choice FROM twice_named AS n
    UNION ALL
    SELECT t.vendor, t.id, t.invoice_vendor, t.invoice_id, t.other_vendor, t.other_id, 2 FROM twins AS t WHERE t.place = 1
),
surest AS (
    SELECT t.*, ROW_NUMBER() OVER (PARTITION BY t.vendor, t.id ORDER BY t.choice, t.invoice_id) AS place
    FROM twice AS t
),
-- of the invoices that took some of it the largest part speaks
taken AS (
    SELECT
        e.vendor,
        e.id,
        a.invoice_vendor,
        a.invoice_id,
        ROW_NUMBER() OVER (PARTITION BY e.vendor, e.id ORDER BY a.amount DESC, a.invoice_id) AS place
    FROM excess AS e
    JOIN allocated_money AS a
        ON a.payment_vendor = e.vendor
        AND a.payment_id = e.id
    WHERE a.amount > 0
),
owing AS (
    SELECT m.vendor, m.customer_id, m.currency, SUM(m.open_amount) AS open_amount
    FROM invoice_summary AS m
    WHERE m.open_amount > 0
    AND m.customer_id IS NOT NULL
    GROUP BY m.vendor, m.customer_id, m.currency
),
explained AS (
    SELECT x.vendor, x.id, 'twice' AS kind, x.invoice_vendor, x.invoice_id, x.other_vendor, x.other_id
    FROM surest AS x
    WHERE x.place = 1
    UNION ALL
    SELECT t.vendor, t.id, 'over', t.invoice_vendor, t.invoice_id, NULL, NULL
    FROM taken AS t
    LEFT JOIN surest AS x
        ON x.vendor = t.vendor
        AND x.id = t.id
    WHERE t.place = 1
    AND x.id IS NULL
)
SELECT
    x.vendor,
    x.id,
    CASE WHEN b.id IS NOT NULL THEN 'returned' WHEN x.kind = 'over' AND o.open_amount > 0 THEN 'credit' ELSE x.kind END AS kind,
    x.invoice_vendor,
    x.invoice_id,
    x.other_vendor,
    x.other_id,
    e.unallocated AS amount,
    e.currency,
    i.customer_id,
    CAST(COALESCE(o.open_amount, 0) AS DECIMAL(18, 4)) AS open_amount
FROM explained AS x
JOIN excess AS e
    ON e.vendor = x.vendor
    AND e.id = x.id
JOIN invoice_summary AS i
    ON i.vendor = x.invoice_vendor
    AND i.id = x.invoice_id
LEFT JOIN owing AS o
    ON o.vendor = i.vendor
    AND o.customer_id = i.customer_id
    AND o.currency = e.currency
LEFT JOIN (SELECT DISTINCT b.vendor, b.id FROM sent_back AS b WHERE b.place = 1) AS b
    ON b.vendor = x.vendor
    AND b.id = x.id
