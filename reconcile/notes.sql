-- Issued documents and money of the customers of the CRM $crm, and where a note of each belongs; of one if $id is named.
WITH ours AS (
    SELECT h.vendor, h.id, h.head_vendor, h.head_id
    FROM customer_heads AS h
    WHERE $id = ''
    OR (h.head_vendor, h.head_id) IN (
        SELECT (g.head_vendor, g.head_id) FROM customer_heads AS g WHERE g.vendor = $vendor AND g.id = $id
    )
),
company AS (
    SELECT o.head_vendor, o.head_id, MIN(o.id) AS id
    FROM ours AS o
    WHERE o.vendor = $crm
    GROUP BY o.head_vendor, o.head_id
),
party AS (
    SELECT o.vendor, o.id, c.id AS crm_id
    FROM ours AS o
    JOIN company AS c ON c.head_vendor = o.head_vendor AND c.head_id = o.head_id
),
by_hand AS (
    SELECT e.right_vendor AS vendor, e.right_id AS id, MIN(p.crm_id) AS crm_id
    FROM decisions AS e
    JOIN party AS p ON p.vendor = e.left_vendor AND p.id = e.left_id
    WHERE e.left_table = 'customers' AND e.right_table = 'invoices' AND e.verdict = 'confirmed'
    GROUP BY e.right_vendor, e.right_id
),
deal AS (
    SELECT b.invoice_vendor, b.invoice_id, list(DISTINCT b.deal_id ORDER BY b.deal_id) AS deals,
        MIN(d.customer_id) AS customer_id
    FROM deal_invoices AS b
    JOIN deals AS d ON d.vendor = b.deal_vendor AND d.id = b.deal_id
    WHERE b.deal_vendor = $crm
    GROUP BY b.invoice_vendor, b.invoice_id
),
billed AS (
    SELECT
        i.vendor, i.id, i.number, i.kind, i.issued_on, i.due_on, i.gross, i.currency, s.owed,
        COALESCE(d.customer_id, p.crm_id, h.crm_id) AS crm_id, COALESCE(d.deals, []) AS deals
    FROM invoices AS i
    JOIN invoice_summary AS s ON s.vendor = i.vendor AND s.id = i.id
    LEFT JOIN party AS p ON p.vendor = i.vendor AND p.id = i.customer_id
    LEFT JOIN deal AS d ON d.invoice_vendor = i.vendor AND d.invoice_id = i.id
    LEFT JOIN by_hand AS h ON h.vendor = i.vendor AND h.id = i.id
    WHERE i.status NOT IN ('draft', 'void')
    AND i.number IS NOT NULL
    AND i.issued_on IS NOT NULL
    AND (
        p.crm_id IS NOT NULL
        OR h.crm_id IS NOT NULL
        OR ($id = '' AND d.deals IS NOT NULL)
        OR d.customer_id IN (SELECT o.id FROM ours AS o WHERE o.vendor = $crm)
    )
),
applied AS (
    -- What is left at the end of the day: within it, ids tell no order.
    SELECT
        a.payment_vendor, a.payment_id, b.number, b.currency, a.amount, b.crm_id, b.deals,
        GREATEST(b.owed - SUM(a.amount + a.kept) OVER (
            PARTITION BY a.invoice_vendor, a.invoice_id ORDER BY a.paid_on
        ), 0) AS remaining
    FROM allocated_money AS a
    JOIN billed AS b ON b.vendor = a.invoice_vendor AND b.id = a.invoice_id
),
used AS (
    SELECT
        a.payment_vendor, a.payment_id, MIN(a.crm_id) AS crm_id,
        list_sort(list_distinct(flatten(list(a.deals)))) AS deals,
        list({'number': a.number, 'amount': a.amount, 'remaining': a.remaining, 'currency': a.currency}
            ORDER BY a.number) AS parts
    FROM applied AS a
    GROUP BY a.payment_vendor, a.payment_id
)
SELECT
    CASE WHEN b.kind = 'credit_note' THEN 'credit_note' ELSE 'invoice' END AS sort,
    'invoices' AS subject, b.vendor, b.id, b.issued_on AS on_day, b.number, b.due_on, b.gross AS amount, b.currency,
    b.crm_id, b.deals, [] AS parts
FROM billed AS b
UNION ALL
SELECT
    CASE WHEN p.amount < 0 THEN 'refund' ELSE 'payment' END,
    'payments', p.vendor, p.id, p.paid_on, NULL, NULL, p.amount, p.currency,
    COALESCE(u.crm_id, k.crm_id), COALESCE(u.deals, []), COALESCE(u.parts, [])
FROM payments AS p
JOIN payment_summary AS m ON m.vendor = p.vendor AND m.id = p.id AND m.role IN ('money', 'refund')
LEFT JOIN used AS u ON u.payment_vendor = p.vendor AND u.payment_id = p.id
LEFT JOIN party AS k ON k.vendor = p.vendor AND k.id = p.customer_id
WHERE p.paid_on IS NOT NULL
AND (u.payment_id IS NOT NULL OR k.crm_id IS NOT NULL)
ORDER BY on_day, subject, vendor, id
