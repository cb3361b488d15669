-- title:       Customer deleted in one system only
-- severity:    low
-- reads:       baselines, customers, customer_pairs, merged, sync
-- absent_from: customers
-- action:      retire_customer
-- why:         Both systems had this customer, and one has deleted it. Asked only where the settings say that the other record is
--              then marked inactive or deleted; the default is to keep it. A record that was merged, or that has another partner by
--              now, was not deleted.
WITH pairs AS (
    SELECT k.crm_vendor, k.crm_id, k.billing_vendor, k.billing_id
    FROM baselines AS k
    WHERE k.entity = 'customers'
    GROUP BY k.crm_vendor, k.crm_id, k.billing_vendor, k.billing_id
    HAVING MIN(k.field) <> '' -- the row without a field says that it was dealt with
),
left_over AS (
    SELECT p.*, 'crm' AS side, c.vendor, c.id, c.name, c.updated_at, p.billing_vendor AS gone_from, p.billing_id AS gone_id
    FROM pairs AS p
    JOIN customers AS c
        ON c.vendor = p.crm_vendor
        AND c.id = p.crm_id
    UNION ALL
    SELECT p.*, 'billing', b.vendor, b.id, b.name, b.updated_at, p.crm_vendor, p.crm_id
    FROM pairs AS p
    JOIN customers AS b
        ON b.vendor = p.billing_vendor
        AND b.id = p.billing_id
)
SELECT
    'customers' AS subject,
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
    ON s.entity = 'customers'
    AND s.on_delete <> 'keep'
LEFT JOIN customers AS g
    ON g.vendor = o.gone_from
    AND g.id = o.gone_id
LEFT JOIN merged AS m
    ON m.vendor = o.gone_from
    AND m.id = o.gone_id
    AND m.of_table = 'customers'
LEFT JOIN customer_pairs AS x
    ON (o.side = 'crm' AND x.crm_vendor = o.vendor AND x.crm_id = o.id AND x.billing_vendor = o.gone_from
        AND x.billing_id <> o.gone_id) -- deals and invoices go on naming a record that is gone
    OR (o.side = 'billing' AND x.billing_vendor = o.vendor AND x.billing_id = o.id AND x.crm_vendor = o.gone_from
        AND x.crm_id <> o.gone_id)
WHERE g.id IS NULL
AND m.id IS NULL
AND x.crm_id IS NULL
