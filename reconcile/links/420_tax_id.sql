-- title:      Same tax id
-- pairs:      customers customers
-- single:     left
-- confidence: 0.99
-- reads:      link_customers, free_customers
-- needs:      link_customers
-- why:        The tax id must be the same in every character once separators are gone. Two records in billing with one tax
--             id are shown, not picked from.
SELECT
  c.n AS left_n,
  b.n AS right_n
FROM free_customers AS f
INNER JOIN link_customers AS c
  ON c.n = f.n
INNER JOIN link_customers AS b
  ON b.tax_key = c.tax_key
WHERE c.side = 'crm'
  AND b.side = 'billing'
