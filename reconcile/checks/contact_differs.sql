-- title:    Billing has other contact data than the CRM
-- severity: low
-- reads:    deal_invoices, deals, customers, invoices
-- action:   update_customer
-- why:      The invoice goes where nobody reads it. E-mail and address are two findings. What one side lacks is missing,
--           not different; case, accents and punctuation do not count, nor does the address of a colleague.
WITH sides AS (
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
        COALESCE(d.customer_email, p.email, c.email) AS crm_mail,
        COALESCE(i.customer_email, k.email) AS billing_mail,
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
    WHERE b.kind <> 'credit_note'
    AND b.state <> 'void'
),
other_mail AS (
    SELECT x.*, LOWER(TRIM(x.billing_mail)) AS billing_key
    FROM sides AS x
    WHERE x.billing_mail <> x.crm_mail
    AND LOWER(TRIM(x.billing_mail)) <> LOWER(TRIM(x.crm_mail))
),
-- what else the CRM knows of these customers: their own address, their people's, those of people on their deals
colleagues AS (
    SELECT o.crm_vendor, o.crm_id, LOWER(TRIM(c.email)) AS email
    FROM other_mail AS o
    JOIN customers AS c
        ON c.vendor = o.crm_vendor
        AND c.id = o.crm_id
    WHERE c.email IS NOT NULL
    UNION
    SELECT o.crm_vendor, o.crm_id, LOWER(TRIM(p.email))
    FROM other_mail AS o
    JOIN customers AS p
        ON p.vendor = o.crm_vendor
        AND p.parent_id = o.crm_id
        AND p.kind = 'person'
    WHERE p.email IS NOT NULL
    UNION
    SELECT o.crm_vendor, o.crm_id, LOWER(TRIM(p.email))
    FROM other_mail AS o
    JOIN deals AS d
        ON d.vendor = o.crm_vendor
        AND d.customer_id = o.crm_id
    JOIN customers AS p
        ON p.vendor = d.vendor
        AND p.id = d.contact_id
    WHERE p.email IS NOT NULL
),
wrong_mail AS (
    SELECT o.*, ROW_NUMBER() OVER (PARTITION BY o.vendor, o.id ORDER BY o.deal_id) AS place
    FROM other_mail AS o
    LEFT JOIN colleagues AS m
        ON m.crm_vendor = o.crm_vendor
        AND m.crm_id = o.crm_id
        AND m.email = o.billing_key
    WHERE m.email IS NULL
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
    FROM sides AS x
    WHERE x.crm_postcode <> x.billing_postcode
    OR x.crm_city <> x.billing_city
    OR x.crm_street <> x.billing_street
),
wrong_address AS (
    SELECT x.*, ROW_NUMBER() OVER (PARTITION BY x.vendor, x.id ORDER BY x.deal_id) AS place
    FROM spelt AS x
    WHERE x.crm_code <> x.billing_code
    OR x.crm_town <> x.billing_town
    OR x.crm_road <> x.billing_road
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
    [{'code': 'email', 'agrees': FALSE, 'left': x.crm_mail, 'right': x.billing_mail}] AS evidence
FROM wrong_mail AS x
WHERE x.place = 1
UNION ALL
SELECT
    'invoices' AS subject,
    x.vendor,
    x.id,
    'address' AS part,
    x.gross AS amount,
    x.currency,
    x.issued_on AS since,
    COALESCE(x.number || ' ', '') || COALESCE(x.customer_name, '') AS detail,
    [{'code': 'address', 'agrees': FALSE,
      'left': CONCAT_WS(', ', x.crm_street, x.crm_postcode, x.crm_city),
      'right': CONCAT_WS(', ', x.billing_street, x.billing_postcode, x.billing_city)}] AS evidence
FROM wrong_address AS x
WHERE x.place = 1
