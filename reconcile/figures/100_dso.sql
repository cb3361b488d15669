-- title:   DSO, simple
-- formula: receivables on the day / gross invoiced in the 90 days up to it × 90
-- reads:   receivable_events, invoice_summary, as_of_days, period_rates, settings
-- why:     How many days of sales customers owe us, at the end of each week and month. By currency, and over all currencies
--          (empty currency) where each has a rate.
WITH days AS (
    SELECT DISTINCT a.as_of FROM as_of_days AS a
),
daily AS (
    SELECT e.on_day, e.currency, SUM(e.amount) AS amount
    FROM receivable_events AS e
    GROUP BY e.on_day, e.currency
),
owed AS (
    SELECT w.as_of, e.currency, SUM(e.amount) AS amount
    FROM days AS w
    JOIN daily AS e
        ON e.on_day <= w.as_of
    GROUP BY w.as_of, e.currency
),
sold_by_day AS (
    SELECT i.issued_on, i.currency, SUM(i.gross) AS amount
    FROM invoice_summary AS i
    WHERE i.is_counted
    GROUP BY i.issued_on, i.currency
),
sold AS (
    SELECT w.as_of, d.currency, SUM(d.amount) AS amount
    FROM days AS w
    CROSS JOIN settings AS s
    JOIN sold_by_day AS d
        ON d.issued_on <= w.as_of
        AND d.issued_on > w.as_of - s.dso_days
    GROUP BY w.as_of, d.currency
),
both_sides AS (
    SELECT
        COALESCE(o.as_of, n.as_of) AS as_of,
        COALESCE(o.currency, n.currency) AS currency,
        COALESCE(o.amount, 0) AS owed,
        COALESCE(n.amount, 0) AS sold
    FROM owed AS o
    FULL JOIN sold AS n
        ON n.as_of = o.as_of
        AND n.currency = o.currency
),
converted AS (
    SELECT b.as_of, SUM(b.owed * CAST(r.rate AS DOUBLE)) AS owed, SUM(b.sold * CAST(r.rate AS DOUBLE)) AS sold
    FROM both_sides AS b
    LEFT JOIN period_rates AS r
        ON r.currency = b.currency
        AND r.on_day = b.as_of
    GROUP BY b.as_of
    HAVING COUNT(CASE WHEN r.rate IS NULL AND (b.owed <> 0 OR b.sold <> 0) THEN 1 END) = 0
)
SELECT CAST(NULL AS DATE) AS period_start, a.as_of AS period_end, a.dimension, '' AS key, b.currency,
    CAST(b.owed / b.sold * s.dso_days AS DECIMAL(18, 4)) AS value, 'days' AS unit
FROM as_of_days AS a
JOIN both_sides AS b
    ON b.as_of = a.as_of
CROSS JOIN settings AS s
WHERE b.sold > 0
UNION ALL
SELECT CAST(NULL AS DATE), a.as_of, a.dimension, '', '', CAST(c.owed / c.sold * s.dso_days AS DECIMAL(18, 4)), 'days'
FROM as_of_days AS a
JOIN converted AS c
    ON c.as_of = a.as_of
CROSS JOIN settings AS s
WHERE c.sold > 0
