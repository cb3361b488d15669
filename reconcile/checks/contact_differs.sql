-- title:    Billing has other contact data than the CRM
-- severity: low
-- reads:    deal_invoices, deals, customers, invoices
-- action:   update_customer
-- why:      The invoice goes where nobody reads it. E-mail and address are two findings. What one side lacks is missing,
--           not different; spelling, accents and the order of house number and street do not count.
WITH known_mails AS (
    SELECT c.vendor, c.id AS customer_id, LOWER(TRIM(c.email)) AS email
    FROM customers AS c
    WHERE c.email IS NOT NULL
    UNION
    SELECT d.vendor, d.customer_id, LOWER(TRIM(p.email))
    FROM deals AS d
    JOIN customers AS p
        ON p.vendor = d.vendor
        AND p.id = d.contact_id
    WHERE p.email IS NOT NULL
    AND d.customer_id IS NOT NULL
    UNION
    SELECT p.vendor, p.parent_id, LOWER(TRIM(p.email))
    FROM customers AS p
    WHERE p.kind = 'person'
    AND p.parent_id IS NOT NULL
    AND p.email IS NOT NULL
),
sides AS (
    SELECT
        i.vendor,
        i.id,
        i.number,
        i.customer_name,
        i.gross,
        i.currency,
        i.issued_on,
        d.vendor AS crm_vendor,
        d.customer_id AS crm_id,
        LOWER(TRIM(COALESCE(d.customer_email, p.email, c.email))) AS crm_mail,
        LOWER(TRIM(COALESCE(i.customer_email, k.email))) AS billing_mail,
        c.street AS crm_street,
        c.city AS crm_city,
        c.postcode AS crm_postcode,
        k.street AS billing_street,
        k.city AS billing_city,
        k.postcode AS billing_postcode,
        ROW_NUMBER() OVER (PARTITION BY i.vendor, i.id ORDER BY d.vendor, d.id) AS place
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
plain AS (
    SELECT
        x.*,
        REGEXP_REPLACE(TRANSLATE(LOWER(x.crm_street), 'áàâäãåąćčçéèêëęíìîïłńñóòôöõøśšúùûüýźżž', 'aaaaaaaccceeeeeiiiilnnoooooossuuuuyzzz'), '[^a-z0-9]', '', 'g') AS crm_road,
        REGEXP_REPLACE(TRANSLATE(LOWER(x.billing_street), 'áàâäãåąćčçéèêëęíìîïłńñóòôöõøśšúùûüýźżž', 'aaaaaaaccceeeeeiiiilnnoooooossuuuuyzzz'), '[^a-z0-9]', '', 'g') AS billing_road,
        REGEXP_REPLACE(TRANSLATE(LOWER(x.crm_city), 'áàâäãåąćčçéèêëęíìîïłńñóòôöõøśšúùûüýźżž', 'aaaaaaaccceeeeeiiiilnnoooooossuuuuyzzz'), '[^a-z0-9]', '', 'g') AS crm_town,
        REGEXP_REPLACE(TRANSLATE(LOWER(x.billing_city), 'áàâäãåąćčçéèêëęíìîïłńñóòôöõøśšúùûüýźżž', 'aaaaaaaccceeeeeiiiilnnoooooossuuuuyzzz'), '[^a-z0-9]', '', 'g') AS billing_town,
        REGEXP_REPLACE(UPPER(x.crm_postcode), '[^A-Z0-9]', '', 'g') AS crm_code,
        REGEXP_REPLACE(UPPER(x.billing_postcode), '[^A-Z0-9]', '', 'g') AS billing_code
    FROM sides AS x
    WHERE x.place = 1
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
FROM plain AS x
LEFT JOIN known_mails AS m
    ON m.vendor = x.crm_vendor
    AND m.customer_id = x.crm_id
    AND m.email = x.billing_mail
WHERE x.crm_mail IS NOT NULL
AND x.billing_mail <> x.crm_mail
AND m.email IS NULL
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
FROM plain AS x
WHERE x.crm_code <> x.billing_code
OR x.crm_town <> x.billing_town
OR x.crm_road <> x.billing_road
