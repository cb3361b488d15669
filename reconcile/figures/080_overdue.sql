-- title:   Overdue
-- formula: the part of receivables whose due date was past on the day
-- reads:   receivable_events, weeks
-- why:     What should have come already, at the end of each week and today.
WITH daily AS (
    SELECT CASE WHEN e.due_on >= e.on_day THEN e.due_on + 1 ELSE e.on_day END AS on_day, e.currency, SUM(e.amount) AS amount
    FROM receivable_events AS e
    WHERE e.due_on IS NOT NULL
    GROUP BY CASE WHEN e.due_on >= e.on_day THEN e.due_on + 1 ELSE e.on_day END, e.currency
),
currencies AS (
    SELECT DISTINCT e.currency
    FROM daily AS e
    WHERE e.currency IS NOT NULL
)
SELECT CAST(NULL AS DATE) AS period_start, w.as_of AS period_end, 'week' AS dimension, '' AS key, c.currency,
    COALESCE(SUM(e.amount), 0) AS value, 'money' AS unit
FROM weeks AS w
CROSS JOIN currencies AS c
LEFT JOIN daily AS e
    ON e.on_day <= w.as_of
    AND e.currency = c.currency
GROUP BY w.as_of, c.currency
