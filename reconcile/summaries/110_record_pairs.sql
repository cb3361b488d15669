-- title: The two records of one customer, product or quote that are kept equal
-- reads: customer_pairs, customers, products, quotes, deals, invoices, baselines, sync
-- key:   entity, crm_vendor, crm_id, billing_vendor, billing_id
-- why:   Customers are paired by their links, products by their SKU, quotes by the id that one keeps of the other. A pair that was known stays one when its tax id or SKU
--        changes, unless one of the two is somebody else's by now. A record with two partners is left alone: which of them
--        counts, nobody knows.
-- columns:
--   entity: customers, products or quotes
--   crm_vendor: the CRM
--   crm_id: record there
--   billing_vendor: the billing system
--   billing_id: record there
--   name: what people call it
--   changed_on: day one of the two changed last, where its vendor says so
--   is_in_scope: kept equal; records from before the connection may be left alone
WITH offers AS (
    SELECT c.vendor AS crm_vendor, c.id AS crm_id, b.vendor AS billing_vendor, b.id AS billing_id
    FROM quotes AS c
    JOIN quotes AS b
        ON b.id = c.other_quote_id
        AND b.vendor <> c.vendor
    UNION
    SELECT c.vendor, c.id, b.vendor, b.id
    FROM quotes AS c
    JOIN quotes AS b
        ON b.other_quote_id = c.id
        AND b.vendor <> c.vendor
),
linked AS (
    SELECT 'customers' AS entity, p.crm_vendor, p.crm_id, p.billing_vendor, p.billing_id
    FROM customer_pairs AS p
    WHERE p.is_linked
    UNION ALL
    SELECT 'products', c.vendor, c.id, b.vendor, b.id
    FROM products AS c
    JOIN products AS b
        ON UPPER(TRIM(b.sku)) = UPPER(TRIM(c.sku))
    WHERE c.vendor IN (SELECT d.vendor FROM deals AS d)
    AND b.vendor IN (SELECT i.vendor FROM invoices AS i)
    AND b.vendor NOT IN (SELECT d.vendor FROM deals AS d)
    AND TRIM(c.sku) <> ''
    UNION ALL
    SELECT 'quotes', o.crm_vendor, o.crm_id, o.billing_vendor, o.billing_id
    FROM offers AS o
    WHERE o.crm_vendor IN (SELECT d.vendor FROM deals AS d)
    AND o.billing_vendor IN (SELECT i.vendor FROM invoices AS i)
    AND o.billing_vendor NOT IN (SELECT d.vendor FROM deals AS d)
),
known AS (
    SELECT DISTINCT k.entity, k.crm_vendor, k.crm_id, k.billing_vendor, k.billing_id
    FROM baselines AS k
),
remembered AS (
    SELECT k.*
    FROM known AS k
    LEFT JOIN linked AS l
        ON l.entity = k.entity
        AND l.crm_vendor = k.crm_vendor
        AND l.crm_id = k.crm_id
        AND l.billing_vendor = k.billing_vendor
    LEFT JOIN linked AS r
        ON r.entity = k.entity
        AND r.billing_vendor = k.billing_vendor
        AND r.billing_id = k.billing_id
        AND r.crm_vendor = k.crm_vendor
    WHERE l.entity IS NULL
    AND r.entity IS NULL
),
pairs AS (
    SELECT l.* FROM linked AS l
    UNION
    SELECT k.* FROM remembered AS k
),
single AS (
    SELECT
        p.*,
        COUNT(*) OVER (PARTITION BY p.entity, p.crm_vendor, p.crm_id, p.billing_vendor) AS partners,
        COUNT(*) OVER (PARTITION BY p.entity, p.billing_vendor, p.billing_id, p.crm_vendor) AS rivals
    FROM pairs AS p
),
there AS (
    SELECT p.*, COALESCE(c.name, b.name) AS name, COALESCE(c.updated_at, b.updated_at) AS changed_at,
        c.created_at AS crm_created_at, b.created_at AS billing_created_at
    FROM single AS p
    JOIN customers AS c
        ON c.vendor = p.crm_vendor
        AND c.id = p.crm_id
    JOIN customers AS b
        ON b.vendor = p.billing_vendor
        AND b.id = p.billing_id
    WHERE p.entity = 'customers'
    UNION ALL
    SELECT p.*, COALESCE(c.name, b.name), GREATEST(c.updated_at, b.updated_at), c.created_at, b.created_at
    FROM single AS p
    JOIN products AS c
        ON c.vendor = p.crm_vendor
        AND c.id = p.crm_id
    JOIN products AS b
        ON b.vendor = p.billing_vendor
        AND b.id = p.billing_id
    WHERE p.entity = 'products'
    UNION ALL
    SELECT p.*, COALESCE(b.number, c.number, c.title), GREATEST(c.updated_at, b.updated_at), c.updated_at, b.updated_at
    FROM single AS p
    JOIN quotes AS c
        ON c.vendor = p.crm_vendor
        AND c.id = p.crm_id
    JOIN quotes AS b
        ON b.vendor = p.billing_vendor
        AND b.id = p.billing_id
    WHERE p.entity = 'quotes'
)
SELECT
    t.entity,
    t.crm_vendor,
    t.crm_id,
    t.billing_vendor,
    t.billing_id,
    t.name,
    CAST(t.changed_at AS DATE) AS changed_on,
    s.new_after IS NULL OR COALESCE(t.crm_created_at >= s.new_after, FALSE)
        OR COALESCE(t.billing_created_at >= s.new_after, FALSE) AS is_in_scope
FROM there AS t
JOIN sync AS s
    ON s.entity = t.entity
WHERE t.partners = 1
AND t.rivals = 1
