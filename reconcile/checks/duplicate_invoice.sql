-- title:    Invoice issued twice
-- severity: high
-- reads:    repeated_invoices, invoice_summary
-- needs:    repeated_invoices
-- action:
-- why:      Same customer, same amount, days apart, and what was sold does not bear both. The second of the two is the one in
--           question. Instalments and renewals are equal too, but their deal bears them.
SELECT
    'invoices' AS subject,
    i.vendor,
    i.id,
    i.gross AS amount,
    i.currency,
    i.issued_on AS since,
    COALESCE(i.number || ' ', '') || COALESCE(i.customer_name, '') AS detail,
    [
        {'code': 'same_amount', 'agrees': TRUE, 'left': r.first_number, 'right': i.number},
        {'code': 'issued_on', 'agrees': r.first_on = i.issued_on, 'left': CAST(r.first_on AS VARCHAR),
         'right': CAST(i.issued_on AS VARCHAR)}
    ] AS evidence
FROM repeated_invoices AS r
JOIN invoice_summary AS i
    ON i.vendor = r.vendor
    AND i.id = r.id
