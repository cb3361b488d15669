-- title:       New customer in one system only
-- severity:    low
-- reads:       customers, customer_pairs, baselines, deals, invoices, sync, links
-- absent_from: customers
-- action:      create_customer
-- why:         Asked only where the settings say that new customers are made on the other side. Records from before the connection
--              are left alone unless they are to be made too; so are people who belong to a company, records of which the other
--              one was deleted, and those that may be a known one: that is decided on Reconciliation first.
WITH crms AS (
    SELECT DISTINCT d.vendor FROM deals AS d
),
billers AS (
    SELECT DISTINCT i.vendor FROM invoices AS i WHERE i.vendor NOT IN (SELECT c.vendor FROM crms AS c)
),
paired AS (
    SELECT p.crm_vendor AS vendor, p.crm_id AS id FROM customer_pairs AS p
    UNION
    SELECT p.billing_vendor, p.billing_id FROM customer_pairs AS p
    UNION
    SELECT k.crm_vendor, k.crm_id FROM baselines AS k WHERE k.entity = 'customers'
    UNION
    SELECT k.billing_vendor, k.billing_id FROM baselines AS k WHERE k.entity = 'customers'
    UNION
    SELECT l.left_vendor, l.left_id
    FROM links AS l
    WHERE l.left_table = 'customers'
    AND l.right_table = 'customers'
    AND l.status = 'suggested'
    UNION
    SELECT l.right_vendor, l.right_id
    FROM links AS l
    WHERE l.left_table = 'customers'
    AND l.right_table = 'customers'
    AND l.status = 'suggested'
)
SELECT
    'customers' AS subject,
    c.vendor,
    c.id,
    CAST(0 AS DECIMAL(18, 4)) AS amount,
    CAST(NULL AS VARCHAR) AS currency,
    CAST(c.created_at AS DATE) AS since,
    c.name AS detail,
    c.created_at AS changed_at,
    [{'code': 'new_in', 'agrees': FALSE, 'left': c.vendor, 'right': CAST(NULL AS VARCHAR)}] AS evidence
FROM customers AS c
JOIN sync AS s
    ON s.entity = 'customers'
    AND s.creates
LEFT JOIN paired AS p
    ON p.vendor = c.vendor
    AND p.id = c.id
WHERE p.id IS NULL
AND (c.vendor IN (SELECT v.vendor FROM crms AS v) OR c.vendor IN (SELECT b.vendor FROM billers AS b))
AND EXISTS (SELECT 1 FROM crms AS v)
AND EXISTS (SELECT 1 FROM billers AS b)
AND (s.backfill OR c.created_at >= s.new_since)
AND (COALESCE(c.kind, 'company') = 'company' OR c.parent_id IS NULL)
AND COALESCE(c.name, '') <> ''
