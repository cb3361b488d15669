-- title: What lies between booked and billed, and between billed and cashed: every step of every document, with its days
-- reads: sales, deal_invoices, invoice_summary, allocated_money, payment_summary, findings, settings
-- key:   half, step, subject, vendor, id, from_on, to_on
-- why:   Of any period: won + steps of the first half = invoiced with tax, + steps of the second half = collected, to the
--        cent. An amount counts in the period that to_on is in, and is taken off in the one that from_on is in: what was
--        won in March and invoiced in April is less in March and more in April. All steps of a document on a day add up
--        to the document itself, whatever the period.
-- columns:
--   half: billed (from booked to billed) or cashed (from billed to cashed)
--   step: timing, vat, discount, credit_note, agreed and so on
--   from_on: day of the period it is missing in; empty if none
--   to_on: day of the period it is added in
--   currency: ISO 4217 currency of amount
--   amount: what the step adds in the period of to_on
--   subject: canonical table of the record that explains it
--   vendor: its vendor
--   id: its id
WITH flags AS (
    SELECT
        f.subject_table AS subject,
        f.subject_vendor AS vendor,
        f.subject_id AS id,
        MAX(CASE WHEN f.state <> 'agreed' THEN 1 ELSE 0 END) AS is_duplicate,
        MAX(CASE WHEN f.state = 'agreed' AND f."check" NOT IN ('overdue', 'partly_paid') THEN 1 ELSE 0 END) AS agreed,
        MAX(CASE WHEN f.state = 'agreed' AND f."check" IN ('overdue', 'partly_paid') THEN 1 ELSE 0 END) AS agreed_open
    FROM findings AS f
    WHERE (f."check" = 'duplicate_invoice' AND f.state <> 'fixed')
    -- an agreement about an address or a tax id explains no money
    OR (
        f.state = 'agreed'
        AND f."check" IN (
            'won_not_invoiced', 'partly_invoiced', 'over_invoiced', 'amount_differs', 'currency_differs', 'vat_differs',
            'invoice_without_deal', 'payment_without_invoice', 'overdue', 'partly_paid'
        )
    )
    GROUP BY f.subject_table, f.subject_vendor, f.subject_id
),
-- a deal and an invoice of it, measured as the deal is: with tax or without
pairs AS (
    SELECT
        b.deal_vendor,
        b.deal_id,
        b.invoice_vendor,
        b.invoice_id,
        d.on_day AS won_on,
        b.issued_on,
        b.currency,
        d.amount AS worth,
        COALESCE(CASE WHEN d.basis = 'gross' THEN b.gross ELSE b.net END, b.gross, 0) AS amount,
        COALESCE(b.gross, b.net, 0) AS gross,
        d.invoices,
        d.is_rounded,
        b.kind = 'recurring' OR d.is_recurring AS is_recurring,
        CASE
            WHEN COALESCE(d.status, '') <> 'won' THEN 'not_won'
            WHEN b.currency IS DISTINCT FROM d.currency THEN 'currency'
            WHEN b.kind = 'credit_note' THEN 'credit_note'
            ELSE ''
        END AS aside
    FROM deal_invoices AS b
    JOIN sales AS d
        ON d.vendor = b.deal_vendor
        AND d.id = b.deal_id
    WHERE b.is_counted
),
-- in the order of issue each invoice takes of the deal what is left of it; only several have to be put in order
placed AS (
    SELECT p.*, CAST(0 AS DECIMAL(18, 4)) AS taken, TRUE AS is_last
    FROM pairs AS p
    WHERE p.aside = ''
    AND p.invoices = 1
    UNION ALL
    SELECT
        p.*,
        COALESCE(SUM(p.amount) OVER (w ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS taken,
        LEAD(p.invoice_id) OVER w IS NULL AS is_last
    FROM pairs AS p
    WHERE p.aside = ''
    AND p.invoices <> 1
    WINDOW w AS (
        PARTITION BY p.deal_vendor, p.deal_id ORDER BY p.issued_on NULLS LAST, p.invoice_vendor, p.invoice_id
    )
),
carried AS (
    SELECT p.*, CAST(LEAST(p.amount, GREATEST(0, p.worth - p.taken)) AS DECIMAL(18, 4)) AS part
    FROM placed AS p
),
carried_sums AS (
    SELECT c.deal_vendor, c.deal_id, SUM(c.part) AS part
    FROM carried AS c
    GROUP BY c.deal_vendor, c.deal_id
),
credited_deals AS (
    SELECT DISTINCT p.deal_vendor, p.deal_id FROM pairs AS p WHERE p.aside = 'credit_note'
),
-- what no invoice took; where the deal is taken for invoiced in full, its last invoice was lower: a discount
left_over AS (
    SELECT
        d.vendor,
        d.id,
        d.on_day AS won_on,
        d.currency,
        d.verdict,
        d.amount - COALESCE(c.part, 0) AS amount,
        c.deal_id IS NOT NULL AND d.verdict IN ('agrees', 'differs') AS is_discount
    FROM sales AS d
    LEFT JOIN carried_sums AS c
        ON c.deal_vendor = d.vendor
        AND c.deal_id = d.id
    WHERE d.status = 'won'
    AND d.amount <> COALESCE(c.part, 0)
),
lowered AS (
    SELECT c.*, l.amount AS lower
    FROM carried AS c
    JOIN left_over AS l
        ON l.vendor = c.deal_vendor
        AND l.id = c.deal_id
        AND l.is_discount
    WHERE c.is_last
),
billed_steps AS (
    SELECT 'timing' AS step, c.won_on AS from_on, c.issued_on AS to_on, c.currency, c.part AS amount,
        'invoices' AS subject, c.invoice_vendor AS vendor, c.invoice_id AS id
    FROM carried AS c
    UNION ALL
    SELECT 'timing', l.won_on, l.issued_on, l.currency, l.lower, 'invoices', l.invoice_vendor, l.invoice_id
    FROM lowered AS l
    UNION ALL
    SELECT
        CASE
            WHEN l.is_rounded OR ABS(l.lower) <= s.amount_tolerance THEN 'rounding'
            WHEN g.agreed = 1 THEN 'agreed'
            ELSE 'discount'
        END,
        NULL, l.issued_on, l.currency, -l.lower, 'invoices', l.invoice_vendor, l.invoice_id
    FROM lowered AS l
    CROSS JOIN settings AS s
    LEFT JOIN flags AS g
        ON g.subject = 'deals'
        AND g.vendor = l.deal_vendor
        AND g.id = l.deal_id
    UNION ALL
    SELECT
        CASE
            WHEN c.is_rounded OR ABS(c.amount - c.part) <= s.amount_tolerance THEN 'rounding'
            WHEN f.is_duplicate = 1 THEN 'duplicate'
            WHEN f.agreed = 1 OR g.agreed = 1 THEN 'agreed'
            WHEN n.deal_id IS NOT NULL THEN 'credit_note'
            WHEN c.is_recurring THEN 'recurring'
            ELSE 'over'
        END,
        NULL, c.issued_on, c.currency, c.amount - c.part, 'invoices', c.invoice_vendor, c.invoice_id
    FROM carried AS c
    CROSS JOIN settings AS s
    LEFT JOIN flags AS f
        ON f.subject = 'invoices'
        AND f.vendor = c.invoice_vendor
        AND f.id = c.invoice_id
    LEFT JOIN flags AS g
        ON g.subject = 'deals'
        AND g.vendor = c.deal_vendor
        AND g.id = c.deal_id
    LEFT JOIN credited_deals AS n
        ON n.deal_vendor = c.deal_vendor
        AND n.deal_id = c.deal_id
    WHERE c.amount <> c.part
    UNION ALL
    SELECT p.aside, NULL, p.issued_on, p.currency, p.amount, 'invoices', p.invoice_vendor, p.invoice_id
    FROM pairs AS p
    WHERE p.aside <> ''
    UNION ALL
    SELECT 'vat', NULL, p.issued_on, p.currency, p.gross - p.amount, 'invoices', p.invoice_vendor, p.invoice_id
    FROM pairs AS p
    WHERE p.gross <> p.amount
    UNION ALL
    SELECT
        CASE
            WHEN f.agreed = 1 THEN 'agreed'
            WHEN l.verdict = 'currency' THEN 'currency'
            WHEN ABS(l.amount) <= s.amount_tolerance THEN 'rounding'
            WHEN l.verdict IN ('none', 'drafted') THEN 'not_invoiced'
            ELSE 'partly_invoiced'
        END,
        NULL, l.won_on, l.currency, -l.amount, 'deals', l.vendor, l.id
    FROM left_over AS l
    CROSS JOIN settings AS s
    LEFT JOIN flags AS f
        ON f.subject = 'deals'
        AND f.vendor = l.vendor
        AND f.id = l.id
    WHERE NOT l.is_discount
),
tied AS (
    SELECT p.invoice_vendor, p.invoice_id, SUM(p.gross) AS gross
    FROM pairs AS p
    GROUP BY p.invoice_vendor, p.invoice_id
),
-- invoices of no deal, and the ten-thousandths that sharing one over several deals leaves
alone AS (
    SELECT
        i.vendor,
        i.id,
        i.kind,
        i.issued_on,
        i.currency,
        t.invoice_id IS NOT NULL AS is_tied,
        COALESCE(i.gross, 0) - COALESCE(t.gross, 0) AS gross,
        CASE WHEN t.invoice_id IS NULL THEN COALESCE(i.net, i.gross, 0) ELSE i.gross - t.gross END AS net
    FROM invoice_summary AS i
    LEFT JOIN tied AS t
        ON t.invoice_vendor = i.vendor
        AND t.invoice_id = i.id
    WHERE i.is_counted
    AND COALESCE(i.gross, 0) <> COALESCE(t.gross, 0)
),
alone_steps AS (
    SELECT
        CASE
            WHEN a.is_tied THEN 'rounding'
            WHEN a.kind = 'credit_note' THEN 'credit_note'
            WHEN f.is_duplicate = 1 THEN 'duplicate'
            WHEN f.agreed = 1 THEN 'agreed'
            ELSE 'unmatched'
        END AS step,
        a.issued_on AS to_on, a.currency, a.net AS amount, a.vendor, a.id
    FROM alone AS a
    LEFT JOIN flags AS f
        ON f.subject = 'invoices'
        AND f.vendor = a.vendor
        AND f.id = a.id
    UNION ALL
    SELECT 'vat', a.issued_on, a.currency, a.gross - a.net, a.vendor, a.id
    FROM alone AS a
    WHERE a.gross <> a.net
),
-- money that came, or went back, for an invoice that stands; what billing was only told of is not cash
settled AS (
    SELECT
        m.payment_vendor,
        m.payment_id,
        m.invoice_vendor,
        m.invoice_id,
        i.issued_on,
        p.paid_on,
        i.currency,
        i.currency IS DISTINCT FROM p.currency AS is_foreign,
        m.amount
    FROM allocated_money AS m
    JOIN payment_summary AS p
        ON p.vendor = m.payment_vendor
        AND p.id = m.payment_id
        AND p.role IN ('money', 'refund')
    JOIN invoice_summary AS i
        ON i.vendor = m.invoice_vendor
        AND i.id = m.invoice_id
        AND i.is_counted
        AND i.kind <> 'credit_note'
    WHERE m.amount <> 0
),
settled_sums AS (
    SELECT s.invoice_vendor, s.invoice_id, SUM(s.amount) AS amount
    FROM settled AS s
    GROUP BY s.invoice_vendor, s.invoice_id
),
given AS (
    SELECT
        s.payment_vendor,
        s.payment_id,
        SUM(CASE WHEN s.is_foreign THEN 0 ELSE s.amount END) AS amount,
        COUNT(CASE WHEN s.is_foreign THEN 1 END) AS foreign_ones
    FROM settled AS s
    GROUP BY s.payment_vendor, s.payment_id
),
standing AS (
    SELECT
        i.*,
        COALESCE(i.gross, 0) AS billed,
        COALESCE(a.amount, 0) AS came,
        COALESCE(i.gross, 0) + i.credited - COALESCE(i.owed, 0) AS withheld,
        COALESCE(i.owed, 0) - COALESCE(a.amount, 0) - COALESCE(i.open_amount, 0) AS otherwise,
        GREATEST(
            s.amount_tolerance,
            LEAST(s.fee_tolerance, CAST(CAST(i.owed AS DECIMAL(20, 4)) * s.fee_tolerance_rate AS DECIMAL(18, 4)))
        ) AS may_lack,
        s.amount_tolerance,
        s.today
    FROM invoice_summary AS i
    LEFT JOIN settled_sums AS a
        ON a.invoice_vendor = i.vendor
        AND a.invoice_id = i.id
    CROSS JOIN settings AS s
    WHERE i.is_counted
    AND i.kind <> 'credit_note'
),
cashed_steps AS (
    SELECT 'timing' AS step, s.issued_on AS from_on, s.paid_on AS to_on, s.currency, s.amount, 'invoices' AS subject,
        s.invoice_vendor AS vendor, s.invoice_id AS id
    FROM settled AS s
    UNION ALL
    SELECT 'currency', NULL, s.paid_on, s.currency, -s.amount, 'invoices', s.invoice_vendor, s.invoice_id
    FROM settled AS s
    WHERE s.is_foreign
    UNION ALL
    SELECT 'withheld', NULL, t.issued_on, t.currency, -t.withheld, 'invoices', t.vendor, t.id
    FROM standing AS t
    WHERE t.withheld <> 0
    UNION ALL
    SELECT 'credit_note', NULL, t.issued_on, t.currency, t.credited, 'invoices', t.vendor, t.id
    FROM standing AS t
    WHERE t.credited <> 0
    UNION ALL
    SELECT 'credit_note', NULL, i.issued_on, i.currency, -COALESCE(i.gross, 0), 'invoices', i.vendor, i.id
    FROM invoice_summary AS i
    WHERE i.is_counted
    AND i.kind = 'credit_note'
    AND i.gross <> 0
    UNION ALL
    SELECT
        CASE
            WHEN f.is_duplicate = 1 THEN 'duplicate'
            WHEN f.agreed_open = 1 THEN 'agreed'
            WHEN t.came > t.amount_tolerance THEN 'partial'
            WHEN t.due_on < t.today THEN 'overdue'
            ELSE 'not_due'
        END,
        NULL, t.issued_on, t.currency, -t.open_amount, 'invoices', t.vendor, t.id
    FROM standing AS t
    LEFT JOIN flags AS f
        ON f.subject = 'invoices'
        AND f.vendor = t.vendor
        AND f.id = t.id
    WHERE t.open_amount <> 0
    UNION ALL
    SELECT
        CASE
            WHEN ABS(t.otherwise) <= t.amount_tolerance THEN 'rounding'
            WHEN t.otherwise < 0 THEN 'overpaid'
            WHEN t.status = 'uncollectible' THEN 'written_off'
            WHEN t.came <= 0 THEN 'told'
            WHEN t.otherwise <= t.may_lack THEN 'fee'
            ELSE 'discount'
        END,
        NULL, t.issued_on, t.currency, -t.otherwise, 'invoices', t.vendor, t.id
    FROM standing AS t
    WHERE t.otherwise <> 0
    UNION ALL
    SELECT
        CASE
            WHEN g.foreign_ones > 0 THEN 'currency'
            WHEN p.role = 'refund' THEN 'refund'
            WHEN f.agreed = 1 THEN 'agreed'
            WHEN p.collected < COALESCE(g.amount, 0) THEN 'fee'
            ELSE 'unmatched'
        END,
        NULL, p.paid_on, p.currency, p.collected - COALESCE(g.amount, 0), 'payments', p.vendor, p.id
    FROM payment_summary AS p
    LEFT JOIN given AS g
        ON g.payment_vendor = p.vendor
        AND g.payment_id = p.id
    LEFT JOIN flags AS f
        ON f.subject = 'payments'
        AND f.vendor = p.vendor
        AND f.id = p.id
    WHERE p.role IN ('money', 'refund')
    AND p.collected <> COALESCE(g.amount, 0)
)
SELECT 'billed' AS half, b.step, b.from_on, b.to_on, b.currency, CAST(b.amount AS DECIMAL(18, 4)) AS amount, b.subject, b.vendor, b.id
FROM billed_steps AS b
UNION ALL
SELECT 'billed', a.step, NULL, a.to_on, a.currency, CAST(a.amount AS DECIMAL(18, 4)), 'invoices', a.vendor, a.id
FROM alone_steps AS a
UNION ALL
SELECT 'cashed', c.step, c.from_on, c.to_on, c.currency, CAST(c.amount AS DECIMAL(18, 4)), c.subject, c.vendor, c.id
FROM cashed_steps AS c
