-- title:      Deal reference printed on the invoice
-- pairs:      deals invoices
-- confidence: 0.995
-- reads:      link_deals, link_invoices, free_invoices, same_customer
-- needs:      link_deals, link_invoices
-- why:        Order and project numbers are exchanged so that both sides find each other. Written alike but for blanks,
--             dashes and capitals. A slip may hit somebody else's order, so the customer or the amount must agree.
SELECT
  d.n AS left_n,
  i.n AS right_n
FROM free_invoices AS f
INNER JOIN link_invoices AS i
  ON i.n = f.n
INNER JOIN link_deals AS d
  ON d.reference_key = i.reference_key
LEFT JOIN same_customer AS s
  ON s.crm = d.party
  AND s.billing = i.party
WHERE s.trust >= 0.2
  OR i.net = d.amount
  OR i.gross = d.amount
  OR d.party IS NULL
  OR i.party IS NULL
