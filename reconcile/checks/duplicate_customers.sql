-- title:    Customer entered twice
-- severity: medium
-- reads:    customers, tax_ids
-- action:
-- why:      Deals and invoices hang on two records, so neither shows what the customer owes. Same tax id, or same name with
--           the same e-mail or the same address; the younger record is the one in question. Companies that only share a
--           name, and records with two tax ids, are two customers.
WITH known AS (
    SELECT
        c.vendor,
        c.id,
        c.name,
        c.created_at,
        COALESCE(c.tax_id_country, c.country, '') AS country,
        t.bare AS tax_id,
        REGEXP_REPLACE(LOWER(c.name), '[ .,''"()-]', '', 'g') AS plain_name,
        LOWER(TRIM(c.email)) AS email,
        LOWER(TRIM(c.street)) || ' ' || UPPER(TRIM(c.postcode)) AS address
    FROM customers AS c
    LEFT JOIN tax_ids AS t
        ON t.tax_id = c.tax_id
        AND t.country = COALESCE(c.tax_id_country, c.country, '')
),
keyed AS (
    SELECT k.vendor, k.id, k.name, k.created_at, k.tax_id, 1 AS place, 'same_tax_id' AS code,
        k.country || ' ' || k.tax_id AS key
    FROM known AS k
    WHERE k.tax_id IS NOT NULL
    UNION ALL
    SELECT k.vendor, k.id, k.name, k.created_at, k.tax_id, 2, 'same_email', k.plain_name || ' ' || k.email
    FROM known AS k
    WHERE k.plain_name IS NOT NULL
    AND k.email IS NOT NULL
    UNION ALL
    SELECT k.vendor, k.id, k.name, k.created_at, k.tax_id, 3, 'same_address', k.plain_name || ' ' || k.address
    FROM known AS k
    WHERE k.plain_name IS NOT NULL
    AND k.address IS NOT NULL
),
repeated AS (
    SELECT k.vendor, k.code, k.key
    FROM keyed AS k
    GROUP BY k.vendor, k.code, k.key
    HAVING COUNT(*) > 1
),
ordered AS (
    SELECT
        k.*,
        FIRST_VALUE(k.id) OVER w AS first_id,
        FIRST_VALUE(k.name) OVER w AS first_name,
        FIRST_VALUE(k.tax_id) OVER w AS first_tax_id
    FROM keyed AS k
    JOIN repeated AS r
        ON r.vendor = k.vendor
        AND r.code = k.code
        AND r.key = k.key
    WINDOW w AS (PARTITION BY k.vendor, k.code, k.key ORDER BY k.created_at NULLS LAST, k.id)
),
surest AS (
    SELECT o.*, ROW_NUMBER() OVER (PARTITION BY o.vendor, o.id ORDER BY o.place) AS choice
    FROM ordered AS o
    WHERE o.id <> o.first_id
    AND (o.tax_id IS NULL OR o.first_tax_id IS NULL OR o.tax_id = o.first_tax_id)
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
        {'code': o.code, 'agrees': TRUE, 'left': o.first_id, 'right': o.id},
        {'code': 'name', 'agrees': COALESCE(o.first_name = o.name, FALSE), 'left': o.first_name, 'right': o.name}
    ] AS evidence
FROM surest AS o
WHERE o.choice = 1
