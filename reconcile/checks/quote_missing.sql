-- title:       Quote published in one system only
-- severity:    low
-- reads:       quotes, lines, products, customer_pairs, record_pairs, baselines, deals, invoices, sync, settings
-- needs:       quotes
-- absent_from: quotes
-- action:      create_quote
-- why:         Asked only where the settings say that new quotes are made on the other side. It is made there once its customer
--              and all its products are there; until then what is missing is said. Drafts, quotes whose last day is over and
--              those from before the connection are left out, as are those of which the other one was deleted.
WITH crms AS (
    SELECT DISTINCT d.vendor FROM deals AS d
),
billers AS (
    SELECT DISTINCT i.vendor FROM invoices AS i WHERE i.vendor NOT IN (SELECT c.vendor FROM crms AS c)
),
sides AS (
    SELECT c.vendor, 'crm' AS side FROM crms AS c
    UNION ALL
    SELECT b.vendor, 'billing' FROM billers AS b
),
paired AS (
    SELECT p.crm_vendor AS vendor, p.crm_id AS id FROM record_pairs AS p WHERE p.entity = 'quotes'
    UNION
    SELECT p.billing_vendor, p.billing_id FROM record_pairs AS p WHERE p.entity = 'quotes'
    UNION
    SELECT k.crm_vendor, k.crm_id FROM baselines AS k WHERE k.entity = 'quotes'
    UNION
    SELECT k.billing_vendor, k.billing_id FROM baselines AS k WHERE k.entity = 'quotes'
),
parties AS (
    SELECT k.crm_vendor AS vendor, k.crm_id AS id FROM customer_pairs AS k WHERE k.is_linked
    UNION
    SELECT k.billing_vendor, k.billing_id FROM customer_pairs AS k WHERE k.is_linked
),
articles AS (
    SELECT DISTINCT v.side, UPPER(TRIM(p.sku)) AS sku
    FROM products AS p
    JOIN sides AS v
        ON v.vendor = p.vendor
    WHERE COALESCE(p.is_active, TRUE)
),
lacking AS (
    SELECT l.vendor, l.document_id, COUNT(*) AS lines, COUNT(*) - COUNT(a.sku) AS lacking,
        MIN(CASE WHEN a.sku IS NULL THEN COALESCE(l.sku, p.sku, l.description) END) AS example
    FROM lines AS l
    JOIN sides AS v
        ON v.vendor = l.vendor
    LEFT JOIN products AS p
        ON p.vendor = l.vendor
        AND p.id = l.product_id
    LEFT JOIN articles AS a
        ON a.side <> v.side
        AND a.sku = UPPER(TRIM(COALESCE(l.sku, p.sku)))
    WHERE l.document = 'quote'
    GROUP BY l.vendor, l.document_id
)
SELECT
    'quotes' AS subject,
    q.vendor,
    q.id,
    CAST(0 AS DECIMAL(18, 4)) AS amount,
    CAST(NULL AS VARCHAR) AS currency,
    CAST(q.updated_at AS DATE) AS since,
    COALESCE(q.number || ' ', '') || COALESCE(q.title, '') AS detail,
    q.updated_at AS changed_at,
    [
        {'code': 'new_in', 'agrees': FALSE, 'left': q.vendor, 'right': CAST(NULL AS VARCHAR)},
        {
            'code': 'customer_there',
            'agrees': c.id IS NOT NULL,
            'left': CASE WHEN c.id IS NULL THEN 'no' ELSE 'yes' END,
            'right': CAST(NULL AS VARCHAR)
        },
        {
            'code': 'product_there',
            'agrees': COALESCE(g.lacking, 1) = 0,
            'left': CASE WHEN COALESCE(g.lacking, 1) = 0 THEN 'yes' ELSE COALESCE(g.example, '?') END,
            'right': CAST(NULL AS VARCHAR)
        }
    ] AS evidence
FROM quotes AS q
JOIN sides AS v
    ON v.vendor = q.vendor
JOIN sync AS s
    ON s.entity = 'quotes'
    AND s.creates
CROSS JOIN settings AS t
LEFT JOIN paired AS p
    ON p.vendor = q.vendor
    AND p.id = q.id
LEFT JOIN parties AS c
    ON c.vendor = q.vendor
    AND c.id = q.customer_id
LEFT JOIN lacking AS g
    ON g.vendor = q.vendor
    AND g.document_id = q.id
WHERE p.id IS NULL
AND (SELECT COUNT(DISTINCT x.side) FROM sides AS x) = 2
AND q.status = 'published'
AND (q.valid_until_on IS NULL OR q.valid_until_on >= t.today)
AND (s.backfill OR q.updated_at >= s.new_since)
