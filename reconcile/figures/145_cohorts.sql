-- title:   Sales by the month they were won, and what became of them
-- formula: amount of deals won in a month; what of it was invoiced (key invoiced_N), and settled (paid_N), until the end of
--          the Nth month after it; both at most the deal's amount, in its own measure, with or without tax
-- reads:   deals, deal_summary, deal_invoices, invoice_summary, receivable_events, settings
-- why:     Whether newer sales become invoices and money sooner than older ones did. Deals invoiced in another currency are
--          left out; what was written off is not paid.
WITH deal AS (
    SELECT
        d.vendor,
        d.id,
        d.currency,
        d.amount,
        d.won_on,
        s.basis,
        CAST(DATE_TRUNC('month', d.won_on) AS DATE) AS cohort
    FROM deals AS d
    JOIN deal_summary AS s
        ON s.vendor = d.vendor
        AND s.id = d.id
    CROSS JOIN settings AS o
    WHERE d.status = 'won'
    AND d.amount > 0
    AND d.won_on BETWEEN CAST(DATE_TRUNC('month', o.today) - INTERVAL 12 MONTH AS DATE) AND o.today
    AND s.remaining IS NOT NULL
),
billed AS (
    SELECT
        a.vendor,
        a.id,
        a.won_on,
        b.issued_on,
        b.kind,
        b.state,
        b.invoice_vendor,
        b.invoice_id,
        CASE WHEN a.basis = 'gross' THEN b.gross ELSE b.net END AS amount
    FROM deal AS a
    JOIN deal_invoices AS b
        ON b.deal_vendor = a.vendor
        AND b.deal_id = a.id
        AND b.is_counted
),
changes AS (
    SELECT b.vendor, b.id, b.won_on, COALESCE(b.issued_on, b.won_on) AS on_day, b.amount AS invoiced,
        CAST(0 AS DECIMAL(18, 4)) AS paid
    FROM billed AS b
    UNION ALL
    -- an event is in what the invoice asks for, tax included: the deal's part of it in the deal's own measure
    SELECT b.vendor, b.id, b.won_on, e.on_day, CAST(0 AS DECIMAL(18, 4)),
        CAST(-CAST(e.amount AS DECIMAL(20, 4)) * CAST(b.amount / (i.owed - i.credited) AS DECIMAL(18, 8)) AS DECIMAL(18, 4))
    FROM billed AS b
    JOIN invoice_summary AS i
        ON i.vendor = b.invoice_vendor
        AND i.id = b.invoice_id
        AND i.owed > i.credited
    JOIN receivable_events AS e
        ON e.vendor = b.invoice_vendor
        AND e.id = b.invoice_id
        AND e.what IN ('paid', 'settled')
    WHERE b.kind <> 'credit_note'
    AND (b.state <> 'uncollectible' OR e.what = 'paid')
),
monthly AS (
    SELECT
        c.vendor,
        c.id,
        GREATEST(0, DATE_DIFF('month', c.won_on, c.on_day)) AS months,
        SUM(c.invoiced) AS invoiced,
        SUM(c.paid) AS paid
    FROM changes AS c
    CROSS JOIN settings AS s
    WHERE c.on_day <= s.today
    GROUP BY c.vendor, c.id, GREATEST(0, DATE_DIFF('month', c.won_on, c.on_day))
),
-- up to the end of a month, and up to the one before it
reached AS (
    SELECT
        m.vendor,
        m.id,
        m.months,
        SUM(m.invoiced) OVER w AS invoiced,
        SUM(m.paid) OVER w AS paid,
        SUM(m.invoiced) OVER w - m.invoiced AS invoiced_before,
        SUM(m.paid) OVER w - m.paid AS paid_before
    FROM monthly AS m
    WINDOW w AS (
        PARTITION BY m.vendor, m.id ORDER BY m.months ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    )
),
steps AS (
    SELECT
        a.cohort,
        a.currency,
        r.months,
        GREATEST(0, LEAST(a.amount, r.invoiced)) - GREATEST(0, LEAST(a.amount, r.invoiced_before)) AS invoiced,
        GREATEST(0, LEAST(a.amount, r.invoiced, r.paid))
            - GREATEST(0, LEAST(a.amount, r.invoiced_before, r.paid_before)) AS paid
    FROM reached AS r
    JOIN deal AS a
        ON a.vendor = r.vendor
        AND a.id = r.id
),
summed AS (
    SELECT t.cohort, t.currency, t.months, SUM(t.invoiced) AS invoiced, SUM(t.paid) AS paid
    FROM steps AS t
    GROUP BY t.cohort, t.currency, t.months
),
won AS (
    SELECT a.cohort, a.currency, SUM(a.amount) AS amount
    FROM deal AS a
    WHERE a.currency IS NOT NULL
    GROUP BY a.cohort, a.currency
),
after AS (
    SELECT UNNEST(GENERATE_SERIES(0, 12)) AS months
),
cells AS (
    SELECT
        w.cohort,
        w.currency,
        k.months,
        COALESCE(SUM(u.invoiced), 0) AS invoiced,
        COALESCE(SUM(u.paid), 0) AS paid
    FROM won AS w
    CROSS JOIN settings AS s
    JOIN after AS k
        ON k.months <= DATE_DIFF('month', w.cohort, s.today)
    LEFT JOIN summed AS u
        ON u.cohort = w.cohort
        AND u.currency = w.currency
        AND u.months <= k.months
    GROUP BY w.cohort, w.currency, k.months
),
named AS (
    SELECT w.cohort, w.currency, 'won' AS key, w.amount AS value FROM won AS w
    UNION ALL
    SELECT c.cohort, c.currency, CONCAT('invoiced_', CAST(c.months AS VARCHAR)), c.invoiced FROM cells AS c
    UNION ALL
    SELECT c.cohort, c.currency, CONCAT('paid_', CAST(c.months AS VARCHAR)), c.paid FROM cells AS c
)
SELECT n.cohort AS period_start, LEAST(LAST_DAY(n.cohort), s.today) AS period_end, 'month' AS dimension, n.key, n.currency,
    n.value, 'money' AS unit
FROM named AS n
CROSS JOIN settings AS s
