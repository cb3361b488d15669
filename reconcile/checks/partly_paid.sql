-- title:    Invoice paid in part
-- severity: medium
-- reads:    invoices, invoice_summary, likely_partners, settings
-- needs:    invoices
-- action:   send_reminder
-- why:      Some of the money came and the rest did not: a dispute, a deduction, or an instalment. The amount shown is what
--           is still open. What a bank keeps for a transfer does not count.
SELECT
    'invoices' AS subject,
    i.vendor,
    i.id,
    m.open_amount AS amount,
    i.currency,
    COALESCE(m.paid_on, i.due_on) AS since,
    COALESCE(i.number || ' ', '') || COALESCE(i.customer_name, '') AS detail,
    [{'code': 'paid', 'agrees': FALSE, 'left': CAST(CAST(m.owed AS DECIMAL(18, 2)) AS VARCHAR) || ' ' || i.currency,
      'right': CAST(CAST(m.paid AS DECIMAL(18, 2)) AS VARCHAR) || ' ' || i.currency}] AS evidence,
    y.partners AS suggested
FROM invoices AS i
JOIN invoice_summary AS m
    ON m.vendor = i.vendor
    AND m.id = i.id
-- money that would settle it waits to be linked
LEFT JOIN likely_partners AS y
    ON y.table_name = 'invoices'
    AND y.partner_table = 'payments'
    AND y.vendor = i.vendor
    AND y.id = i.id
    AND y.worth >= CAST(m.open_amount AS DECIMAL(20, 4)) * 0.95
CROSS JOIN settings AS s
WHERE m.state IN ('partly_paid', 'overdue')
AND m.open_amount > 0
AND m.paid > s.amount_tolerance
