-- title:      Same e-mail or name
-- pairs:      customers customers
-- status:     suggested
-- confidence: 0.6
-- reads:      link_customers, free_customers
-- why:        Likeness is only ever a suggestion: a person says whether it is the same customer.
SELECT
  c.n AS left_n,
  b.n AS right_n
FROM free_customers AS f
INNER JOIN link_customers AS c
  ON c.n = f.n
INNER JOIN link_customers AS b
  ON b.email_key = c.email_key
  OR b.name_key = c.name_key
WHERE c.side = 'crm'
  AND b.side = 'billing'
  AND coalesce(c.kind, 'company') = 'company'
QUALIFY count(*) OVER (PARTITION BY c.n) <= 5
