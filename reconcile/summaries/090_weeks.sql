-- title: The last 53 weeks, Monday to Sunday, the current one included
-- reads: settings
-- key:   week_start
-- columns:
--   week_start: Monday
--   week_end: Sunday
--   as_of: Sunday, or today in the current week
SELECT
    CAST(w.day AS DATE) AS week_start,
    CAST(w.day AS DATE) + 6 AS week_end,
    LEAST(CAST(w.day AS DATE) + 6, s.today) AS as_of
FROM settings AS s, (
    SELECT UNNEST(GENERATE_SERIES(
        CAST(DATE_TRUNC('week', o.today) AS DATE) - 364,
        CAST(DATE_TRUNC('week', o.today) AS DATE),
        INTERVAL 7 DAY
    )) AS day
    FROM settings AS o
) AS w
