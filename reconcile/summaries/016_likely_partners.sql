-- title: Records with a suggested partner that is likely: nobody can say that it is missing before that is answered
-- reads: links, deals, invoices
-- key:   table_name, vendor, id, partner_table
-- why:   On labelled books nine in ten payments, and three in four deals and invoices, with such a suggestion have their
--        partner. A weak suggestion (some invoice of that customer in that time) counts where the amounts are near.
-- columns:
--   table_name: deals, invoices or payments
--   vendor: its vendor
--   id: the record
--   partner_table: what is suggested for it: invoices, or for an invoice deals or payments
--   partners: how many are likely
--   worth: the most that one of them would give, in the invoice's currency
WITH likely AS (
    SELECT l.left_table, l.left_vendor, l.left_id, l.right_vendor, l.right_id, ABS(l.amount) AS amount
    FROM links AS l
    LEFT JOIN deals AS d
        ON l.left_table = 'deals'
        AND d.vendor = l.left_vendor
        AND d.id = l.left_id
    LEFT JOIN invoices AS i
        ON i.vendor = l.right_vendor
        AND i.id = l.right_id
    WHERE l.status = 'suggested'
    AND l.left_table IN ('deals', 'payments')
    AND l.right_table = 'invoices'
    AND (
        l.confidence >= 0.15
        OR (
            l.confidence >= 0.1
            AND (
                l.left_table = 'payments'
                OR LEAST(d.amount, COALESCE(i.net, i.gross)) >= CAST(GREATEST(d.amount, COALESCE(i.net, i.gross)) AS DECIMAL(20, 4)) * 0.7
            )
        )
    )
)
SELECT k.left_table AS table_name, k.left_vendor AS vendor, k.left_id AS id, 'invoices' AS partner_table, COUNT(*) AS partners,
    MAX(k.amount) AS worth
FROM likely AS k
GROUP BY k.left_table, k.left_vendor, k.left_id
UNION ALL
SELECT 'invoices', k.right_vendor, k.right_id, k.left_table, COUNT(*), MAX(k.amount)
FROM likely AS k
GROUP BY k.right_vendor, k.right_id, k.left_table
