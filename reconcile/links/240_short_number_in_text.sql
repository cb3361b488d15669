-- title:      Short form of an invoice number in the payment's text
-- pairs:      payments invoices
-- confidence: 0.98
-- reads:      link_payments, link_invoices, free_payments, payment_keys, invoice_keys
-- needs:      payment_keys, invoice_keys
-- why:        People write 4085/24 for FV/4085/07/2024. Several series share such a number, so the payer's name, tax id
--             or the amount must tell which, and only one invoice may be left. A payer who owes this very
--             amount on an invoice of their own does not pay a part of somebody else's.
WITH owing AS (
  SELECT DISTINCT i.tax_key AS key, i.gross, i.currency FROM link_invoices AS i WHERE i.tax_key IS NOT NULL
  UNION
  SELECT DISTINCT i.name_key AS key, i.gross, i.currency FROM link_invoices AS i WHERE i.name_key IS NOT NULL
)
SELECT
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
LEFT JOIN owing AS t
  ON t.key = p.tax_key
  AND t.gross = p.amount
  AND t.currency = p.currency
LEFT JOIN owing AS c
  ON c.key = p.name_key
  AND c.gross = p.amount
  AND c.currency = p.currency
WHERE j.exactness IN (1, 2)
  AND p.amount > 0
  AND i.gross > 0
  AND coalesce(i.status, '') <> 'void'
  AND coalesce(i.kind, '') <> 'proforma'
  AND p.paid_on >= i.issued_on - 10
  AND (
    p.name_key = i.name_key
    OR p.tax_key = i.tax_key
    OR (
      p.currency = i.currency
      AND abs(p.amount * round(i.gross / p.amount) - i.gross) <= 500
      AND i.gross / p.amount < CASE WHEN t.key IS NULL AND c.key IS NULL THEN 5 ELSE 1.5 END
    )
  )
QUALIFY count(*) OVER (PARTITION BY p.n, k.key) = 1
