-- title: The days on which figures are taken: the end of each of the last 53 weeks and 13 months, the current ones today
-- reads: weeks, settings
-- key:   dimension, as_of
-- columns:
--   dimension: week or month
--   period_start: first day of the week or month
--   as_of: its last day, or today
SELECT 'week' AS dimension, w.week_start AS period_start, w.as_of
FROM weeks AS w
UNION ALL
SELECT
    'month' AS dimension,
    CAST(m.day AS DATE) AS period_start,
    LEAST(LAST_DAY(CAST(m.day AS DATE)), s.today) AS as_of
FROM settings AS s, (
    SELECT UNNEST(GENERATE_SERIES(
        CAST(DATE_TRUNC('month', o.today) - INTERVAL 12 MONTH AS DATE),
        CAST(DATE_TRUNC('month', o.today) AS DATE),
        INTERVAL 1 MONTH
    )) AS day
    FROM settings AS o
) AS m
