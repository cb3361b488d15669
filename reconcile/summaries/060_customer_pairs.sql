-- title: The CRM's and billing's records of the same customer
-- reads: links, deal_links, deals, invoices
-- key:   crm_vendor, crm_id, billing_vendor, billing_id
-- why:   Linked customers first; where billing's record is linked to none, the customer of a deal and the customer of
--        its invoice are taken for the same.
-- columns:
--   crm_vendor: the CRM
--   crm_id: customer there
--   billing_vendor: the billing system
--   billing_id: customer there
--   is_linked: by a rule or a person; else only met on a deal and its invoice
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
unlinked AS (
    SELECT i.vendor, i.id, i.customer_id
    FROM invoices AS i
    LEFT JOIN linked AS n
        ON n.billing_vendor = i.vendor
        AND n.billing_id = i.customer_id
    WHERE i.customer_id IS NOT NULL
    AND n.billing_id IS NULL
)
SELECT n.crm_vendor, n.crm_id, n.billing_vendor, n.billing_id, TRUE AS is_linked
FROM linked AS n
UNION ALL
SELECT DISTINCT d.vendor, d.customer_id, i.vendor, i.customer_id, FALSE
FROM deal_links AS l
JOIN unlinked AS i
    ON i.vendor = l.invoice_vendor
    AND i.id = l.invoice_id
JOIN deals AS d
    ON d.vendor = l.deal_vendor
    AND d.id = l.deal_id
WHERE d.customer_id IS NOT NULL
AND d.vendor <> i.vendor
