-- title:    Invoice carries another tax id than the CRM
-- severity: high
-- reads:    deal_invoices, deals, customers, invoices, tax_ids
-- action:   update_customer
-- why:      One of the two is wrong; an invoice with the wrong tax id has to be corrected and may be refused. An id that one
--           side lacks is missing, not different.
WITH unequal AS (
    SELECT
        i.vendor,
        i.id,
        i.number,
        i.customer_name,
        i.gross,
        i.currency,
        i.issued_on,
        COALESCE(d.customer_tax_id, c.tax_id) AS crm_tax_id,
        COALESCE(c.tax_id_country, c.country, '') AS crm_country,
        COALESCE(i.customer_tax_id, k.tax_id) AS billing_tax_id,
        COALESCE(k.tax_id_country, k.country, '') AS billing_country,
        d.id AS deal_id
    FROM deal_invoices AS b
    JOIN deals AS d
        ON d.vendor = b.deal_vendor
        AND d.id = b.deal_id
    LEFT JOIN customers AS c
        ON c.vendor = d.vendor
        AND c.id = d.customer_id
    JOIN invoices AS i
        ON i.vendor = b.invoice_vendor
        AND i.id = b.invoice_id
    LEFT JOIN customers AS k
        ON k.vendor = i.vendor
        AND k.id = i.customer_id
    WHERE b.kind <> 'credit_note'
    AND b.state <> 'void'
    AND COALESCE(d.customer_tax_id, c.tax_id) <> COALESCE(i.customer_tax_id, k.tax_id)
),
different AS (
    SELECT x.*, ROW_NUMBER() OVER (PARTITION BY x.vendor, x.id ORDER BY x.deal_id) AS place
    FROM unequal AS x
    JOIN tax_ids AS l
        ON l.tax_id = x.crm_tax_id
        AND l.country = x.crm_country
    JOIN tax_ids AS r
        ON r.tax_id = x.billing_tax_id
        AND r.country = x.billing_country
    WHERE l.bare <> r.bare
)
SELECT
    'invoices' AS subject,
    x.vendor,
    x.id,
    x.gross AS amount,
    x.currency,
    x.issued_on AS since,
    COALESCE(x.number || ' ', '') || COALESCE(x.customer_name, '') AS detail,
    [{'code': 'tax_id', 'agrees': FALSE, 'left': x.crm_tax_id, 'right': x.billing_tax_id}] AS evidence
FROM different AS x
WHERE x.place = 1
