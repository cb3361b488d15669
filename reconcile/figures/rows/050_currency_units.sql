-- title: How much of each currency is about as much as one of the reporting currency
-- reads: findings, rates, settings
-- key:   currency
-- why:   Only the order of a list of findings in several currencies needs one measure for all; it is never shown. Where
--        no rate is known, what a typical finding in that currency is worth beside one in the reporting currency.
-- columns:
--   currency: ISO 4217 currency
--   unit: the rate, units for one euro; else worth of a typical finding beside one in the reporting currency
WITH latest AS (
    SELECT r.currency, CAST(ARG_MAX(r.rate, r.on_date) AS DOUBLE) AS rate
    FROM rates AS r
    GROUP BY r.currency
),
typical AS (
    SELECT f.currency, CAST(MEDIAN(ABS(f.amount_at_stake)) AS DOUBLE) AS worth
    FROM findings AS f
    WHERE f.amount_at_stake <> 0
    AND f.currency IS NOT NULL
    GROUP BY f.currency
)
SELECT t.currency, COALESCE(r.rate, t.worth / o.worth, 1) AS unit
FROM typical AS t
CROSS JOIN settings AS s
LEFT JOIN latest AS r
    ON r.currency = t.currency
LEFT JOIN typical AS o
    ON o.currency = s.reporting_currency
