-- title:    Changed in one system only
-- severity: medium
-- reads:    record_fields, record_pairs
-- action:
-- why:      A customer or a product was changed by the side that owns the field, and the other side still says what it said before.
--           The next invoice goes out with the old name, address or price. Invoices that are issued stay as they are.
SELECT
    f.entity AS subject,
    f.crm_vendor AS vendor,
    f.crm_id AS id,
    f.billing_vendor AS part,
    CAST(0 AS DECIMAL(18, 4)) AS amount,
    CAST(NULL AS VARCHAR) AS currency,
    p.changed_on AS since,
    p.name AS detail,
    CASE f.entity WHEN 'customers' THEN 'sync_customer' WHEN 'quotes' THEN 'sync_quote' ELSE 'sync_product' END AS action,
    ARRAY_AGG(
        {'code': 'field_' || f.field, 'agrees': FALSE, 'left': f.crm_value, 'right': f.billing_value} ORDER BY f.field
    ) AS evidence
FROM record_fields AS f
JOIN record_pairs AS p
    ON p.entity = f.entity
    AND p.crm_vendor = f.crm_vendor
    AND p.crm_id = f.crm_id
    AND p.billing_vendor = f.billing_vendor
    AND p.billing_id = f.billing_id
WHERE f.verdict IN ('to_billing', 'to_crm')
GROUP BY f.entity, f.crm_vendor, f.crm_id, f.billing_vendor, p.changed_on, p.name
