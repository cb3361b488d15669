-- title:   Gap between won and invoiced
-- formula: won less invoiced without tax, by week
-- reads:   deals, invoice_summary, weeks
-- why:     Sold and not yet on paper, if it stays positive; a negative week invoices what was sold earlier.
WITH facts AS (
    SELECT d.won_on AS on_day, d.currency, COALESCE(d.amount, 0) AS amount
    FROM deals AS d
    WHERE d.status = 'won'
    UNION ALL
    SELECT i.issued_on, i.currency, -i.net
    FROM invoice_summary AS i
    WHERE i.is_counted
),
currencies AS (
    SELECT DISTINCT f.currency
    FROM facts AS f
    WHERE f.currency IS NOT NULL
),
daily AS (
    SELECT f.on_day, f.currency, SUM(f.amount) AS amount
    FROM facts AS f
    GROUP BY f.on_day, f.currency
)
SELECT w.week_start AS period_start, w.as_of AS period_end, 'week' AS dimension, '' AS key, c.currency,
    COALESCE(SUM(f.amount), 0) AS value, 'money' AS unit
FROM weeks AS w
CROSS JOIN currencies AS c
LEFT JOIN daily AS f
    ON f.on_day BETWEEN w.week_start AND w.as_of
    AND f.currency = c.currency
GROUP BY w.week_start, w.as_of, c.currency
