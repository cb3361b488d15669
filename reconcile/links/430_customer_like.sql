-- title:      Same e-mail or name
-- pairs:      customers customers
-- status:     suggested
-- confidence: 0.6
-- reads:      link_customers, free_customers
-- why:        Likeness is only ever a suggestion: a person says whether it is the same customer.
WITH asked AS (
  SELECT c.n, c.email_key, c.name_key
  FROM free_customers AS f
  INNER JOIN link_customers AS c
    ON c.n = f.n
  WHERE c.side = 'crm'
    AND coalesce(c.kind, 'company') = 'company'
),
alike AS (
  SELECT a.n AS left_n, b.n AS right_n
  FROM asked AS a
  INNER JOIN link_customers AS b
    ON b.email_key = a.email_key
  WHERE b.side = 'billing'
  UNION
  SELECT a.n AS left_n, b.n AS right_n
  FROM asked AS a
  INNER JOIN link_customers AS b
    ON b.name_key = a.name_key
  WHERE b.side = 'billing'
)
SELECT
  k.left_n,
  k.right_n
FROM alike AS k
QUALIFY count(*) OVER (PARTITION BY k.left_n) <= 5
