-- title:       Quote accepted, nothing invoiced
-- severity:    high
-- reads:       accepted_quotes, customers, settings
-- needs:       accepted_quotes
-- absent_from: invoices
-- action:      create_invoice
-- why:         The customer signed, and neither a won deal nor an invoice says so. Of a won deal its own checks tell; here are
--              quotes without a deal and quotes whose deal was never marked as won. An invoice of that customer with the same
--              amount, issued since, is taken for the quote's.
SELECT
    'quotes' AS subject,
    q.vendor,
    q.id,
    q.amount,
    q.currency,
    q.accepted_on AS since,
    COALESCE(q.number || ' ', '') || COALESCE(q.quote_title, q.deal_title, c.name, '') AS detail,
    [
        {'code': 'accepted_on', 'agrees': FALSE, 'left': CAST(q.accepted_on AS VARCHAR), 'right': CAST(NULL AS VARCHAR)},
        {'code': 'deal_status', 'agrees': FALSE, 'left': q.deal_status, 'right': CAST(NULL AS VARCHAR)}
    ] AS evidence,
    q.updated_at AS changed_at
FROM accepted_quotes AS q
LEFT JOIN customers AS c
    ON c.vendor = q.vendor
    AND c.id = q.customer_id
CROSS JOIN settings AS s
WHERE q.accepted_on < s.today - s.grace_days
