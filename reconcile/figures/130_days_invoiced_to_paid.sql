-- title:   Days from invoiced to paid
-- formula: mean over invoices paid in full in the period, by the day of the last payment, of the days since their issue
-- reads:   invoice_summary, deal_invoices, deals, weeks, settings
-- why:     How long customers really take, whatever the terms say.
WITH facts AS (
    SELECT
        i.paid_on AS on_day,
        COALESCE(o.owner_id, '') AS owner_id,
        DATE_DIFF('day', i.issued_on, i.paid_on) AS days
    FROM invoice_summary AS i
    LEFT JOIN (
        SELECT b.invoice_vendor, b.invoice_id, MIN(d.owner_id) AS owner_id
        FROM deal_invoices AS b
        JOIN deals AS d
            ON d.vendor = b.deal_vendor
            AND d.id = b.deal_id
        GROUP BY b.invoice_vendor, b.invoice_id
    ) AS o
        ON o.invoice_vendor = i.vendor
        AND o.invoice_id = i.id
    WHERE i.state = 'paid'
    AND i.kind <> 'credit_note'
    AND i.gross > 0
    AND i.issued_on IS NOT NULL
    AND i.paid_on IS NOT NULL
),
named AS (
    SELECT
        f.*,
        CAST(DATE_TRUNC('week', f.on_day) AS DATE) AS week_start,
        CAST(DATE_TRUNC('month', f.on_day) AS DATE) AS month_start
    FROM facts AS f
)
SELECT w.week_start AS period_start, w.as_of AS period_end, 'week' AS dimension, '' AS key, '' AS currency,
    CAST(AVG(n.days) AS DECIMAL(18, 4)) AS value, 'days' AS unit
FROM weeks AS w
JOIN named AS n
    ON n.week_start = w.week_start
GROUP BY w.week_start, w.as_of
UNION ALL
SELECT n.month_start, LEAST(LAST_DAY(n.month_start), s.today), 'month', '', '', CAST(AVG(n.days) AS DECIMAL(18, 4)), 'days'
FROM named AS n
CROSS JOIN settings AS s
GROUP BY n.month_start, s.today
UNION ALL
SELECT s.today - s.dso_days + 1, s.today, 'total', '', '', CAST(AVG(n.days) AS DECIMAL(18, 4)), 'days'
FROM named AS n
JOIN settings AS s
    ON n.on_day > s.today - s.dso_days
GROUP BY s.today, s.dso_days
UNION ALL
SELECT s.today - s.dso_days + 1, s.today, 'owner', n.owner_id, '', CAST(AVG(n.days) AS DECIMAL(18, 4)), 'days'
FROM named AS n
JOIN settings AS s
    ON n.on_day > s.today - s.dso_days
GROUP BY s.today, s.dso_days, n.owner_id
