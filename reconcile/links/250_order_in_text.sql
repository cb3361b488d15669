-- title:      Deal reference in the payment's text
-- pairs:      payments invoices
-- confidence: 0.98
-- reads:      link_payments, link_invoices, free_payments, payment_keys, deal_keys, made
-- needs:      deal_keys, payment_keys
-- after:      deals invoices
-- why:        Some customers quote their order instead of our invoice. Where the deal has one invoice, it is that one;
--             where it has several, amounts decide later.
SELECT
  p.n AS left_n,
  i.n AS right_n
FROM free_payments AS f
INNER JOIN link_payments AS p
  ON p.n = f.n
INNER JOIN payment_keys AS k
  ON k.n = p.n
INNER JOIN deal_keys AS j
  ON j.key = k.key
INNER JOIN made AS m
  ON m.left_n = j.n
INNER JOIN link_invoices AS i
  ON i.n = m.right_n
WHERE m.pair = 'deals invoices'
  AND m.status IN ('automatic', 'confirmed')
  AND j.exactness = 3
  AND p.amount > 0
  AND i.gross > 0
  AND p.paid_on >= i.issued_on - 10
QUALIFY count(*) OVER (PARTITION BY p.n) = 1
