-- title:   Receivables
-- formula: what invoices issued until the day still owed on it: gross less withheld tax, credit notes and payments until then
-- reads:   receivable_events, weeks
-- why:     What customers owe us, at the end of each week and today. Written off invoices are not expected any more.
WITH daily AS (
    SELECT e.on_day AS on_day, e.currency, SUM(e.amount) AS amount
    FROM receivable_events AS e
    GROUP BY e.on_day, e.currency
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
