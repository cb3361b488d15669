-- title:       Money that is for no invoice
-- severity:    medium
-- reads:       payments, payment_summary, payment_excess, likely_partners, settings
-- needs:       payments
-- absent_from: invoices
-- action:
-- why:         Somebody paid and we do not know what for: an invoice is missing, or the money is to be returned.
--              What was paid twice or too much is told by checks of its own. The amount shown is what no invoice accounts for.
SELECT
    'payments' AS subject,
    p.vendor,
    p.id,
    m.unallocated AS amount,
    p.currency,
    p.paid_on AS since,
    COALESCE(p.payer_name || ' ', '') || COALESCE(p.reference, p.invoice_reference, '') AS detail,
    [
        {'code': 'allocated', 'agrees': FALSE, 'left': CAST(CAST(p.amount AS DECIMAL(18, 2)) AS VARCHAR) || ' ' || p.currency,
         'right': CAST(CAST(m.allocated AS DECIMAL(18, 2)) AS VARCHAR) || ' ' || p.currency},
        {'code': 'possible_invoices', 'agrees': FALSE, 'left': CAST(NULL AS VARCHAR), 'right': CAST(m.candidates AS VARCHAR)}
    ] AS evidence,
    p.updated_at AS changed_at,
    y.partners AS suggested
FROM payments AS p
JOIN payment_summary AS m
    ON m.vendor = p.vendor
    AND m.id = p.id
LEFT JOIN payment_excess AS x
    ON x.vendor = p.vendor
    AND x.id = p.id
LEFT JOIN likely_partners AS y
    ON y.table_name = 'payments'
    AND y.vendor = p.vendor
    AND y.id = p.id
CROSS JOIN settings AS s
WHERE m.role = 'money'
AND p.paid_on < s.today - s.payment_days
AND m.unallocated > GREATEST(s.amount_tolerance, CAST(p.amount AS DECIMAL(20, 4)) * s.amount_tolerance_rate)
AND x.id IS NULL
