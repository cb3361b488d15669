-- title:    Customer data missing or impossible
-- severity: medium
-- reads:    customers, deals, invoices, tax_ids
-- action:   update_customer
-- why:      No invoice can be issued, sent or accepted without it. Asked of customers we do business with: tax id, e-mail (in
--           billing, which sends) and address, each a finding of its own.
WITH trading AS (
    SELECT d.vendor, d.customer_id AS id, FALSE AS is_billing
    FROM deals AS d
    WHERE d.status = 'won'
    AND d.customer_id IS NOT NULL
    UNION
    SELECT i.vendor, i.customer_id, TRUE
    FROM invoices AS i
    WHERE i.customer_id IS NOT NULL
),
-- a vendor whose records never carry a kind of data does not keep it, and cannot be missing it
kept AS (
    SELECT
        c.vendor,
        COUNT(c.tax_id) > 0 AS tax_ids,
        COUNT(COALESCE(c.street, c.city, c.postcode)) > 0 AS addresses
    FROM customers AS c
    GROUP BY c.vendor
),
asked AS (
    SELECT c.*, t.is_billing, v.problem, k.tax_ids AS keeps_tax_ids, k.addresses AS keeps_addresses
    FROM trading AS t
    JOIN customers AS c
        ON c.vendor = t.vendor
        AND c.id = t.id
    JOIN kept AS k
        ON k.vendor = c.vendor
    LEFT JOIN tax_ids AS v
        ON v.tax_id = c.tax_id
        AND v.country = COALESCE(c.tax_id_country, c.country, '')
),
problems AS (
    SELECT a.vendor, a.id, a.name, a.created_at, a.updated_at, 'tax_id' AS part, a.tax_id AS value,
        COALESCE(a.problem, 'missing') AS problem
    FROM asked AS a
    WHERE (a.tax_id IS NULL AND a.keeps_tax_ids AND COALESCE(a.kind, 'company') = 'company')
    OR a.problem IS NOT NULL
    UNION ALL
    SELECT a.vendor, a.id, a.name, a.created_at, a.updated_at, 'email', a.email,
        CASE WHEN a.email IS NULL THEN 'missing' ELSE 'format' END
    FROM asked AS a
    WHERE (a.email IS NULL AND a.is_billing)
    OR NOT REGEXP_MATCHES(TRIM(a.email), '^[^@ ,;]+@[^@ ,;]+[.][^@ ,;.]+$')
    UNION ALL
    SELECT a.vendor, a.id, a.name, a.created_at, a.updated_at, 'address', NULL, 'missing'
    FROM asked AS a
    WHERE a.keeps_addresses
    AND a.street IS NULL
    AND a.city IS NULL
    AND a.postcode IS NULL
)
SELECT
    'customers' AS subject,
    p.vendor,
    p.id,
    p.part,
    0 AS amount,
    CAST(NULL AS VARCHAR) AS currency,
    CAST(COALESCE(p.updated_at, p.created_at) AS DATE) AS since,
    p.name AS detail,
    [{'code': p.part || '_' || p.problem, 'agrees': FALSE, 'left': p.value, 'right': CAST(NULL AS VARCHAR)}] AS evidence
FROM problems AS p
