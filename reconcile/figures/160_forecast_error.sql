-- title:   How wrong the forecast was
-- formula: the forecast as it would have been 13 weeks ago, beside what then came for the same documents; error: the sum of
--          the weekly differences without their sign / what came; bias: (expected - came) / came
-- reads:   forecast, allocated_money, payment_summary, deal_invoices, settings
-- why:     A forecast that does not say how often it is wrong is a hope.
WITH asked AS (
    SELECT s.today - 91 AS as_of, s.today FROM settings AS s
),
expected AS (
    SELECT
        CAST(FLOOR(GREATEST(0, DATE_DIFF('day', f.as_of, f.expected_on) - 1) / 7) AS INTEGER) AS week,
        f.currency,
        SUM(f.amount) AS amount
    FROM forecast AS f
    JOIN asked AS a
        ON a.as_of = f.as_of
    WHERE f.expected_on <= a.today
    GROUP BY CAST(FLOOR(GREATEST(0, DATE_DIFF('day', f.as_of, f.expected_on) - 1) / 7) AS INTEGER), f.currency
),
-- the invoices that were open then, and those that were issued since for the deals that were to be invoiced
followed AS (
    SELECT f.vendor, f.id, f.currency, CAST(1 AS DECIMAL(18, 8)) AS share
    FROM forecast AS f
    JOIN asked AS a
        ON a.as_of = f.as_of
    WHERE f.subject = 'invoices'
    UNION ALL
    SELECT b.invoice_vendor, b.invoice_id, f.currency, b.share
    FROM forecast AS f
    JOIN asked AS a
        ON a.as_of = f.as_of
    JOIN deal_invoices AS b
        ON b.deal_vendor = f.vendor
        AND b.deal_id = f.id
        AND b.issued_on > f.as_of
        AND b.is_counted
    WHERE f.subject = 'deals'
),
came AS (
    SELECT
        CAST(FLOOR((DATE_DIFF('day', a.as_of, m.paid_on) - 1) / 7) AS INTEGER) AS week,
        f.currency,
        SUM(CAST(CAST(m.amount AS DECIMAL(20, 4)) * f.share AS DECIMAL(18, 4))) AS amount
    FROM followed AS f
    JOIN allocated_money AS m
        ON m.invoice_vendor = f.vendor
        AND m.invoice_id = f.id
    JOIN payment_summary AS p
        ON p.vendor = m.payment_vendor
        AND p.id = m.payment_id
        AND p.role IN ('money', 'refund')
    JOIN asked AS a
        ON m.paid_on > a.as_of
        AND m.paid_on <= a.today
    GROUP BY CAST(FLOOR((DATE_DIFF('day', a.as_of, m.paid_on) - 1) / 7) AS INTEGER), f.currency
),
weeks_of AS (
    SELECT
        COALESCE(e.week, c.week) AS week,
        COALESCE(e.currency, c.currency) AS currency,
        COALESCE(e.amount, 0) AS expected,
        COALESCE(c.amount, 0) AS came
    FROM expected AS e
    FULL JOIN came AS c
        ON c.week = e.week
        AND c.currency = e.currency
),
totals AS (
    SELECT
        w.currency,
        SUM(w.expected) AS expected,
        SUM(w.came) AS came,
        SUM(ABS(w.expected - w.came)) AS apart
    FROM weeks_of AS w
    GROUP BY w.currency
)
SELECT a.as_of + w.week * 7 + 1 AS period_start, a.as_of + w.week * 7 + 7 AS period_end, 'week' AS dimension, 'expected' AS key,
    w.currency, w.expected AS value, 'money' AS unit
FROM weeks_of AS w
CROSS JOIN asked AS a
UNION ALL
SELECT a.as_of + w.week * 7 + 1, a.as_of + w.week * 7 + 7, 'week', 'came', w.currency, w.came, 'money'
FROM weeks_of AS w
CROSS JOIN asked AS a
UNION ALL
SELECT a.as_of + 1, a.today, 'back_test', 'expected', t.currency, t.expected, 'money'
FROM totals AS t
CROSS JOIN asked AS a
UNION ALL
SELECT a.as_of + 1, a.today, 'back_test', 'came', t.currency, t.came, 'money'
FROM totals AS t
CROSS JOIN asked AS a
UNION ALL
SELECT a.as_of + 1, a.today, 'back_test', 'error', t.currency, CAST(t.apart / t.came AS DECIMAL(18, 4)), 'share'
FROM totals AS t
CROSS JOIN asked AS a
WHERE t.came > 0
UNION ALL
SELECT a.as_of + 1, a.today, 'back_test', 'bias', t.currency, CAST((t.expected - t.came) / t.came AS DECIMAL(18, 4)), 'share'
FROM totals AS t
CROSS JOIN asked AS a
WHERE t.came > 0
