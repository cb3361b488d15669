-- title:    Invoice paid twice
-- severity: medium
-- reads:    payment_excess, payments, invoices
-- needs:    payment_excess
-- action:
-- why:      The invoice was settled already when the same amount came again: the customer wants it back, or wants it used for the
--           next invoice.
SELECT
    'payments' AS subject,
    p.vendor,
    p.id,
    x.amount,
    x.currency,
    p.paid_on AS since,
    COALESCE(i.number || ' ', '') || COALESCE(i.customer_name, p.payer_name, '') AS detail,
    [
        {'code': 'invoice_number', 'agrees': TRUE, 'left': p.reference, 'right': i.number},
        {'code': 'paid_on', 'agrees': COALESCE(o.paid_on = p.paid_on, FALSE), 'left': CAST(o.paid_on AS VARCHAR),
         'right': CAST(p.paid_on AS VARCHAR)},
        {'code': 'same_amount', 'agrees': TRUE, 'left': CAST(CAST(o.amount AS DECIMAL(18, 2)) AS VARCHAR) || ' ' || o.currency,
         'right': CAST(CAST(p.amount AS DECIMAL(18, 2)) AS VARCHAR) || ' ' || p.currency}
    ] AS evidence
FROM payment_excess AS x
JOIN payments AS p
    ON p.vendor = x.vendor
    AND p.id = x.id
JOIN payments AS o
    ON o.vendor = x.other_vendor
    AND o.id = x.other_id
JOIN invoices AS i
    ON i.vendor = x.invoice_vendor
    AND i.id = x.invoice_id
WHERE x.kind = 'twice'
