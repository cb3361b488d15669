-- title:    Ordered more than is on hand
-- severity: medium
-- reads:    deals, deal_summary, accepted_quotes, lines, products, stock_on_hand
-- needs:    stock_on_hand
-- action:
-- why:      A won deal that is not invoiced in full, or an accepted quote, sells more of an article than is in stock. It stops
--           nothing; order more, or tell the customer when it comes. Articles that nobody counts are left out, and each order
--           is looked at alone.
WITH orders AS (
    SELECT 'deals' AS subject, 'deal' AS document, d.vendor, d.id, d.title AS detail, d.won_on AS since
    FROM deals AS d
    JOIN deal_summary AS b
        ON b.vendor = d.vendor
        AND b.id = d.id
    WHERE d.status = 'won'
    AND b.verdict IN ('none', 'drafted', 'part', 'unknown')
    UNION ALL
    SELECT 'quotes', 'quote', q.vendor, q.id, COALESCE(q.number || ' ', '') || COALESCE(q.quote_title, ''), q.accepted_on
    FROM accepted_quotes AS q
),
wanted AS (
    SELECT o.subject, o.vendor, o.id, o.detail, o.since, UPPER(TRIM(COALESCE(l.sku, p.sku))) AS sku, SUM(l.quantity) AS quantity
    FROM orders AS o
    JOIN lines AS l
        ON l.vendor = o.vendor
        AND l.document = o.document
        AND l.document_id = o.id
    LEFT JOIN products AS p
        ON p.vendor = l.vendor
        AND p.id = l.product_id
    GROUP BY o.subject, o.vendor, o.id, o.detail, o.since, UPPER(TRIM(COALESCE(l.sku, p.sku)))
)
SELECT
    w.subject,
    w.vendor,
    w.id,
    w.sku AS part,
    CAST(0 AS DECIMAL(18, 4)) AS amount,
    CAST(NULL AS VARCHAR) AS currency,
    w.since,
    w.detail,
    [
        {'code': 'product', 'agrees': FALSE, 'left': w.sku, 'right': CAST(NULL AS VARCHAR)},
        {
            'code': 'stock',
            'agrees': FALSE,
            'left': CAST(CAST(w.quantity AS DECIMAL(18, 2)) AS VARCHAR),
            'right': CAST(CAST(s.stock AS DECIMAL(18, 2)) AS VARCHAR)
        }
    ] AS evidence
FROM wanted AS w
JOIN stock_on_hand AS s
    ON s.sku = w.sku
WHERE w.quantity > s.stock
