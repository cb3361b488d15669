-- title: What one unit of each currency was worth in the reporting currency at the end of each week
-- reads: rates, weeks, settings, deals, invoices, payments
-- key:   currency, on_day
-- why:   The last rate published in the ten days before; older ones are no rate. A currency without one has no row.
-- columns:
--   currency: ISO 4217 currency
--   on_day: end of a week, or today
--   rate: units of the reporting currency for one of currency
WITH used AS (
    SELECT d.currency FROM deals AS d
    UNION
    SELECT i.currency FROM invoices AS i
    UNION
    SELECT p.currency FROM payments AS p
    UNION
    SELECT s.reporting_currency FROM settings AS s
),
days AS (
    SELECT w.as_of AS on_day FROM weeks AS w
    UNION
    SELECT s.today FROM settings AS s
),
published AS (
    SELECT
        y.on_day,
        r.currency,
        r.rate,
        ROW_NUMBER() OVER (PARTITION BY y.on_day, r.currency ORDER BY r.on_date DESC) AS place
    FROM days AS y
    JOIN rates AS r
        ON r.on_date <= y.on_day
        AND r.on_date > y.on_day - 10
        AND r.currency <> 'EUR'
        AND r.rate > 0
),
per_euro AS (
    SELECT p.on_day, p.currency, p.rate FROM published AS p WHERE p.place = 1
    UNION ALL
    SELECT y.on_day, 'EUR', CAST(1 AS DECIMAL(18, 8)) FROM days AS y
)
SELECT
    u.currency,
    y.on_day,
    CAST(CASE WHEN u.currency = s.reporting_currency THEN 1 ELSE o.rate / f.rate END AS DECIMAL(18, 8)) AS rate
FROM used AS u
CROSS JOIN days AS y
CROSS JOIN settings AS s
LEFT JOIN per_euro AS f
    ON f.currency = u.currency
    AND f.on_day = y.on_day
LEFT JOIN per_euro AS o
    ON o.currency = s.reporting_currency
    AND o.on_day = y.on_day
WHERE u.currency = s.reporting_currency
OR (f.rate IS NOT NULL AND o.rate IS NOT NULL)
