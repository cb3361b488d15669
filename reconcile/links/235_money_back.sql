-- title:      Money that went back for an invoice
-- pairs:      payments invoices
-- single:     left
-- confidence: 0.97
-- reads:      link_payments, link_invoices, free_payments, payment_keys, invoice_keys, made
-- why:        A bank returns a direct debit, or we pay money back, and the line names the invoice: by so much it is open
--             again. It must be the amount that had come, or go to who had paid, since a supplier's number may look like
--             ours. What went back of money that came twice opens nothing.
WITH named AS (
  SELECT DISTINCT
    p.n,
    i.n AS invoice,
    p.name_key,
    p.tax_key,
    p.iban,
    p.paid_on,
    -p.amount AS amount,
    i.gross,
    i.name_key AS customer_key,
    i.tax_key AS customer_tax_key
  FROM free_payments AS f
  INNER JOIN link_payments AS p
    ON p.n = f.n
  INNER JOIN payment_keys AS k
    ON k.n = p.n
  INNER JOIN invoice_keys AS j
    ON j.key = k.key
  INNER JOIN link_invoices AS i
    ON i.n = j.n
  WHERE p.amount < 0
    AND p.paid_on IS NOT NULL
    AND coalesce(p.status, '') <> 'failed'
    AND coalesce(p.method, '') <> 'recorded'
    AND j.exactness = 3
    AND length(k.key) >= 4
    AND p.currency = i.currency
    AND -p.amount <= i.gross
),
come AS (
  SELECT
    a.n,
    a.invoice,
    a.gross,
    sum(q.amount) AS amount,
    max(CASE
      WHEN q.amount = a.amount OR q.name_key = a.name_key OR q.iban = a.iban
        OR a.name_key = a.customer_key OR a.tax_key = a.customer_tax_key THEN 1
      ELSE 0
    END) AS is_theirs
  FROM named AS a
  INNER JOIN made AS m
    ON m.pair = 'payments invoices'
    AND m.right_n = a.invoice
  INNER JOIN link_payments AS q
    ON q.n = m.left_n
    AND q.amount > 0
    AND q.paid_on <= a.paid_on
  GROUP BY
    a.n,
    a.invoice,
    a.gross
)
SELECT
  c.n AS left_n,
  c.invoice AS right_n
FROM come AS c
WHERE c.is_theirs = 1
  AND c.amount <= c.gross + 500
