-- title:       New product in one system only
-- severity:    low
-- reads:       products, record_pairs, baselines, deals, invoices, sync
-- absent_from: products
-- action:      create_product
-- why:         Asked only where the settings say that new products are made on the other side. Without a SKU a product cannot be
--              found again, so it is left out; so are those from before the connection unless they are to be made too, and those
--              of which the other one was deleted.
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
    SELECT p.crm_vendor AS vendor, p.crm_id AS id FROM record_pairs AS p WHERE p.entity = 'products'
    UNION
    SELECT p.billing_vendor, p.billing_id FROM record_pairs AS p WHERE p.entity = 'products'
    UNION
    SELECT k.crm_vendor, k.crm_id FROM baselines AS k WHERE k.entity = 'products'
    UNION
    SELECT k.billing_vendor, k.billing_id FROM baselines AS k WHERE k.entity = 'products'
)
SELECT
    'products' AS subject,
    c.vendor,
    c.id,
    CAST(0 AS DECIMAL(18, 4)) AS amount,
    CAST(NULL AS VARCHAR) AS currency,
    CAST(c.created_at AS DATE) AS since,
    c.name AS detail,
    c.created_at AS changed_at,
    [{'code': 'new_in', 'agrees': FALSE, 'left': c.vendor, 'right': CAST(NULL AS VARCHAR)}] AS evidence
FROM products AS c
JOIN sides AS v
    ON v.vendor = c.vendor
JOIN sync AS s
    ON s.entity = 'products'
    AND s.creates
LEFT JOIN paired AS p
    ON p.vendor = c.vendor
    AND p.id = c.id
WHERE p.id IS NULL
AND (SELECT COUNT(DISTINCT x.side) FROM sides AS x) = 2
AND (s.backfill OR c.created_at >= s.new_since)
AND TRIM(c.sku) <> ''
AND COALESCE(c.is_active, TRUE)
AND NOT EXISTS (
    SELECT 1
    FROM products AS o
    JOIN sides AS w
        ON w.vendor = o.vendor
    WHERE w.side <> v.side
    AND UPPER(TRIM(o.sku)) = UPPER(TRIM(c.sku))
)
