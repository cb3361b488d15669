-- Issued documents with what the archive says of them, and where in the CRM `$crm` a copy belongs. Oldest first.
WITH deal AS (
    SELECT b.invoice_vendor, b.invoice_id, MIN(b.deal_id) AS deal_id
    FROM deal_invoices AS b
    WHERE b.deal_vendor = $crm
    GROUP BY b.invoice_vendor, b.invoice_id
),
party AS (
    SELECT l.right_vendor, l.right_id, MIN(l.left_id) AS customer_id
    FROM links AS l
    WHERE l.left_table = 'customers'
    AND l.right_table = 'customers'
    AND l.status IN ('automatic', 'confirmed')
    AND l.left_vendor = $crm
    GROUP BY l.right_vendor, l.right_id
)
SELECT
    i.vendor,
    i.id,
    i.number,
    i.kind,
    i.issued_on,
    i.due_on,
    COALESCE(i.customer_name, c.name, i.customer_id) AS customer,
    i.gross,
    i.currency,
    i.sent_at,
    s.state,
    s.paid_on,
    d.deal_id,
    COALESCE(e.customer_id, p.customer_id) AS crm_customer_id
FROM invoices AS i
JOIN invoice_summary AS s
    ON s.vendor = i.vendor
    AND s.id = i.id
LEFT JOIN customers AS c
    ON c.vendor = i.vendor
    AND c.id = i.customer_id
LEFT JOIN deal AS d
    ON d.invoice_vendor = i.vendor
    AND d.invoice_id = i.id
LEFT JOIN deals AS e
    ON e.vendor = $crm
    AND e.id = d.deal_id
LEFT JOIN party AS p
    ON p.right_vendor = i.vendor
    AND p.right_id = i.customer_id
WHERE i.status <> 'draft'
AND COALESCE(i.kind, 'invoice') <> 'proforma'
AND i.number IS NOT NULL
AND i.issued_on IS NOT NULL
ORDER BY i.issued_on, i.vendor, i.id
