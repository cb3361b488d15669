-- title:      Invoice of the payment that billing recorded
-- pairs:      payments invoices
-- confidence: 0.97
-- reads:      made, free_payments
-- needs:      made
-- why:        The bank line is the same money as a payment that billing recorded, so it is for the same invoice.
SELECT
  t.right_n AS left_n,
  m.right_n
FROM made AS t
INNER JOIN made AS m
  ON m.pair = 'payments invoices'
  AND m.left_n = t.left_n
INNER JOIN free_payments AS f
  ON f.n = t.right_n
WHERE t.pair = 'payments payments'
  AND t.status IN ('automatic', 'confirmed')
