-- title: What one unit of each currency was worth in the reporting currency at the end of each week and month
-- reads: day_rates, as_of_days, settings
-- key:   currency, on_day
-- why:   Totals are converted at the rate of their last day. A currency without a rate has no row.
-- columns:
--   currency: ISO 4217 currency
--   on_day: end of a week or month, or today
--   rate: units of the reporting currency for one of currency
WITH days AS (
    SELECT DISTINCT a.as_of AS on_day FROM as_of_days AS a
)
SELECT r.currency, r.on_day, r.rate
FROM day_rates AS r
JOIN days AS y
    ON y.on_day = r.on_day
UNION ALL
SELECT s.reporting_currency, y.on_day, CAST(1 AS DECIMAL(18, 8))
FROM days AS y
CROSS JOIN settings AS s
