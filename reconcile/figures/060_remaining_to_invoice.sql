-- title:   Still to invoice
-- formula: deal amount less what was invoiced of it, over won deals past the days of grace that are not fully invoiced
-- reads:   deals, deal_summary, settings
-- why:     What the customer agreed to and nobody has billed. In all, by salesperson, and by age from the day the deal
--          was won.
WITH facts AS (
    SELECT
        d.currency,
        COALESCE(d.owner_id, '') AS owner_id,
        b.remaining AS amount,
        CASE
            WHEN DATE_DIFF('day', d.won_on, s.today) <= 30 THEN '0_30'
            WHEN DATE_DIFF('day', d.won_on, s.today) <= 60 THEN '31_60'
            WHEN DATE_DIFF('day', d.won_on, s.today) <= 90 THEN '61_90'
            ELSE '90_plus'
        END AS bucket,
        s.today
    FROM deals AS d
    JOIN deal_summary AS b
        ON b.vendor = d.vendor
        AND b.id = d.id
    CROSS JOIN settings AS s
    WHERE d.status = 'won'
    AND d.won_on < s.today - s.grace_days
    AND b.verdict IN ('none', 'part')
    AND b.remaining > 0
)
SELECT CAST(NULL AS DATE) AS period_start, f.today AS period_end, 'total' AS dimension, '' AS key, f.currency,
    SUM(f.amount) AS value, 'money' AS unit
FROM facts AS f
GROUP BY f.today, f.currency
UNION ALL
SELECT CAST(NULL AS DATE), f.today, 'owner', f.owner_id, f.currency, SUM(f.amount), 'money'
FROM facts AS f
GROUP BY f.today, f.owner_id, f.currency
UNION ALL
SELECT CAST(NULL AS DATE), f.today, 'bucket', f.bucket, f.currency, SUM(f.amount), 'money'
FROM facts AS f
GROUP BY f.today, f.bucket, f.currency
UNION ALL
SELECT CAST(NULL AS DATE), s.today, 'total', '', '', COUNT(f.amount), 'count'
FROM settings AS s
LEFT JOIN facts AS f
    ON f.today = s.today
GROUP BY s.today
