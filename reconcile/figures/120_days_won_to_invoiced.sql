-- title:   Days from won to invoiced
-- formula: mean over deals won in the period of the days from winning to the first invoice, 0 if it came before; without an invoice, the days until today
-- reads:   sales, weeks, settings
-- why:     The shortest way to earlier money. A deal won ten days ago without invoice counts as ten, and rising.
WITH named AS (
    SELECT
        d.owner_id,
        d.on_day,
        d.days_to_invoice AS days,
        CAST(DATE_TRUNC('week', d.on_day) AS DATE) AS week_start,
        CAST(DATE_TRUNC('month', d.on_day) AS DATE) AS month_start
    FROM sales AS d
    WHERE d.days_to_invoice IS NOT NULL
)
SELECT w.week_start AS period_start, w.as_of AS period_end, 'week' AS dimension, '' AS key, '' AS currency,
    CAST(AVG(n.days) AS DECIMAL(18, 4)) AS value, 'days' AS unit
FROM weeks AS w
JOIN named AS n
    ON n.week_start = w.week_start
GROUP BY w.week_start, w.as_of
UNION ALL
SELECT n.month_start, LEAST(LAST_DAY(n.month_start), s.today), 'month', '', '', CAST(AVG(n.days) AS DECIMAL(18, 4)), 'days'
FROM named AS n
CROSS JOIN settings AS s
GROUP BY n.month_start, s.today
UNION ALL
SELECT s.today - s.dso_days + 1, s.today, 'total', '', '', CAST(AVG(n.days) AS DECIMAL(18, 4)), 'days'
FROM named AS n
JOIN settings AS s
    ON n.on_day > s.today - s.dso_days
GROUP BY s.today, s.dso_days
UNION ALL
SELECT s.today - s.dso_days + 1, s.today, 'owner', n.owner_id, '', CAST(AVG(n.days) AS DECIMAL(18, 4)), 'days'
FROM named AS n
JOIN settings AS s
    ON n.on_day > s.today - s.dso_days
GROUP BY s.today, s.dso_days, n.owner_id
