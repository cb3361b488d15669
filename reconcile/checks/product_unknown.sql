-- title:    Line without a product in billing
-- severity: low
-- reads:    lines, deals, deal_summary, products, invoices
-- needs:    deals, lines
-- action:   pick_product
-- why:      The line has no SKU, or one that billing does not know: pick the product in the CRM, or create it in billing
--           under this SKU, before the invoice is made. Asked of open deals and of won ones that are still to be invoiced, in
--           a CRM that uses SKUs and with a billing system that keeps products.
WITH billers AS (
    SELECT DISTINCT i.vendor FROM invoices AS i
),
catalogue AS (
    SELECT DISTINCT UPPER(TRIM(p.sku)) AS sku
    FROM products AS p
    JOIN billers AS b
        ON b.vendor = p.vendor
    WHERE p.sku IS NOT NULL
    AND COALESCE(p.is_active, TRUE)
),
using_skus AS (
    SELECT DISTINCT l.vendor FROM lines AS l WHERE l.document = 'deal' AND l.sku IS NOT NULL
),
waiting AS (
    SELECT d.vendor, d.id, d.title, d.currency, COALESCE(d.won_on, CAST(d.created_at AS DATE)) AS since
    FROM deals AS d
    JOIN deal_summary AS b
        ON b.vendor = d.vendor
        AND b.id = d.id
    WHERE d.status = 'open'
    OR (d.status = 'won' AND b.verdict IN ('none', 'part'))
),
asked AS (
    SELECT w.vendor, w.id, w.title, w.since, l.id AS line_id, COALESCE(l.sku, p.sku) AS sku,
        COALESCE(l.description, p.name) AS description, l.net, COALESCE(l.currency, w.currency) AS currency
    FROM waiting AS w
    JOIN using_skus AS u
        ON u.vendor = w.vendor
    JOIN lines AS l
        ON l.document = 'deal'
        AND l.vendor = w.vendor
        AND l.document_id = w.id
    LEFT JOIN products AS p
        ON p.vendor = l.vendor
        AND p.id = l.product_id
)
SELECT
    'deals' AS subject,
    a.vendor,
    a.id,
    a.line_id AS part,
    ABS(COALESCE(a.net, 0)) AS amount,
    a.currency,
    a.since,
    COALESCE(a.description || ' · ', '') || COALESCE(a.title, '') AS detail,
    [
        {'code': 'sku', 'agrees': FALSE, 'left': a.sku, 'right': CAST(NULL AS VARCHAR)},
        {'code': 'line', 'agrees': TRUE, 'left': a.description, 'right': CAST(NULL AS VARCHAR)}
    ] AS evidence
FROM asked AS a
LEFT JOIN catalogue AS c
    ON c.sku = UPPER(TRIM(a.sku))
WHERE c.sku IS NULL
AND EXISTS (SELECT 1 FROM catalogue AS k)
