-- title:    Invoice never sent
-- severity: high
-- reads:    invoices, invoice_summary, settings
-- needs:    invoices
-- action:   send_invoice
-- why:      The customer cannot pay what never left: a draft that waits, or an invoice issued and not sent. Where a system
--           never says that it sent one, only its drafts are asked about.
WITH telling AS (
    SELECT DISTINCT i.vendor
    FROM invoices AS i
    WHERE i.sent_at IS NOT NULL
    OR i.status = 'sent'
)
SELECT
    'invoices' AS subject,
    i.vendor,
    i.id,
    m.gross AS amount,
    i.currency,
    COALESCE(i.issued_on, CAST(i.created_at AS DATE)) AS since,
    COALESCE(i.number || ' ', '') || COALESCE(i.customer_name, '') AS detail,
    [{'code': CASE WHEN m.status = 'draft' THEN 'draft_since' ELSE 'issued_on' END, 'agrees': FALSE,
      'left': CAST(COALESCE(i.issued_on, CAST(i.created_at AS DATE)) AS VARCHAR), 'right': CAST(NULL AS VARCHAR)}] AS evidence,
    CASE WHEN m.status = 'draft' THEN 'issue_invoice' ELSE 'send_invoice' END AS action
FROM invoices AS i
JOIN invoice_summary AS m
    ON m.vendor = i.vendor
    AND m.id = i.id
LEFT JOIN telling AS t
    ON t.vendor = i.vendor
CROSS JOIN settings AS s
WHERE m.kind NOT IN ('credit_note', 'proforma')
AND COALESCE(i.issued_on, CAST(i.created_at AS DATE)) < s.today - s.unsent_days
AND m.gross > 0
AND NOT m.is_sent
AND (m.status = 'draft' OR (m.status = 'issued' AND NOT m.is_settled AND t.vendor IS NOT NULL))
