-- title:    Paid more than was owed
-- severity: medium
-- reads:    payment_excess, payments, invoices, settings
-- needs:    payment_excess
-- action:
-- why:      The customer sent more than the invoice, and has no other one open: the rest is theirs until it is returned or used.
SELECT
    'payments' AS subject,
    p.vendor,
    p.id,
    x.amount,
    x.currency,
    p.paid_on AS since,
    COALESCE(i.number || ' ', '') || COALESCE(i.customer_name, p.payer_name, '') AS detail,
    [
        {'code': 'allocated', 'agrees': FALSE, 'left': CAST(CAST(p.amount AS DECIMAL(18, 2)) AS VARCHAR) || ' ' || p.currency,
         'right': CAST(CAST(p.amount - x.amount AS DECIMAL(18, 2)) AS VARCHAR) || ' ' || x.currency},
        {'code': 'invoice_number', 'agrees': TRUE, 'left': p.reference, 'right': i.number}
    ] AS evidence
FROM payment_excess AS x
JOIN payments AS p
    ON p.vendor = x.vendor
    AND p.id = x.id
JOIN invoices AS i
    ON i.vendor = x.invoice_vendor
    AND i.id = x.invoice_id
CROSS JOIN settings AS s
WHERE x.kind = 'over'
AND p.paid_on < s.today - s.payment_days
