-- title:      Deal of a customer by the name of the payer
-- pairs:      payments deals
-- single:     left
-- status:     suggested
-- confidence: 0.4
-- reads:      loose_payments, link_deals, made
-- needs:      link_deals
-- why:        A bank line shows a name and nothing else fits: perhaps it pays a deal that nobody invoiced. The amount must be
--             the deal's to the cent, as it is or with a usual tax. A name is only ever a suggestion.
WITH lonely AS (
  SELECT f.n, f.name_key, f.amount, f.currency, f.paid_on
  FROM loose_payments AS f
  LEFT JOIN made AS m
    ON m.pair IN ('payments invoices', 'payments deals')
    AND m.left_n = f.n
  WHERE m.left_n IS NULL
    AND f.name_key IS NOT NULL
),
named AS (
  SELECT d.n, d.name_key
  FROM link_deals AS d
  UNION
  SELECT d.n, d.legal_key
  FROM link_deals AS d
),
taxes AS (
  SELECT unnest([0, 4, 5, 5.5, 6, 7, 8, 10, 13, 16, 19, 20, 21, 22, 23]) AS percent
)
SELECT
  f.n AS left_n,
  d.n AS right_n,
  f.amount
FROM lonely AS f
INNER JOIN named AS k
  ON k.name_key = f.name_key
INNER JOIN link_deals AS d
  ON d.n = k.n
  AND d.currency = f.currency
INNER JOIN taxes AS t
  ON abs(f.amount - d.amount * (100 + t.percent) / 100) <= 100
LEFT JOIN made AS m
  ON m.pair = 'deals invoices'
  AND m.left_n = d.n
WHERE d.status IN ('open', 'won')
  AND m.left_n IS NULL
  AND f.paid_on BETWEEN d.on_date - 60 AND d.on_date + 400
QUALIFY count(*) OVER (PARTITION BY f.n) <= 5
