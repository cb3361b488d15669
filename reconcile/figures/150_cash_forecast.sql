-- title:   Cash expected
-- formula: open invoices on their due date and the days the customer is usually late, and won deals not invoiced, by week;
--          key invoices or deals; later than 13 weeks, and with no day to expect, apart
-- reads:   forecast, settings
-- why:     From documents that exist and from what each customer did, not from hopes.
WITH placed AS (
    SELECT
        f.subject,
        f.currency,
        f.amount,
        CASE
            WHEN f.expected_on IS NULL THEN 'undated'
            WHEN f.expected_on >= CAST(DATE_TRUNC('week', s.today) AS DATE) + 91 THEN 'later'
            ELSE 'week'
        END AS dimension,
        CAST(DATE_TRUNC('week', f.expected_on) AS DATE) AS week_start,
        s.today
    FROM forecast AS f
    JOIN settings AS s
        ON s.today = f.as_of
)
SELECT
    CASE WHEN p.dimension = 'week' THEN p.week_start END AS period_start,
    CASE WHEN p.dimension = 'week' THEN p.week_start + 6 ELSE p.today END AS period_end,
    p.dimension,
    p.subject AS key,
    p.currency,
    SUM(p.amount) AS value,
    'money' AS unit
FROM placed AS p
GROUP BY
    CASE WHEN p.dimension = 'week' THEN p.week_start END,
    CASE WHEN p.dimension = 'week' THEN p.week_start + 6 ELSE p.today END,
    p.dimension,
    p.subject,
    p.currency
