-- title:   From won to paid
-- formula: deals won in the last 365 days: their amount = still to invoice + invoiced; invoiced = paid + overdue + not yet due
-- reads:   deals, deal_summary, deal_invoices, settings
-- why:     Where the money of a year's sales is now. All in the deal's own measure, with or without tax, so that the parts
--          add up; what was invoiced beyond the deal is left out, and so are deals invoiced in another currency.
WITH billed AS (
    SELECT
        b.deal_vendor AS vendor,
        b.deal_id AS id,
        SUM(b.gross) AS gross,
        SUM(LEAST(b.paid, GREATEST(b.gross, 0))) AS paid,
        SUM(CASE WHEN b.state = 'overdue' THEN b.open_amount ELSE 0 END) AS overdue
    FROM deal_invoices AS b
    WHERE b.is_counted
    GROUP BY b.deal_vendor, b.deal_id
),
deal AS (
    SELECT
        d.currency,
        d.amount,
        d.amount - LEAST(d.amount, GREATEST(0, s.remaining)) AS invoiced,
        CAST(CASE WHEN b.gross > 0 THEN LEAST(1, b.paid / b.gross) ELSE 1 END AS DECIMAL(18, 8)) AS paid_share,
        CAST(CASE WHEN b.gross > 0 THEN LEAST(1, b.overdue / b.gross) ELSE 0 END AS DECIMAL(18, 8)) AS overdue_share
    FROM deals AS d
    JOIN deal_summary AS s
        ON s.vendor = d.vendor
        AND s.id = d.id
    LEFT JOIN billed AS b
        ON b.vendor = d.vendor
        AND b.id = d.id
    CROSS JOIN settings AS o
    WHERE d.status = 'won'
    AND d.amount > 0
    AND d.won_on BETWEEN o.today - 364 AND o.today
    AND s.remaining IS NOT NULL
),
parts AS (
    SELECT
        a.currency,
        a.amount,
        a.invoiced,
        CAST(CAST(a.invoiced AS DECIMAL(20, 4)) * a.paid_share AS DECIMAL(18, 4)) AS paid,
        CAST(CAST(a.invoiced AS DECIMAL(20, 4)) * LEAST(a.overdue_share, 1 - a.paid_share) AS DECIMAL(18, 4)) AS overdue
    FROM deal AS a
),
sums AS (
    SELECT
        p.currency,
        SUM(p.amount) AS won,
        SUM(p.invoiced) AS invoiced,
        SUM(p.paid) AS paid,
        SUM(p.overdue) AS overdue
    FROM parts AS p
    GROUP BY p.currency
),
named AS (
    SELECT t.currency, 'won' AS key, t.won AS value FROM sums AS t
    UNION ALL
    SELECT t.currency, 'not_invoiced' AS key, t.won - t.invoiced AS value FROM sums AS t
    UNION ALL
    SELECT t.currency, 'invoiced' AS key, t.invoiced AS value FROM sums AS t
    UNION ALL
    SELECT t.currency, 'paid' AS key, t.paid AS value FROM sums AS t
    UNION ALL
    SELECT t.currency, 'overdue' AS key, t.overdue AS value FROM sums AS t
    UNION ALL
    SELECT t.currency, 'not_due' AS key, t.invoiced - t.paid - t.overdue AS value FROM sums AS t
)
SELECT s.today - 364 AS period_start, s.today AS period_end, 'part' AS dimension, n.key, n.currency, n.value, 'money' AS unit
FROM named AS n
CROSS JOIN settings AS s
