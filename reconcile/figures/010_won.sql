-- title:   Won
-- formula: sum of the amounts of deals won in the period, as the CRM has them
-- reads:   deals, weeks
-- why:     What was sold.
WITH facts AS (
    SELECT d.won_on AS on_day, d.currency, COALESCE(d.amount, 0) AS amount
    FROM deals AS d
    WHERE d.status = 'won'
),
currencies AS (
    SELECT DISTINCT f.currency
    FROM facts AS f
    WHERE f.currency IS NOT NULL
),
daily AS (
    SELECT f.on_day, f.currency, SUM(f.amount) AS amount, COUNT(*) AS pieces
    FROM facts AS f
    GROUP BY f.on_day, f.currency
),
by_week AS (
    SELECT w.week_start, w.as_of, c.currency, COALESCE(SUM(f.amount), 0) AS amount, COALESCE(SUM(f.pieces), 0) AS pieces
    FROM weeks AS w
    CROSS JOIN currencies AS c
    LEFT JOIN daily AS f
        ON f.on_day BETWEEN w.week_start AND w.as_of
        AND f.currency = c.currency
    GROUP BY w.week_start, w.as_of, c.currency
)
SELECT b.week_start AS period_start, b.as_of AS period_end, 'week' AS dimension, '' AS key, b.currency,
    b.amount AS value, 'money' AS unit
FROM by_week AS b
UNION ALL
SELECT b.week_start, b.as_of, 'week', '', '', SUM(b.pieces), 'count'
FROM by_week AS b
GROUP BY b.week_start, b.as_of
