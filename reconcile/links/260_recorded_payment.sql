-- title:      Bank line of a payment that billing recorded
-- pairs:      payments payments
-- single:     both
-- confidence: 0.97
-- reads:      link_payments, link_invoices, made
-- needs:      link_payments, link_invoices
-- why:        Billing was told that an invoice is paid; the bank line of the same amount within ten days, naming that
--             invoice or its customer, is the same money.
SELECT
  r.n AS left_n,
  b.n AS right_n
FROM link_payments AS r
INNER JOIN made AS m
  ON m.pair = 'payments invoices'
  AND m.left_n = r.n
INNER JOIN link_invoices AS i
  ON i.n = m.right_n
INNER JOIN link_payments AS b
  ON b.currency = r.currency
  AND b.amount = r.amount
LEFT JOIN made AS o
  ON o.pair = 'payments invoices'
  AND o.left_n = b.n
WHERE r.method = 'recorded'
  AND b.method <> 'recorded'
  AND b.vendor <> r.vendor
  AND b.paid_on BETWEEN r.paid_on - 10 AND r.paid_on + 10
  AND (
    o.right_n = i.n
    OR (
      o.right_n IS NULL
      AND (b.name_key = i.name_key OR b.tax_key = i.tax_key)
    )
  )
QUALIFY abs(date_diff('day', r.paid_on, b.paid_on))
  = min(abs(date_diff('day', r.paid_on, b.paid_on))) OVER (PARTITION BY b.n)
