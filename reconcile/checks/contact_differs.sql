-- title:    Contact data differs from the CRM
-- severity: low
-- reads:    customer_pairs, customers, deals, deal_invoices, invoices, invoice_summary, field_map, record_fields
-- action:   update_customer
-- why:      The invoice goes where nobody reads it. E-mail and address of the customer's record are two findings, mended by updating
--           it. An invoice that went to another address is a remark of its own until it is paid. What one side lacks is missing, not
--           different; case, accents and punctuation do not count, nor does the address of a colleague.
WITH shared AS (
    SELECT m.field FROM field_map AS m WHERE m.entity = 'customers' AND m.is_on
),
-- what was changed since both were last settled is a finding of its own
moving AS (
    SELECT f.billing_vendor AS vendor, f.billing_id AS id, f.field
    FROM record_fields AS f
    WHERE f.entity = 'customers'
    AND f.verdict IN ('to_billing', 'to_crm', 'not_owner', 'conflict')
),
pairs AS (
    SELECT x.crm_vendor, x.crm_id, x.billing_vendor, x.billing_id
    FROM customer_pairs AS x
    WHERE x.is_linked
),
-- invoices by their deals: those still to be paid, and those whose customer records nobody linked
sides AS (
    SELECT
        i.vendor,
        i.id,
        i.number,
        i.customer_name,
        i.gross,
        i.currency,
        i.issued_on,
        d.id AS deal_id,
        d.vendor AS crm_vendor,
        d.customer_id AS crm_id,
        x.billing_id IS NOT NULL AS is_linked,
        COALESCE(d.customer_email, p.email, c.email) AS crm_mail,
        COALESCE(i.customer_email, CASE WHEN x.billing_id IS NULL THEN k.email END) AS billing_mail,
        c.street AS crm_street,
        c.city AS crm_city,
        c.postcode AS crm_postcode,
        k.street AS billing_street,
        k.city AS billing_city,
        k.postcode AS billing_postcode
    FROM deal_invoices AS b
    JOIN deals AS d
        ON d.vendor = b.deal_vendor
        AND d.id = b.deal_id
    LEFT JOIN customers AS c
        ON c.vendor = d.vendor
        AND c.id = d.customer_id
    LEFT JOIN customers AS p
        ON p.vendor = d.vendor
        AND p.id = d.contact_id
    JOIN invoices AS i
        ON i.vendor = b.invoice_vendor
        AND i.id = b.invoice_id
    LEFT JOIN customers AS k
        ON k.vendor = i.vendor
        AND k.id = i.customer_id
    LEFT JOIN pairs AS x
        ON x.crm_vendor = d.vendor
        AND x.crm_id = d.customer_id
        AND x.billing_vendor = i.vendor
        AND x.billing_id = i.customer_id
    WHERE b.kind <> 'credit_note'
    AND b.state <> 'void'
    AND (x.billing_id IS NULL OR b.open_amount > 0)
),
records AS (
    SELECT
        x.crm_vendor,
        x.crm_id,
        k.vendor,
        k.id,
        k.name,
        CAST(k.updated_at AS DATE) AS since,
        c.updated_at AS crm_updated_at,
        c.email AS crm_mail,
        k.email AS billing_mail,
        c.street AS crm_street,
        c.city AS crm_city,
        c.postcode AS crm_postcode,
        k.street AS billing_street,
        k.city AS billing_city,
        k.postcode AS billing_postcode
    FROM pairs AS x
    JOIN customers AS c
        ON c.vendor = x.crm_vendor
        AND c.id = x.crm_id
    JOIN customers AS k
        ON k.vendor = x.billing_vendor
        AND k.id = x.billing_id
),
-- what the CRM knows of these customers: their own address, their people's, those of and on their deals
known AS (
    SELECT c.vendor, c.id, LOWER(TRIM(c.email)) AS email
    FROM customers AS c
    WHERE c.email IS NOT NULL
    UNION
    SELECT p.vendor, p.parent_id, LOWER(TRIM(p.email))
    FROM customers AS p
    WHERE p.parent_id IS NOT NULL
    AND p.kind = 'person'
    AND p.email IS NOT NULL
    UNION
    SELECT d.vendor, d.customer_id, LOWER(TRIM(p.email))
    FROM deals AS d
    JOIN customers AS p
        ON p.vendor = d.vendor
        AND p.id = d.contact_id
    WHERE d.customer_id IS NOT NULL
    AND p.email IS NOT NULL
    UNION
    SELECT d.vendor, d.customer_id, LOWER(TRIM(d.customer_email))
    FROM deals AS d
    WHERE d.customer_id IS NOT NULL
    AND d.customer_email IS NOT NULL
),
reachable AS (
    SELECT n.vendor, n.id, MIN(n.email) AS email
    FROM known AS n
    GROUP BY n.vendor, n.id
),
wrong_mail AS (
    SELECT o.*, ROW_NUMBER() OVER (PARTITION BY o.vendor, o.id ORDER BY o.deal_id) AS place
    FROM sides AS o
    LEFT JOIN known AS m
        ON m.vendor = o.crm_vendor
        AND m.id = o.crm_id
        AND m.email = LOWER(TRIM(o.billing_mail))
    WHERE o.billing_mail <> o.crm_mail -- most are equal as they stand
    AND LOWER(TRIM(o.billing_mail)) <> LOWER(TRIM(o.crm_mail))
    AND m.email IS NULL
),
record_mail AS (
    SELECT
        o.vendor,
        o.id,
        o.name,
        o.since,
        COALESCE(o.crm_mail, r.email) AS crm_mail,
        o.billing_mail,
        MAX(CASE WHEN m.email IS NULL THEN 0 ELSE 1 END) OVER (PARTITION BY o.vendor, o.id) AS agrees,
        ROW_NUMBER() OVER (PARTITION BY o.vendor, o.id ORDER BY o.crm_updated_at DESC NULLS LAST, o.crm_id) AS place
    FROM records AS o
    JOIN reachable AS r
        ON r.vendor = o.crm_vendor
        AND r.id = o.crm_id
    LEFT JOIN known AS m
        ON m.vendor = o.crm_vendor
        AND m.id = o.crm_id
        AND m.email = LOWER(TRIM(o.billing_mail))
    WHERE o.billing_mail IS NOT NULL
),
addresses AS (
    SELECT 'customers' AS subject, r.vendor, r.id, r.name AS said, CAST(NULL AS DECIMAL(18, 4)) AS gross,
        CAST(NULL AS VARCHAR) AS currency, r.since, r.crm_id AS other_id, r.crm_street, r.crm_city, r.crm_postcode, r.billing_street,
        r.billing_city, r.billing_postcode
    FROM records AS r
    UNION ALL
    SELECT 'invoices', o.vendor, o.id, COALESCE(o.number || ' ', '') || COALESCE(o.customer_name, ''), o.gross, o.currency, o.issued_on,
        o.deal_id, o.crm_street, o.crm_city, o.crm_postcode, o.billing_street, o.billing_city, o.billing_postcode
    FROM sides AS o
    WHERE NOT o.is_linked
),
spelt AS (
    SELECT
        x.*,
        REGEXP_REPLACE(
            TRANSLATE(LOWER(x.crm_street), 'áàâäãåąćčçéèêëęíìîïłńñóòôöõøśšúùûüýźżž', 'aaaaaaaccceeeeeiiiilnnoooooossuuuuyzzz'),
            '[^a-z0-9]', '', 'g'
        ) AS crm_road,
        REGEXP_REPLACE(
            TRANSLATE(LOWER(x.billing_street), 'áàâäãåąćčçéèêëęíìîïłńñóòôöõøśšúùûüýźżž', 'aaaaaaaccceeeeeiiiilnnoooooossuuuuyzzz'),
            '[^a-z0-9]', '', 'g'
        ) AS billing_road,
        REGEXP_REPLACE(
            TRANSLATE(LOWER(x.crm_city), 'áàâäãåąćčçéèêëęíìîïłńñóòôöõøśšúùûüýźżž', 'aaaaaaaccceeeeeiiiilnnoooooossuuuuyzzz'),
            '[^a-z0-9]', '', 'g'
        ) AS crm_town,
        REGEXP_REPLACE(
            TRANSLATE(LOWER(x.billing_city), 'áàâäãåąćčçéèêëęíìîïłńñóòôöõøśšúùûüýźżž', 'aaaaaaaccceeeeeiiiilnnoooooossuuuuyzzz'),
            '[^a-z0-9]', '', 'g'
        ) AS billing_town,
        REGEXP_REPLACE(UPPER(x.crm_postcode), '[^A-Z0-9]', '', 'g') AS crm_code,
        REGEXP_REPLACE(UPPER(x.billing_postcode), '[^A-Z0-9]', '', 'g') AS billing_code
    FROM addresses AS x
    WHERE x.crm_postcode <> x.billing_postcode
    OR x.crm_city <> x.billing_city
    OR x.crm_street <> x.billing_street
),
wrong_address AS (
    SELECT x.*, ROW_NUMBER() OVER (PARTITION BY x.subject, x.vendor, x.id ORDER BY x.other_id) AS place
    FROM spelt AS x
    WHERE x.crm_code <> x.billing_code
    OR x.crm_town <> x.billing_town
    OR x.crm_road <> x.billing_road
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
)
SELECT
    'invoices' AS subject,
    x.vendor,
    x.id,
    'email' AS part,
    x.gross AS amount,
    x.currency,
    x.issued_on AS since,
    COALESCE(x.number || ' ', '') || COALESCE(x.customer_name, '') AS detail,
    '' AS action,
    [{'code': 'email', 'agrees': FALSE, 'left': x.crm_mail, 'right': x.billing_mail}] AS evidence
