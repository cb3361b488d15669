-- title:      Invoice number in the payment's text
-- pairs:      payments invoices
-- confidence: 0.995
-- reads:      link_payments, link_invoices, free_payments, payment_keys, invoice_keys
-- needs:      payment_keys, invoice_keys
-- why:        The payer wrote the number, or the bank carried it as structured reference. Blanks, dashes and capitals do
--             not matter; several numbers are several invoices.
SELECT DISTINCT
  p.n AS left_n,
  i.n AS right_n
FROM free_payments AS f
INNER JOIN link_payments AS p
  ON p.n = f.n
INNER JOIN payment_keys AS k
  ON k.n = p.n
INNER JOIN invoice_keys AS j
  ON j.key = k.key
INNER JOIN link_invoices AS i
  ON i.n = j.n
WHERE j.exactness = 3
  AND p.amount > 0
  AND i.gross > 0
