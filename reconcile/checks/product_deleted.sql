-- title:       Product deleted in one system only
-- severity:    low
-- reads:       baselines, products, record_pairs, sync
-- absent_from: products
-- action:      retire_product
-- why:         Both systems had this product, and one has deleted it. Asked only where the settings say that the other record is
--              then marked inactive or deleted; the default is to keep it. Issued invoices keep their lines either way.
WITH pairs AS (
    SELECT k.crm_vendor, k.crm_id, k.billing_vendor, k.billing_id
    FROM baselines AS k
    WHERE k.entity = 'products'
    GROUP BY k.crm_vendor, k.crm_id, k.billing_vendor, k.billing_id
    HAVING MIN(k.field) <> '' -- the row without a field says that it was dealt with
),
left_over AS (
    SELECT 'crm' AS side, c.vendor, c.id, c.name, c.updated_at, c.is_active, p.billing_vendor AS gone_from, p.billing_id AS gone_id
    FROM pairs AS p
    JOIN products AS c
        ON c.vendor = p.crm_vendor
        AND c.id = p.crm_id
    UNION ALL
    SELECT 'billing', b.vendor, b.id, b.name, b.updated_at, b.is_active, p.crm_vendor, p.crm_id
    FROM pairs AS p
    JOIN products AS b
        ON b.vendor = p.billing_vendor
        AND b.id = p.billing_id
)
SELECT
    'products' AS subject,
    o.vendor,
    o.id,
    o.gone_from || ':' || o.gone_id AS part,
    CAST(0 AS DECIMAL(18, 4)) AS amount,
    CAST(NULL AS VARCHAR) AS currency,
    CAST(o.updated_at AS DATE) AS since,
    o.name AS detail,
    [{'code': 'deleted', 'agrees': FALSE, 'left': o.gone_from, 'right': o.gone_id}] AS evidence
FROM left_over AS o
JOIN sync AS s
    ON s.entity = 'products'
    AND s.on_delete <> 'keep'
LEFT JOIN products AS g
    ON g.vendor = o.gone_from
    AND g.id = o.gone_id
LEFT JOIN record_pairs AS x
    ON x.entity = 'products'
    AND ((o.side = 'crm' AND x.crm_vendor = o.vendor AND x.crm_id = o.id)
    OR (o.side = 'billing' AND x.billing_vendor = o.vendor AND x.billing_id = o.id))
WHERE g.id IS NULL
AND x.entity IS NULL
AND (s.on_delete = 'delete' OR COALESCE(o.is_active, TRUE))
