-- title: The CRM's and billing's records of the same customer
-- reads: links, deals, invoices, customers
-- key:   crm_vendor, crm_id, billing_vendor, billing_id
-- why:   Linked customers first; where billing's record is linked to none, the customer of a deal and the customer of
--        its invoice are taken for the same.
WITH linked AS (
    SELECT
        l.left_vendor AS crm_vendor,
        l.left_id AS crm_id,
        l.right_vendor AS billing_vendor,
        l.right_id AS billing_id
    FROM links AS l
    WHERE l.left_table = 'customers'
    AND l.right_table = 'customers'
    AND l.status IN ('automatic', 'confirmed')
),
met AS (
    SELECT DISTINCT
        d.vendor AS crm_vendor,
        d.customer_id AS crm_id,
        i.vendor AS billing_vendor,
        i.customer_id AS billing_id
    FROM links AS l
    JOIN deals AS d
        ON d.vendor = l.left_vendor
        AND d.id = l.left_id
    JOIN invoices AS i
        ON i.vendor = l.right_vendor
        AND i.id = l.right_id
    WHERE l.left_table = 'deals'
    AND l.right_table = 'invoices'
    AND l.status IN ('automatic', 'confirmed')
    AND d.customer_id IS NOT NULL
    AND i.customer_id IS NOT NULL
    AND d.vendor <> i.vendor
)
SELECT n.crm_vendor, n.crm_id, n.billing_vendor, n.billing_id, TRUE AS is_linked
FROM linked AS n
UNION ALL
SELECT m.crm_vendor, m.crm_id, m.billing_vendor, m.billing_id, FALSE AS is_linked
FROM met AS m
LEFT JOIN linked AS n
    ON n.billing_vendor = m.billing_vendor
    AND n.billing_id = m.billing_id
WHERE n.billing_id IS NULL
