-- title:   Receivables by age
-- formula: open amount of each invoice by days past its due date: not due, 1-30, 31-60, 61-90, more than 90
-- reads:   invoice_summary, settings
-- why:     The older, the less of it comes. Its sum is the receivables total.
WITH buckets AS (
    SELECT v.key
    FROM (VALUES ('not_due'), ('1_30'), ('31_60'), ('61_90'), ('90_plus')) AS v(key)
),
facts AS (
    SELECT
        i.currency,
        i.open_amount AS amount,
        CASE
            WHEN i.days_overdue <= 0 THEN 'not_due'
            WHEN i.days_overdue <= 30 THEN '1_30'
            WHEN i.days_overdue <= 60 THEN '31_60'
            WHEN i.days_overdue <= 90 THEN '61_90'
            ELSE '90_plus'
        END AS key
    FROM invoice_summary AS i
    WHERE i.open_amount <> 0
),
currencies AS (
    SELECT DISTINCT f.currency
    FROM facts AS f
)
SELECT CAST(NULL AS DATE) AS period_start, s.today AS period_end, 'bucket' AS dimension, b.key, c.currency,
    COALESCE(SUM(f.amount), 0) AS value, 'money' AS unit
FROM buckets AS b
CROSS JOIN currencies AS c
CROSS JOIN settings AS s
LEFT JOIN facts AS f
    ON f.key = b.key
    AND f.currency = c.currency
GROUP BY s.today, b.key, c.currency
UNION ALL
SELECT CAST(NULL AS DATE), s.today, 'bucket', b.key, '', COUNT(f.amount), 'count'
FROM buckets AS b
CROSS JOIN settings AS s
LEFT JOIN facts AS f
    ON f.key = b.key
GROUP BY s.today, b.key
