-- title:       Invoice past its due date
-- severity:    high
-- reads:       invoices, invoice_summary, likely_partners, customer_tolerances
-- needs:       invoices
-- absent_from: payments
-- action:      send_reminder
-- why:         The customer should have paid; the amount shown is what is still open. More than 90 days late is high, up to
--              30 days low. Days that the settings tolerate of a customer are not counted against it.
SELECT
    'invoices' AS subject,
    i.vendor,
    i.id,
    m.open_amount AS amount,
    i.currency,
    i.due_on AS since,
    COALESCE(i.number || ' ', '') || COALESCE(i.customer_name, '') AS detail,
    CASE WHEN m.days_overdue > 90 THEN 'high' WHEN m.days_overdue > 30 THEN 'medium' ELSE 'low' END AS severity,
    [
        {'code': 'due_on', 'agrees': FALSE, 'left': CAST(i.due_on AS VARCHAR), 'right': CAST(m.days_overdue AS VARCHAR)},
        {'code': 'paid', 'agrees': FALSE, 'left': CAST(CAST(m.owed AS DECIMAL(18, 2)) AS VARCHAR) || ' ' || i.currency,
         'right': CAST(CAST(m.paid AS DECIMAL(18, 2)) AS VARCHAR) || ' ' || i.currency}
    ] AS evidence,
    CAST(i.due_on + 1 AS TIMESTAMP) AS changed_at,
    y.partners AS suggested
FROM invoices AS i
JOIN invoice_summary AS m
    ON m.vendor = i.vendor
    AND m.id = i.id
LEFT JOIN customer_tolerances AS t
    ON t.vendor = i.vendor
    AND t.id = i.customer_id
-- money that would settle it waits to be linked
LEFT JOIN likely_partners AS y
    ON y.table_name = 'invoices'
    AND y.partner_table = 'payments'
    AND y.vendor = i.vendor
    AND y.id = i.id
    AND y.worth >= CAST(m.open_amount AS DECIMAL(20, 4)) * 0.95
WHERE m.state = 'overdue'
AND m.days_overdue > COALESCE(t.days, 0)
