-- title: What is expected to come, by document: open invoices and won deals not invoiced, as of today and of 13 weeks ago
-- reads: receivable_events, invoice_summary, deal_invoices, customer_heads, sales, payment_behaviour, findings, settings
-- key:   as_of, subject, vendor, id
-- why:   An invoice is expected on its due date and the days this customer is usually late (three paid invoices say how
--        many; else everybody's do); if that day is past, on the day by which three of four come, then nine of ten; after
--        that on none. A won deal is expected to be invoiced when others were, with tax as usual for the customer, and
--        paid when this customer pays. As of 13 weeks ago it knows only what was known then: so the error is measured.
-- columns:
--   as_of: today, or 13 weeks ago
--   subject: invoices or deals
--   vendor: vendor of the document
--   id: the document
--   customer_vendor: vendor of the record that stands for the customer
--   customer_id: that record
--   currency: ISO 4217 currency of amount
--   amount: expected, tax included
--   expected_on: day; empty where habit says it should have come long ago
WITH days AS (
    SELECT s.today AS as_of FROM settings AS s
    UNION ALL
    SELECT s.today - 91 AS as_of FROM settings AS s
),
-- both days at once: what hangs on every event is looked through once
owed_then AS (
    SELECT
        e.vendor,
        e.id,
        SUM(CASE WHEN e.on_day <= s.today THEN e.amount ELSE 0 END) AS now_owed,
        SUM(CASE WHEN e.on_day <= s.today - 91 THEN e.amount ELSE 0 END) AS then_owed
    FROM receivable_events AS e
    CROSS JOIN settings AS s
    GROUP BY e.vendor, e.id
),
owed AS (
    SELECT s.today AS as_of, o.vendor, o.id, o.now_owed AS amount
    FROM owed_then AS o
    CROSS JOIN settings AS s
    WHERE o.now_owed > s.amount_tolerance
    UNION ALL
    SELECT s.today - 91, o.vendor, o.id, o.then_owed
    FROM owed_then AS o
    CROSS JOIN settings AS s
    WHERE o.then_owed > s.amount_tolerance
),
-- a customer's own habit, else everybody's
habits AS (
    SELECT
        b.as_of,
        b.vendor,
        b.id,
        COALESCE(b.days_late, a.days_late) AS days_late,
        COALESCE(b.days_late_slow, a.days_late_slow) AS days_late_slow,
        COALESCE(b.days_late_slowest, a.days_late_slowest) AS days_late_slowest,
        b.days_to_pay
    FROM payment_behaviour AS b
    JOIN payment_behaviour AS a
        ON a.as_of = b.as_of
        AND a.id = ''
    WHERE b.invoices >= 3
),
everybody AS (
    SELECT
        y.as_of,
        COALESCE(b.days_late, 0) AS days_late,
        COALESCE(b.days_late_slow, 0) AS days_late_slow,
        COALESCE(b.days_late_slowest, 0) AS days_late_slowest,
        COALESCE(b.days_to_pay, 30) AS days_to_pay
    FROM days AS y
    LEFT JOIN payment_behaviour AS b
        ON b.as_of = y.as_of
        AND b.id = ''
),
open_invoices AS (
    SELECT
        o.as_of,
        o.vendor,
        o.id,
        COALESCE(h.head_vendor, i.vendor) AS customer_vendor,
        COALESCE(h.head_id, i.customer_id, i.customer_name) AS customer_id,
        i.currency,
        o.amount,
        i.issued_on,
        i.due_on
    FROM owed AS o
    JOIN invoice_summary AS i
        ON i.vendor = o.vendor
        AND i.id = o.id
    LEFT JOIN customer_heads AS h
        ON h.vendor = i.vendor
        AND h.id = i.customer_id
),
invoice_days AS (
    SELECT
        o.*,
        COALESCE(o.due_on, o.issued_on + CAST(COALESCE(b.days_to_pay, e.days_to_pay) AS INTEGER), o.as_of) AS due,
        COALESCE(b.days_late, e.days_late) AS soon,
        COALESCE(b.days_late_slow, e.days_late_slow) AS slow,
        COALESCE(b.days_late_slowest, e.days_late_slowest) AS slowest
    FROM open_invoices AS o
    JOIN everybody AS e
        ON e.as_of = o.as_of
    LEFT JOIN habits AS b
        ON b.as_of = o.as_of
        AND b.vendor = o.customer_vendor
        AND b.id = o.customer_id
),
-- how long deals took to be invoiced, of those first invoiced in the two years before the day
taken AS (
    SELECT
        y.as_of,
        QUANTILE_CONT(d.days_to_invoice, [0.5, 0.75, 0.9]) AS days
    FROM days AS y
    LEFT JOIN sales AS d
        ON d.first_issued_on <= y.as_of
        AND d.first_issued_on > y.as_of - 730
        AND d.days_to_invoice IS NOT NULL
    GROUP BY y.as_of
),
invoicing AS (
    SELECT
        t.as_of,
        CAST(ROUND(COALESCE(t.days[1], 0)) AS INTEGER) AS soon,
        CAST(ROUND(COALESCE(t.days[2], 0)) AS INTEGER) AS slow,
        CAST(ROUND(COALESCE(t.days[3], 0)) AS INTEGER) AS slowest
    FROM taken AS t
),
taxed AS (
    SELECT
        COALESCE(h.head_vendor, i.vendor) AS vendor,
        COALESCE(h.head_id, i.customer_id) AS id,
        CAST(SUM(i.gross) / SUM(i.net) AS DECIMAL(18, 8)) AS factor
    FROM invoice_summary AS i
    LEFT JOIN customer_heads AS h
        ON h.vendor = i.vendor
        AND h.id = i.customer_id
    WHERE i.is_counted
    GROUP BY COALESCE(h.head_vendor, i.vendor), COALESCE(h.head_id, i.customer_id)
    HAVING SUM(i.net) > 0
    AND SUM(i.gross) >= SUM(i.net)
),
usual_tax AS (
    SELECT CAST(COALESCE(SUM(i.gross) / NULLIF(SUM(i.net), 0), 1) AS DECIMAL(18, 8)) AS factor
    FROM invoice_summary AS i
    WHERE i.is_counted
),
billed_then AS (
    SELECT
        b.deal_vendor AS vendor,
        b.deal_id AS id,
        SUM(CASE WHEN b.issued_on > o.today THEN 0 ELSE b.gross END) AS now_gross,
        SUM(CASE WHEN b.issued_on > o.today THEN 0 ELSE b.net END) AS now_net,
        SUM(CASE WHEN b.issued_on > o.today - 91 THEN 0 ELSE b.gross END) AS then_gross,
        SUM(CASE WHEN b.issued_on > o.today - 91 THEN 0 ELSE b.net END) AS then_net,
        MAX(b.issued_on) AS last_on
    FROM deal_invoices AS b
    CROSS JOIN settings AS o
    WHERE b.is_counted
    GROUP BY b.deal_vendor, b.deal_id
),
agreed AS (
    SELECT DISTINCT f.subject_vendor AS vendor, f.subject_id AS id
    FROM findings AS f
    WHERE f.subject_table = 'deals'
    AND f.state = 'agreed'
    AND f."check" IN ('won_not_invoiced', 'partly_invoiced')
),
-- what no later invoice billed is still to come only if the deal is not taken for invoiced in full
standing AS (
    SELECT
        d.vendor,
        d.id,
        d.on_day AS won_on,
        d.customer_vendor,
        d.customer_id,
        d.currency,
        d.basis,
        d.amount,
        COALESCE(CASE WHEN d.basis = 'gross' THEN b.now_gross ELSE b.now_net END, 0) AS now_billed,
        COALESCE(CASE WHEN d.basis = 'gross' THEN b.then_gross ELSE b.then_net END, 0) AS then_billed,
        d.verdict IN ('none', 'part', 'drafted') AS is_wanting,
        b.last_on,
        GREATEST(o.amount_tolerance, CAST(CAST(d.amount AS DECIMAL(20, 4)) * o.amount_tolerance_rate AS DECIMAL(18, 4))) AS tolerated
    FROM sales AS d
    CROSS JOIN settings AS o
    LEFT JOIN billed_then AS b
        ON b.vendor = d.vendor
        AND b.id = d.id
    WHERE d.status = 'won'
    AND NOT d.is_differing
    AND (b.last_on > o.today - 91 OR d.verdict IN ('none', 'part', 'drafted'))
),
left_then AS (
    SELECT t.*, o.today AS as_of, t.amount - t.now_billed AS rest
    FROM standing AS t
    CROSS JOIN settings AS o
    UNION ALL
    SELECT t.*, o.today - 91, t.amount - t.then_billed
    FROM standing AS t
    CROSS JOIN settings AS o
),
unbilled AS (
    SELECT t.as_of, t.vendor, t.id, t.won_on, t.customer_vendor, t.customer_id, t.currency, t.basis, t.rest AS amount
    FROM left_then AS t
    LEFT JOIN agreed AS a
        ON a.vendor = t.vendor
        AND a.id = t.id
    WHERE t.won_on <= t.as_of
    AND a.id IS NULL
    AND (t.last_on > t.as_of OR t.is_wanting)
    AND t.rest > t.tolerated
),
deal_days AS (
    SELECT
        u.as_of,
        u.vendor,
        u.id,
        u.customer_vendor,
        u.customer_id,
        u.currency,
        CAST(
            CASE
                WHEN u.basis = 'gross' THEN u.amount
                ELSE CAST(u.amount AS DECIMAL(20, 4)) * COALESCE(t.factor, x.factor)
            END AS DECIMAL(18, 4)
        ) AS amount,
        CASE
            WHEN u.won_on + n.soon >= u.as_of THEN u.won_on + n.soon
            WHEN u.won_on + n.slow >= u.as_of THEN u.won_on + n.slow
            WHEN u.won_on + n.slowest >= u.as_of THEN u.won_on + n.slowest
        END AS invoiced_on,
        CAST(COALESCE(b.days_to_pay, e.days_to_pay) AS INTEGER) AS days_to_pay
    FROM unbilled AS u
    JOIN invoicing AS n
        ON n.as_of = u.as_of
    JOIN everybody AS e
        ON e.as_of = u.as_of
    CROSS JOIN usual_tax AS x
    LEFT JOIN taxed AS t
        ON t.vendor = u.customer_vendor
        AND t.id = u.customer_id
    LEFT JOIN habits AS b
        ON b.as_of = u.as_of
        AND b.vendor = u.customer_vendor
        AND b.id = u.customer_id
)
SELECT
    i.as_of,
    'invoices' AS subject,
    i.vendor,
    i.id,
    i.customer_vendor,
    i.customer_id,
    i.currency,
    CAST(i.amount AS DECIMAL(18, 4)) AS amount,
    CASE
        WHEN i.due + i.soon >= i.as_of THEN i.due + i.soon
        WHEN i.due + i.slow >= i.as_of THEN i.due + i.slow
        WHEN i.due + i.slowest >= i.as_of THEN i.due + i.slowest
    END AS expected_on
FROM invoice_days AS i
UNION ALL
SELECT d.as_of, 'deals', d.vendor, d.id, d.customer_vendor, d.customer_id, d.currency, d.amount, d.invoiced_on + d.days_to_pay
FROM deal_days AS d
