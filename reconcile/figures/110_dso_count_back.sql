-- title:   DSO by count-back
-- formula: receivables on the day, less the gross invoiced of the month up to it, of the month before, and so on until
--          nothing is left; the days of the months used up, plus of the last one the share that is needed
-- reads:   receivable_events, invoice_summary, as_of_days
-- why:     Not moved by a strong or weak month the way the simple DSO is. Looks back three years; by currency.
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
    HAVING SUM(e.amount) > 0
),
back AS (
    SELECT UNNEST(GENERATE_SERIES(0, 35)) AS n
),
months AS (
    SELECT
        w.as_of,
        b.n,
        CAST(DATE_TRUNC('month', w.as_of) - b.n * INTERVAL 1 MONTH AS DATE) AS first_day,
        CASE
            WHEN b.n = 0 THEN w.as_of
            ELSE CAST(DATE_TRUNC('month', w.as_of) - (b.n - 1) * INTERVAL 1 MONTH AS DATE) - 1
        END AS last_day
    FROM days AS w
    CROSS JOIN back AS b
),
sold_by_day AS (
    SELECT i.issued_on, i.currency, SUM(i.gross) AS amount
    FROM invoice_summary AS i
    WHERE i.is_counted
    AND i.issued_on IS NOT NULL
    GROUP BY i.issued_on, i.currency
),
sold AS (
    SELECT
        o.as_of,
        o.currency,
        o.amount AS owed,
        m.n,
        DATE_DIFF('day', m.first_day, m.last_day) + 1 AS days,
        GREATEST(COALESCE(SUM(d.amount), 0), 0) AS amount
    FROM owed AS o
    JOIN months AS m
        ON m.as_of = o.as_of
    LEFT JOIN sold_by_day AS d
        ON d.currency = o.currency
        AND d.issued_on BETWEEN m.first_day AND m.last_day
    GROUP BY o.as_of, o.currency, o.amount, m.n, m.first_day, m.last_day
),
used AS (
    SELECT
        t.as_of,
        t.currency,
        t.days,
        t.amount,
        t.owed - COALESCE(SUM(t.amount) OVER (
            PARTITION BY t.as_of, t.currency ORDER BY t.n ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ), 0) AS still
    FROM sold AS t
),
measured AS (
    SELECT
        u.as_of,
        u.currency,
        CAST(SUM(CASE WHEN u.amount <= u.still THEN u.days ELSE u.days * u.still / u.amount END) AS DECIMAL(18, 4)) AS value
    FROM used AS u
    WHERE u.still > 0
    GROUP BY u.as_of, u.currency
)
SELECT CAST(NULL AS DATE) AS period_start, a.as_of AS period_end, a.dimension, '' AS key, m.currency, m.value, 'days' AS unit
FROM as_of_days AS a
JOIN measured AS m
    ON m.as_of = a.as_of
