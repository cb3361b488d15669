-- title:   Problems opened, fixed and recovered
-- formula: findings first seen in the week; findings gone in the week; and the money at stake of those gone that were about
--          sales not invoiced (key billed) or invoices not paid (key paid), each record once; days in UTC
-- reads:   findings, weeks
-- why:     Whether the pile grows or shrinks, and what clearing it brought.
WITH dated AS (
    SELECT
        f."check" AS name,
        f.subject_table,
        f.subject_vendor,
        f.subject_id,
        f.amount_at_stake,
        f.currency,
        CAST(f.first_seen_at AS DATE) AS opened_on,
        CASE WHEN f.state = 'fixed' THEN CAST(f.fixed_at AS DATE) END AS fixed_on
    FROM findings AS f
),
days AS (
    SELECT d.opened_on AS on_day, 'opened' AS key, COUNT(*) AS value
    FROM dated AS d
    GROUP BY d.opened_on
    UNION ALL
    SELECT d.fixed_on, 'fixed', COUNT(*)
    FROM dated AS d
    GROUP BY d.fixed_on
),
counted AS (
    SELECT w.week_start, w.as_of, k.key, COALESCE(SUM(d.value), 0) AS value
    FROM weeks AS w
    CROSS JOIN (VALUES ('opened'), ('fixed')) AS k(key)
    LEFT JOIN days AS d
        ON d.key = k.key
        AND d.on_day BETWEEN w.week_start AND w.as_of
    GROUP BY w.week_start, w.as_of, k.key
),
-- one record may answer badly twice: overdue and partly paid are the same money
recovered AS (
    SELECT
        d.fixed_on,
        d.subject_table,
        d.subject_vendor,
        d.subject_id,
        d.currency,
        MAX(d.amount_at_stake) AS amount
    FROM dated AS d
    WHERE d.fixed_on IS NOT NULL
    AND d.name IN ('won_not_invoiced', 'partly_invoiced', 'overdue', 'partly_paid')
    AND d.amount_at_stake > 0
    GROUP BY d.fixed_on, d.subject_table, d.subject_vendor, d.subject_id, d.currency
)
SELECT c.week_start AS period_start, c.as_of AS period_end, 'week' AS dimension, c.key, '' AS currency, c.value, 'count' AS unit
FROM counted AS c
UNION ALL
SELECT w.week_start, w.as_of, 'week', CASE WHEN r.subject_table = 'deals' THEN 'billed' ELSE 'paid' END, r.currency, SUM(r.amount),
    'money'
FROM weeks AS w
JOIN recovered AS r
    ON r.fixed_on BETWEEN w.week_start AND w.as_of
GROUP BY w.week_start, w.as_of, CASE WHEN r.subject_table = 'deals' THEN 'billed' ELSE 'paid' END, r.currency
