-- title: What one unit of each currency in the books was worth in the reporting currency on each day
-- reads: rates, settings, deals, invoices, payments
-- key:   currency, on_day
-- why:   The last rate published on the day or in the nine days before; older ones are no rate, and what has no rate has
--        no row. The reporting currency itself needs none and has no row either.
-- columns:
--   currency: ISO 4217 currency
--   on_day: day it is used for
--   rate: units of the reporting currency for one of currency
--   published_on: day it was published
--   source: who published it
WITH used AS (
    SELECT d.currency FROM deals AS d
    UNION
    SELECT i.currency FROM invoices AS i
    UNION
    SELECT p.currency FROM payments AS p
    UNION
    SELECT s.reporting_currency FROM settings AS s
    UNION
    SELECT 'EUR' AS currency
),
published AS (
    SELECT
        r.currency,
        r.on_date,
        MAX(r.rate) AS rate,
        MAX(r.source) AS source,
        LEAD(r.on_date) OVER (PARTITION BY r.currency ORDER BY r.on_date) AS next_on
    FROM rates AS r
    JOIN used AS u
        ON u.currency = r.currency
    WHERE r.rate > 0
    AND r.currency <> 'EUR'
    GROUP BY r.currency, r.on_date
),
later AS (
    SELECT UNNEST(GENERATE_SERIES(0, 9)) AS days
),
per_euro AS (
    SELECT p.currency, p.on_date + CAST(n.days AS INTEGER) AS on_day, p.rate, p.on_date AS published_on, p.source
    FROM published AS p
    JOIN later AS n
        ON p.on_date + CAST(n.days AS INTEGER) < COALESCE(p.next_on, p.on_date + 10)
),
ours AS (
    SELECT p.on_day, p.rate, p.published_on, p.source
    FROM per_euro AS p
    JOIN settings AS s
        ON s.reporting_currency = p.currency
)
-- reported in euro
SELECT p.currency, p.on_day, CAST(1 / p.rate AS DECIMAL(18, 8)) AS rate, p.published_on, p.source
FROM per_euro AS p
JOIN settings AS s
    ON s.reporting_currency = 'EUR'
UNION ALL
-- in another currency: from the euro, and through it
SELECT 'EUR', o.on_day, o.rate, o.published_on, o.source
FROM ours AS o
UNION ALL
SELECT p.currency, p.on_day, CAST(o.rate / p.rate AS DECIMAL(18, 8)), LEAST(p.published_on, o.published_on), p.source
FROM per_euro AS p
JOIN ours AS o
    ON o.on_day = p.on_day
JOIN settings AS s
    ON s.reporting_currency <> p.currency
