-- title:   Cash expected, day by day
-- formula: open invoices on their due date and the days the customer is usually late, and won deals not invoiced, by the
--          day they are expected on; key invoices or deals; 13 weeks from this Monday
-- reads:   forecast, settings
-- why:     On which days money should be there: for paying wages, taxes and suppliers. Its weeks are those of the forecast.
SELECT f.expected_on AS period_start, f.expected_on AS period_end, 'day' AS dimension, f.subject AS key, f.currency,
    SUM(f.amount) AS value, 'money' AS unit
FROM forecast AS f
JOIN settings AS s
    ON s.today = f.as_of
WHERE f.expected_on < CAST(DATE_TRUNC('week', s.today) AS DATE) + 91
GROUP BY f.expected_on, f.subject, f.currency
