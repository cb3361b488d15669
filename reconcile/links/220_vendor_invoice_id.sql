-- title:      The vendor names the invoice
-- pairs:      payments invoices
-- confidence: 1
-- reads:      link_payments, link_invoices, free_payments
-- needs:      link_payments, link_invoices
-- why:        The payment carries the id of the one invoice it was made for.
SELECT
  p.n AS left_n,
  i.n AS right_n
FROM free_payments AS f
INNER JOIN link_payments AS p
  ON p.n = f.n
INNER JOIN link_invoices AS i
  ON i.vendor = p.vendor
  AND i.id = p.invoice_id
