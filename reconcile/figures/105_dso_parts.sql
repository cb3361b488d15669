-- title:   What the DSO is made of
-- formula: receivables not yet due / gross invoiced in the 90 days up to the day × 90, and the same of
--          what is overdue: together the simple DSO; owed and sold are the sums it is made from
-- reads:   receivable_events, invoice_summary, as_of_days, period_rates, settings
-- why:     The first part comes from the payment terms we grant, the second from customers who pay late: only that one is
--          mended by reminding. At the end of each month, by currency, and over all (empty currency) where each has a rate.
WITH days AS (
    SELECT DISTINCT a.period_start, a.as_of FROM as_of_days AS a WHERE a.dimension = 'month'
),
daily AS (
    SELECT e.on_day, e.due_on, e.currency, SUM(e.amount) AS amount
    FROM receivable_events AS e
    GROUP BY e.on_day, e.due_on, e.currency
),
owed AS (
    SELECT
        w.as_of,
        e.currency,
        SUM(e.amount) AS amount,
        SUM(CASE WHEN e.due_on < w.as_of THEN e.amount ELSE 0 END) AS late
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
        COALESCE(o.late, 0) AS late,
        COALESCE(n.amount, 0) AS sold
    FROM owed AS o
    FULL JOIN sold AS n
        ON n.as_of = o.as_of
        AND n.currency = o.currency
),
converted AS (
    SELECT
        b.as_of,
        SUM(b.owed * CAST(r.rate AS DOUBLE)) AS owed,
        SUM(b.late * CAST(r.rate AS DOUBLE)) AS late,
        SUM(b.sold * CAST(r.rate AS DOUBLE)) AS sold
    FROM both_sides AS b
    LEFT JOIN period_rates AS r
        ON r.currency = b.currency
        AND r.on_day = b.as_of
    GROUP BY b.as_of
    HAVING COUNT(CASE WHEN r.rate IS NULL AND (b.owed <> 0 OR b.sold <> 0) THEN 1 END) = 0
),
parts AS (
    SELECT b.as_of, b.currency, 'not_due' AS key, CAST(b.owed - b.late AS DOUBLE) AS part, CAST(b.sold AS DOUBLE) AS sold
    FROM both_sides AS b
    WHERE b.sold > 0
    UNION ALL
    SELECT b.as_of, b.currency, 'late', CAST(b.late AS DOUBLE), CAST(b.sold AS DOUBLE)
    FROM both_sides AS b
    WHERE b.sold > 0
    UNION ALL
    SELECT c.as_of, '', 'not_due', c.owed - c.late, c.sold
    FROM converted AS c
    WHERE c.sold > 0
    UNION ALL
    SELECT c.as_of, '', 'late', c.late, c.sold
    FROM converted AS c
    WHERE c.sold > 0
)
SELECT CAST(NULL AS DATE) AS period_start, p.as_of AS period_end, 'month' AS dimension, p.key, p.currency,
    CAST(p.part / p.sold * s.dso_days AS DECIMAL(18, 4)) AS value, 'days' AS unit
FROM parts AS p
CROSS JOIN settings AS s
UNION ALL
SELECT CAST(NULL AS DATE), b.as_of, 'month', 'owed', b.currency, b.owed, 'money'
FROM both_sides AS b
WHERE b.currency IS NOT NULL
UNION ALL
SELECT CAST(NULL AS DATE), b.as_of, 'month', 'sold', b.currency, b.sold, 'money'
FROM both_sides AS b
WHERE b.currency IS NOT NULL
