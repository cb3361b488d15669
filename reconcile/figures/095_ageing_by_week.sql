-- title:   Receivables by age, week by week
-- formula: what invoices still owed at the end of each week, by days past their due date on that day: not due, 1-30, 31-60,
--          61-90, more than 90
-- reads:   receivable_events, weeks
-- why:     Whether old debts grow or melt away. Computed from the dates of invoices and payments, so that a payment entered
--          late corrects the weeks before it; the last week is today's receivables by age.
WITH buckets AS (
    SELECT v.key, v.from_days, v.to_days
    FROM (
        VALUES ('not_due', -100000, 0), ('1_30', 1, 30), ('31_60', 31, 60), ('61_90', 61, 90), ('90_plus', 91, 100000)
    ) AS v(key, from_days, to_days)
),
daily AS (
    SELECT e.on_day, e.due_on, e.currency, SUM(e.amount) AS amount
    FROM receivable_events AS e
    GROUP BY e.on_day, e.due_on, e.currency
),
aged AS (
    SELECT
        w.as_of,
        e.currency,
        COALESCE(GREATEST(0, DATE_DIFF('day', e.due_on, w.as_of)), 0) AS late,
        SUM(e.amount) AS amount
    FROM weeks AS w
    JOIN daily AS e
        ON e.on_day <= w.as_of
    GROUP BY w.as_of, e.currency, COALESCE(GREATEST(0, DATE_DIFF('day', e.due_on, w.as_of)), 0)
),
currencies AS (
    SELECT DISTINCT e.currency
    FROM daily AS e
    WHERE e.currency IS NOT NULL
)
SELECT CAST(NULL AS DATE) AS period_start, w.as_of AS period_end, 'week' AS dimension, b.key, c.currency,
    COALESCE(SUM(a.amount), 0) AS value, 'money' AS unit
FROM weeks AS w
CROSS JOIN buckets AS b
CROSS JOIN currencies AS c
LEFT JOIN aged AS a
    ON a.as_of = w.as_of
    AND a.currency = c.currency
    AND a.late BETWEEN b.from_days AND b.to_days
GROUP BY w.as_of, b.key, c.currency
