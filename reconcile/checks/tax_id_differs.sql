-- title:    Tax id differs in billing and CRM
-- severity: high
-- reads:    customer_pairs, customers, tax_ids, deal_invoices, deals, invoices, invoice_summary, field_map, record_fields
-- action:   update_customer
-- why:      One of the two is wrong; an invoice with the wrong tax id has to be corrected and may be refused. The customer's record
--           is one finding, mended by updating it. What an issued invoice prints stays on it: that is a remark of its own, over
--           once the invoice is credited or the CRM is put right. An id that one side lacks is missing, not different.
WITH sides AS (
    SELECT
        x.billing_vendor AS vendor,
        x.billing_id AS id,
        c.tax_id AS crm_tax_id,
        k.tax_id AS billing_tax_id,
        MAX(CASE WHEN l.bare = r.bare THEN 1 ELSE 0 END) OVER (PARTITION BY x.billing_vendor, x.billing_id) AS agrees,
        ROW_NUMBER() OVER (PARTITION BY x.billing_vendor, x.billing_id ORDER BY c.updated_at DESC NULLS LAST, c.id) AS place,
        CAST(k.updated_at AS DATE) AS since,
        k.name
    FROM customer_pairs AS x
    JOIN customers AS c
        ON c.vendor = x.crm_vendor
        AND c.id = x.crm_id
    JOIN customers AS k
        ON k.vendor = x.billing_vendor
        AND k.id = x.billing_id
    JOIN tax_ids AS l
        ON l.tax_id = c.tax_id
        AND l.country = COALESCE(c.tax_id_country, c.country, '')
    JOIN tax_ids AS r
        ON r.tax_id = k.tax_id
        AND r.country = COALESCE(k.tax_id_country, k.country, '')
    WHERE x.is_linked
),
invoiced AS (
    SELECT
        m.vendor,
        m.customer_id AS id,
        m.currency,
        SUM(m.gross) AS gross,
        ROW_NUMBER() OVER (PARTITION BY m.vendor, m.customer_id ORDER BY SUM(m.gross) DESC, m.currency) AS place
    FROM invoice_summary AS m
    WHERE m.is_counted
    AND m.customer_id IS NOT NULL
    GROUP BY m.vendor, m.customer_id, m.currency
),
printed AS (
    SELECT
        i.vendor,
        i.id,
        i.number,
        i.customer_name,
        i.gross,
        i.currency,
        i.issued_on,
        COALESCE(d.customer_tax_id, c.tax_id) AS crm_tax_id,
        COALESCE(c.tax_id_country, c.country, '') AS crm_country,
        COALESCE(i.customer_tax_id, CASE WHEN x.billing_id IS NULL THEN k.tax_id END) AS billing_tax_id,
        COALESCE(k.tax_id_country, k.country, '') AS billing_country,
        d.id AS deal_id
    FROM deal_invoices AS b
    JOIN deals AS d
        ON d.vendor = b.deal_vendor
        AND d.id = b.deal_id
    LEFT JOIN customers AS c
        ON c.vendor = d.vendor
        AND c.id = d.customer_id
    JOIN invoices AS i
        ON i.vendor = b.invoice_vendor
        AND i.id = b.invoice_id
    JOIN invoice_summary AS m
        ON m.vendor = b.invoice_vendor
        AND m.id = b.invoice_id
    LEFT JOIN customers AS k
        ON k.vendor = i.vendor
        AND k.id = i.customer_id
    LEFT JOIN customer_pairs AS x
        ON x.crm_vendor = d.vendor
        AND x.crm_id = d.customer_id
        AND x.billing_vendor = i.vendor
        AND x.billing_id = i.customer_id
        AND x.is_linked
    WHERE b.kind <> 'credit_note'
    AND b.state <> 'void'
    AND m.owed <> 0
    AND COALESCE(d.customer_tax_id, c.tax_id) <> COALESCE(i.customer_tax_id, k.tax_id)
),
different AS (
    SELECT x.*, ROW_NUMBER() OVER (PARTITION BY x.vendor, x.id ORDER BY x.deal_id) AS place
    FROM printed AS x
    JOIN tax_ids AS l
        ON l.tax_id = x.crm_tax_id
        AND l.country = x.crm_country
    JOIN tax_ids AS r
        ON r.tax_id = x.billing_tax_id
        AND r.country = x.billing_country
    WHERE l.bare <> r.bare
)
SELECT
    'customers' AS subject,
    x.vendor,
    x.id,
    COALESCE(i.gross, 0) AS amount,
    i.currency,
    x.since,
    x.name AS detail,
    'high' AS severity,
    'update_customer' AS action,
    [{'code': 'tax_id', 'agrees': FALSE, 'left': x.crm_tax_id, 'right': x.billing_tax_id}] AS evidence
FROM sides AS x
LEFT JOIN invoiced AS i
    ON i.vendor = x.vendor
    AND i.id = x.id
    AND i.place = 1
WHERE x.place = 1
AND x.agrees = 0
AND EXISTS (SELECT 1 FROM field_map AS m WHERE m.entity = 'customers' AND m.field = 'tax_id' AND m.is_on)
AND NOT EXISTS (
    SELECT 1
    FROM record_fields AS f
    WHERE f.entity = 'customers'
    AND f.billing_vendor = x.vendor
    AND f.billing_id = x.id
    AND f.field = 'tax_id'
    AND f.verdict IN ('to_billing', 'to_crm', 'not_owner', 'conflict')
)
UNION ALL
SELECT
    'invoices' AS subject,
    x.vendor,
    x.id,
    x.gross AS amount,
    x.currency,
    x.issued_on AS since,
    COALESCE(x.number || ' ', '') || COALESCE(x.customer_name, '') AS detail,
    'medium' AS severity,
    '' AS action,
    [{'code': 'tax_id', 'agrees': FALSE, 'left': x.crm_tax_id, 'right': x.billing_tax_id}] AS evidence
FROM different AS x
WHERE x.place = 1
