-- title:      The vendor allocated the payment
-- pairs:      payments invoices
-- confidence: 1
-- reads:      link_payments, link_invoices, allocations
-- why:        The gateway or the books say themselves how much of which payment settles which invoice.
SELECT
  p.n AS left_n,
  i.n AS right_n,
  CAST(sum(a.amount) * 10000 AS BIGINT) AS amount
FROM allocations AS a
INNER JOIN link_payments AS p
  ON p.vendor = a.vendor
  AND p.id = a.payment_id
INNER JOIN link_invoices AS i
  ON i.vendor = a.vendor
  AND i.id = a.invoice_id
GROUP BY
  p.n,
  i.n
