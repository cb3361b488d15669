-- title: Which record stands for a customer that several systems know
-- reads: customers, customer_pairs
-- key:   vendor, id
-- why:   The CRM's record where it is there, else billing's: a customer is counted once.
-- columns:
--   vendor: vendor of the record
--   id: the record
--   head_vendor: vendor of the record that stands for it
--   head_id: that record
SELECT
    c.vendor,
    c.id,
    COALESCE(MIN(p.crm_vendor), c.vendor) AS head_vendor,
    COALESCE(MIN(p.crm_id), c.id) AS head_id
FROM customers AS c
LEFT JOIN customer_pairs AS p
    ON p.billing_vendor = c.vendor
    AND p.billing_id = c.id
GROUP BY c.vendor, c.id