FROM wrong_mail AS x
WHERE x.place = 1
AND 'email' IN (SELECT h.field FROM shared AS h)
UNION ALL
SELECT
    'customers' AS subject,
    x.vendor,
    x.id,
    'email' AS part,
    COALESCE(i.gross, 0) AS amount,
    i.currency,
    x.since,
    x.name AS detail,
    'update_customer' AS action,
    [{'code': 'email', 'agrees': FALSE, 'left': x.crm_mail, 'right': x.billing_mail}] AS evidence
FROM record_mail AS x
LEFT JOIN invoiced AS i
    ON i.vendor = x.vendor
    AND i.id = x.id
    AND i.place = 1
WHERE x.place = 1
AND x.agrees = 0
AND 'email' IN (SELECT h.field FROM shared AS h)
AND NOT EXISTS (SELECT 1 FROM moving AS g WHERE g.vendor = x.vendor AND g.id = x.id AND g.field = 'email')
UNION ALL
SELECT
    x.subject,
    x.vendor,
    x.id,
    'address' AS part,
    COALESCE(x.gross, i.gross, 0) AS amount,
    COALESCE(x.currency, i.currency) AS currency,
    x.since,
    x.said AS detail,
    CASE WHEN x.subject = 'customers' THEN 'update_customer' ELSE '' END AS action,
    [{'code': 'address', 'agrees': FALSE,
      'left': CONCAT_WS(', ', x.crm_street, x.crm_postcode, x.crm_city),
      'right': CONCAT_WS(', ', x.billing_street, x.billing_postcode, x.billing_city)}] AS evidence
FROM wrong_address AS x
LEFT JOIN invoiced AS i
    ON x.subject = 'customers'
    AND i.vendor = x.vendor
    AND i.id = x.id
    AND i.place = 1
WHERE x.place = 1
AND EXISTS (SELECT 1 FROM shared AS h WHERE h.field IN ('street', 'city', 'postcode'))
AND NOT EXISTS (
    SELECT 1
    FROM moving AS g
    WHERE x.subject = 'customers'
    AND g.vendor = x.vendor
    AND g.id = x.id
    AND g.field IN ('street', 'city', 'postcode')
)
