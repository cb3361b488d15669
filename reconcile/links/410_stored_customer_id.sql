-- title:      One system stores the other's customer id
-- pairs:      customers customers
-- confidence: 1
-- reads:      link_customers
-- why:        Whoever made the second record from the first left its id there. It holds even if the tax ids differ.
SELECT
  c.n AS left_n,
  b.n AS right_n
FROM link_customers AS c
INNER JOIN link_customers AS b
  ON b.other_id = c.id
WHERE c.side = 'crm'
  AND b.side = 'billing'
UNION
SELECT
  c.n AS left_n,
  b.n AS right_n
FROM link_customers AS c
INNER JOIN link_customers AS b
  ON b.id = c.other_id
WHERE c.side = 'crm'
  AND b.side = 'billing'
