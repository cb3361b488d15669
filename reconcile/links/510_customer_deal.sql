-- title:      Deal of the customer who paid
-- pairs:      payments deals
-- single:     left
-- confidence: 0.9
-- reads:      loose_payments, link_deals, link_customers, link_invoices, made
-- needs:      link_deals, link_customers
-- why:        Money that is for no known invoice is looked up by its customer: the vendor's customer id or the tax id. The
--             one deal of that customer still to be paid is it; of several none is picked and all are shown.
WITH payers AS (
  SELECT f.n, c.n AS customer
  FROM loose_payments AS f
  INNER JOIN link_customers AS c
    ON c.vendor = f.vendor
    AND c.id = f.customer_id
  UNION
  SELECT f.n, c.n AS customer
  FROM loose_payments AS f
  INNER JOIN link_customers AS c
    ON c.tax_key = f.tax_key
),
known AS (
  SELECT y.n, y.customer
  FROM payers AS y
  UNION
  SELECT y.n, m.left_n AS customer
  FROM payers AS y
  INNER JOIN made AS m
    ON m.pair = 'customers customers'
    AND m.right_n = y.customer
    AND m.status <> 'suggested'
),
paid AS (
  SELECT b.left_n AS deal, sum(coalesce(m.amount, i.gross)) AS amount
  FROM made AS b
  INNER JOIN made AS m
    ON m.pair = 'payments invoices'
    AND m.right_n = b.right_n
    AND m.status <> 'suggested'
  INNER JOIN link_invoices AS i
    ON i.n = b.right_n
  WHERE b.pair = 'deals invoices'
    AND b.status <> 'suggested'
  GROUP BY b.left_n
)
SELECT
  f.n AS left_n,
  d.n AS right_n,
  f.amount
FROM known AS k
INNER JOIN loose_payments AS f
  ON f.n = k.n
INNER JOIN link_customers AS c
  ON c.n = k.customer
INNER JOIN link_deals AS d
  ON d.vendor = c.vendor
  AND d.customer_id = c.id
  AND d.currency = f.currency
LEFT JOIN paid AS a
  ON a.deal = d.n
WHERE d.status IN ('open', 'won')
  AND d.amount > 0
  AND coalesce(a.amount, 0) < d.amount * 0.98
QUALIFY count(*) OVER (PARTITION BY f.n) <= 20
