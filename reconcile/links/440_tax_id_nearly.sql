-- title:      Tax id one character apart
-- pairs:      customers customers
-- status:     suggested
-- confidence: 0.3
-- reads:      link_customers, made
-- why:        Perhaps a slip of the pen, perhaps two companies: nothing is updated and a person says which. Whoever has a
--             partner by id or by tax id is not asked about.
WITH linked AS (
  SELECT m.left_n AS n
  FROM made AS m
  WHERE m.pair = 'customers customers'
    AND m.status <> 'suggested'
  UNION
  SELECT m.right_n AS n
  FROM made AS m
  WHERE m.pair = 'customers customers'
    AND m.status <> 'suggested'
),
free AS (
  SELECT c.n, c.side, c.tax_key
  FROM link_customers AS c
  LEFT JOIN linked AS l
    ON l.n = c.n
  WHERE l.n IS NULL
    AND c.tax_key IS NOT NULL
    AND c.side IS NOT NULL
),
places AS (
  SELECT f.n, f.side, f.tax_key, unnest(generate_series(1, length(f.tax_key))) AS place
  FROM free AS f
),
masked AS (
  SELECT p.n, p.side, p.tax_key, p.place,
    concat(left(p.tax_key, p.place - 1), '?', substring(p.tax_key, p.place + 1)) AS rest
  FROM places AS p
)
SELECT
  c.n AS left_n,
  b.n AS right_n
FROM masked AS c
INNER JOIN masked AS b
  ON b.rest = c.rest
  AND b.place = c.place
WHERE c.side = 'crm'
  AND b.side = 'billing'
  AND b.tax_key <> c.tax_key
QUALIFY count(*) OVER (PARTITION BY c.n) <= 5
