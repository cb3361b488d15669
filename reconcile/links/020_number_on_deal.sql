-- title:      Invoice number typed on the deal
-- pairs:      deals invoices
-- confidence: 0.995
-- reads:      link_deals, link_invoices, deal_keys, invoice_keys, same_customer
-- needs:      deal_keys, invoice_keys
-- why:        A person copied the number into the CRM. A number copied wrong points at somebody else's invoice, so the
--             customer or the amount must agree as well.
SELECT
  d.n AS left_n,
  i.n AS right_n
FROM deal_keys AS k
INNER JOIN invoice_keys AS j
  ON j.key = k.key
INNER JOIN link_deals AS d
  ON d.n = k.n
INNER JOIN link_invoices AS i
  ON i.n = j.n
LEFT JOIN same_customer AS s
  ON s.crm = d.party
  AND s.billing = i.party
WHERE k.exactness = 0
  AND j.exactness = 3
  AND i.deal_id IS NULL
  AND (
    s.trust >= 0.2
    OR i.net = d.amount
    OR i.gross = d.amount
    OR d.party IS NULL
    OR i.party IS NULL
    OR i.reference_key = d.reference_key
  )
