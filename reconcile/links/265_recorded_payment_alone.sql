-- title:      The one bank line that can be a recorded payment
-- pairs:      payments payments
-- single:     both
-- confidence: 0.95
-- reads:      link_payments, made
-- needs:      link_payments
-- why:        Billing was told that an invoice is paid, by somebody whose name the bank does not show (a parent company,
--             a partner); within three days one bank line of exactly that amount settles nothing else.
SELECT
  r.n AS left_n,
  b.n AS right_n
FROM link_payments AS r
INNER JOIN link_payments AS b
  ON b.currency = r.currency
  AND b.amount = r.amount
LEFT JOIN made AS o
  ON o.pair = 'payments invoices'
  AND o.left_n = b.n
WHERE r.method = 'recorded'
  AND b.method <> 'recorded'
  AND b.vendor <> r.vendor
  AND b.paid_on BETWEEN r.paid_on - 3 AND r.paid_on + 3
  AND o.right_n IS NULL
