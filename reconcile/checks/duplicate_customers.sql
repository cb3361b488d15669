-- title:    Customer entered twice
-- severity: medium
-- reads:    customers, tax_ids
-- action:
-- why:      Deals and invoices hang on two records, so neither shows what the customer owes. The younger record is the one in
--           question. Companies that only share a name are two companies.
WITH keyed AS (
    SELECT
        c.vendor,
        c.id,
        c.name,
        c.created_at,
        COALESCE(c.tax_id_country, c.country, '') AS country,
        t.bare AS key
    FROM customers AS c
    JOIN tax_ids AS t
        ON t.tax_id = c.tax_id
        AND t.country = COALESCE(c.tax_id_country, c.country, '')
),
repeated AS (
    SELECT k.vendor, k.key, k.country
    FROM keyed AS k
    GROUP BY k.vendor, k.key, k.country
    HAVING COUNT(*) > 1
),
ordered AS (
    SELECT
        k.*,
        FIRST_VALUE(k.id) OVER w AS first_id,
        FIRST_VALUE(k.name) OVER w AS first_name
    FROM keyed AS k
    JOIN repeated AS r
        ON r.vendor = k.vendor
        AND r.key = k.key
        AND r.country = k.country
    WINDOW w AS (PARTITION BY k.vendor, k.key, k.country ORDER BY k.created_at NULLS LAST, k.id)
)
SELECT
    'customers' AS subject,
    o.vendor,
    o.id,
    0 AS amount,
    CAST(NULL AS VARCHAR) AS currency,
    CAST(o.created_at AS DATE) AS since,
    o.name AS detail,
    [
        {'code': 'same_tax_id', 'agrees': TRUE, 'left': o.first_id, 'right': o.key},
        {'code': 'name', 'agrees': COALESCE(o.first_name = o.name, FALSE), 'left': o.first_name, 'right': o.name}
    ] AS evidence
FROM ordered AS o
WHERE o.id <> o.first_id
