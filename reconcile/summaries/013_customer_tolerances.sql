-- title: Customers of whom another difference or delay is tolerated than of all others
-- reads: customers, links, tax_ids, tolerances
-- key:   vendor, id
-- why:   The settings name a customer by its tax id, its name or vendor:id; what they say holds for the records of both
--        systems. Of two names for one customer the wider tolerance counts.
-- columns:
--   vendor: vendor of the customer
--   id: the customer
--   amount: difference that never matters, in the document's currency; empty: as for all
--   rate: difference that never matters, as a share of the amount; empty: as for all
--   days: days late that do not matter
WITH keyed AS (
    SELECT UPPER(REGEXP_REPLACE(t.customer, '[ .,-]', '', 'g')) AS key, t.customer, t.amount, t.rate, t.days
    FROM tolerances AS t
),
named AS (
    SELECT c.vendor, c.id, k.amount, k.rate, k.days
    FROM customers AS c
    JOIN keyed AS k
        ON k.key = UPPER(REGEXP_REPLACE(c.name, '[ .,-]', '', 'g'))
    UNION ALL
    SELECT c.vendor, c.id, k.amount, k.rate, k.days
    FROM customers AS c
    JOIN keyed AS k
        ON k.customer = c.vendor || ':' || c.id
    UNION ALL
    SELECT c.vendor, c.id, k.amount, k.rate, k.days
    FROM customers AS c
    JOIN tax_ids AS x
        ON x.tax_id = c.tax_id
        AND x.country = COALESCE(c.tax_id_country, c.country, '')
    JOIN keyed AS k
        ON k.key IN (x.bare, x.tax_id)
),
pairs AS (
    SELECT l.left_vendor AS vendor, l.left_id AS id, l.right_vendor AS other_vendor, l.right_id AS other_id
    FROM links AS l
    WHERE l.left_table = 'customers'
    AND l.right_table = 'customers'
    AND l.status IN ('automatic', 'confirmed')
),
sides AS (
    SELECT n.vendor, n.id, n.amount, n.rate, n.days FROM named AS n
    UNION ALL
    SELECT p.other_vendor, p.other_id, n.amount, n.rate, n.days
    FROM named AS n
    JOIN pairs AS p
        ON p.vendor = n.vendor
        AND p.id = n.id
    UNION ALL
    SELECT p.vendor, p.id, n.amount, n.rate, n.days
    FROM named AS n
    JOIN pairs AS p
        ON p.other_vendor = n.vendor
        AND p.other_id = n.id
)
SELECT b.vendor, b.id, MAX(b.amount) AS amount, MAX(b.rate) AS rate, COALESCE(MAX(b.days), 0) AS days
FROM sides AS b
GROUP BY b.vendor, b.id
