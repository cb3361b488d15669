-- title: Each field that is kept equal, as both sides say it, and which way it goes
-- reads: record_pairs, field_map, sync, baselines, customers, products, quotes, lines
-- key:   entity, crm_vendor, crm_id, billing_vendor, billing_id, field
-- why:   A side changed when it says something else than when nothing was left to write. The owner's change is written to
--        the other side; a change elsewhere is shown and writes nothing, unless the owner says nothing at all; where both
--        changed a person says which stands. What differed from the beginning was not changed: it is written only if
--        that is chosen, and never a blank.
-- columns:
--   entity: customers, products or quotes
--   crm_vendor: the CRM
--   crm_id: record there
--   billing_vendor: the billing system
--   billing_id: record there
--   field: name of the field
--   owner: whose value counts: crm, billing or either
--   crm_value: what the CRM says; a price with its currency
--   billing_value: what billing says
--   crm_was: what the CRM said when nothing was left to write
--   billing_was: what billing said then
--   is_known: whether there was such a moment
--   verdict: same, apart (different from the beginning), to_billing, to_crm, not_owner, conflict or out (left alone)
WITH offered AS (
    SELECT
        l.vendor,
        l.document_id,
        UPPER(TRIM(COALESCE(l.sku, p.sku, '')))
            || ': ' || CAST(CAST(COALESCE(l.quantity, 0) AS DECIMAL(18, 4)) AS VARCHAR)
            || ' × ' || CAST(CAST(COALESCE(l.unit_price, 0) AS DECIMAL(18, 4)) AS VARCHAR)
            || ' -' || CAST(CAST(COALESCE(l.discount_rate, 0) AS DECIMAL(18, 4)) AS VARCHAR)
            || ' % +' || CAST(CAST(COALESCE(l.tax_rate, 0) AS DECIMAL(18, 4)) AS VARCHAR) || ' %' AS line
    FROM lines AS l
    LEFT JOIN products AS p
        ON p.vendor = l.vendor
        AND p.id = l.product_id
    WHERE l.document = 'quote'
),
offers AS (
    SELECT q.vendor, q.id, q.status, q.valid_until_on, ARRAY_TO_STRING(LIST_SORT(ARRAY_AGG(o.line)), '; ') AS lines
    FROM quotes AS q
    JOIN offered AS o
        ON o.vendor = q.vendor
        AND o.document_id = q.id
    GROUP BY q.vendor, q.id, q.status, q.valid_until_on
),
said AS (
    SELECT
        p.*,
        m.field,
        m.owner,
        NULLIF(TRIM(CASE m.field
            WHEN 'name' THEN COALESCE(c.legal_name, c.name)
            WHEN 'tax_id' THEN c.tax_id
            WHEN 'email' THEN c.email
            WHEN 'phone' THEN c.phone
            WHEN 'street' THEN c.street
            WHEN 'city' THEN c.city
            WHEN 'region' THEN c.region
            WHEN 'postcode' THEN c.postcode
            WHEN 'country' THEN c.country
            WHEN 'language' THEN c.language
            WHEN 'payment_terms_days' THEN CAST(c.payment_terms_days AS VARCHAR)
        END), '') AS crm_value,
        NULLIF(TRIM(CASE m.field
            WHEN 'name' THEN COALESCE(b.legal_name, b.name)
            WHEN 'tax_id' THEN b.tax_id
            WHEN 'email' THEN b.email
            WHEN 'phone' THEN b.phone
            WHEN 'street' THEN b.street
            WHEN 'city' THEN b.city
            WHEN 'region' THEN b.region
            WHEN 'postcode' THEN b.postcode
            WHEN 'country' THEN b.country
            WHEN 'language' THEN b.language
            WHEN 'payment_terms_days' THEN CAST(b.payment_terms_days AS VARCHAR)
        END), '') AS billing_value
    FROM record_pairs AS p
    JOIN field_map AS m
        ON m.entity = p.entity
        AND m.is_on
    JOIN customers AS c
        ON c.vendor = p.crm_vendor
        AND c.id = p.crm_id
    JOIN customers AS b
        ON b.vendor = p.billing_vendor
        AND b.id = p.billing_id
    WHERE p.entity = 'customers'
    UNION ALL
    SELECT
        p.*,
        m.field,
        m.owner,
        NULLIF(TRIM(CASE m.field
            WHEN 'sku' THEN c.sku
            WHEN 'name' THEN c.name
            WHEN 'unit_price' THEN CAST(CAST(c.unit_price AS DECIMAL(18, 4)) AS VARCHAR) || ' ' || c.currency
        END), ''),
        NULLIF(TRIM(CASE m.field
            WHEN 'sku' THEN b.sku
            WHEN 'name' THEN b.name
            WHEN 'unit_price' THEN CAST(CAST(b.unit_price AS DECIMAL(18, 4)) AS VARCHAR) || ' ' || b.currency
        END), '')
    FROM record_pairs AS p
    JOIN field_map AS m
        ON m.entity = p.entity
        AND m.is_on
    JOIN products AS c
        ON c.vendor = p.crm_vendor
        AND c.id = p.crm_id
    JOIN products AS b
        ON b.vendor = p.billing_vendor
        AND b.id = p.billing_id
    WHERE p.entity = 'products'
    AND (m.field <> 'unit_price' OR COALESCE(c.currency, '') = COALESCE(b.currency, ''))
    UNION ALL
    SELECT
        p.*,
        m.field,
        m.owner,
        CASE m.field
            WHEN 'status' THEN CASE c.status WHEN 'expired' THEN 'rejected' ELSE c.status END
            WHEN 'valid_until_on' THEN CAST(c.valid_until_on AS VARCHAR)
            WHEN 'lines' THEN c.lines
        END,
        CASE m.field
            WHEN 'status' THEN CASE b.status WHEN 'expired' THEN 'rejected' ELSE b.status END
            WHEN 'valid_until_on' THEN CAST(b.valid_until_on AS VARCHAR)
            WHEN 'lines' THEN b.lines
        END
    FROM record_pairs AS p
    JOIN field_map AS m
        ON m.entity = p.entity
        AND m.is_on
    JOIN offers AS c
        ON c.vendor = p.crm_vendor
        AND c.id = p.crm_id
    JOIN offers AS b
        ON b.vendor = p.billing_vendor
        AND b.id = p.billing_id
    WHERE p.entity = 'quotes'
),
compared AS (
    SELECT
        x.*,
        k.crm_value AS crm_was,
        k.billing_value AS billing_was,
        k.entity IS NOT NULL AS is_known,
        COALESCE(k.entity IS NOT NULL AND x.crm_value IS DISTINCT FROM k.crm_value, FALSE) AS crm_changed,
        COALESCE(k.entity IS NOT NULL AND x.billing_value IS DISTINCT FROM k.billing_value, FALSE) AS billing_changed,
        s.updates,
        s.backfill
    FROM said AS x
    JOIN sync AS s
        ON s.entity = x.entity
    LEFT JOIN baselines AS k
        ON k.entity = x.entity
        AND k.crm_vendor = x.crm_vendor
        AND k.crm_id = x.crm_id
        AND k.billing_vendor = x.billing_vendor
        AND k.billing_id = x.billing_id
        AND k.field = x.field
)
SELECT
    x.entity,
    x.crm_vendor,
    x.crm_id,
    x.billing_vendor,
    x.billing_id,
    x.field,
    x.owner,
    x.crm_value,
    x.billing_value,
    x.crm_was,
    x.billing_was,
    x.is_known,
    CASE
        WHEN NOT x.is_in_scope OR NOT x.updates THEN 'out'
        WHEN x.crm_value IS NOT DISTINCT FROM x.billing_value THEN 'same'
        WHEN x.crm_changed AND x.billing_changed THEN 'conflict'
        WHEN x.crm_changed AND x.owner = 'billing' THEN CASE WHEN x.billing_value IS NULL THEN 'apart' ELSE 'not_owner' END
        WHEN x.billing_changed AND x.owner = 'crm' THEN CASE WHEN x.crm_value IS NULL THEN 'apart' ELSE 'not_owner' END
        WHEN x.crm_changed THEN 'to_billing'
        WHEN x.billing_changed THEN 'to_crm'
        WHEN NOT x.backfill THEN 'apart'
        WHEN x.owner = 'crm' AND x.crm_value IS NOT NULL THEN 'to_billing'
        WHEN x.owner = 'billing' AND x.billing_value IS NOT NULL THEN 'to_crm'
        WHEN x.owner = 'either' AND x.crm_value IS NOT NULL AND x.billing_value IS NOT NULL THEN 'conflict'
        WHEN x.owner = 'either' AND x.crm_value IS NOT NULL THEN 'to_billing'
        WHEN x.owner = 'either' THEN 'to_crm'
        ELSE 'apart'
    END AS verdict
FROM compared AS x
