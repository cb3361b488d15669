-- title: What is invoiced again and again: deals and customers with a rhythm, and when it was last kept
-- reads: deals, deal_summary, deal_invoices, invoice_summary
-- key:   subject, vendor, id, currency, amount, period
-- why:   A deal sold as recurring, or a customer to whom billing sends recurring invoices (or the same invoice for four
--        months running, without a deal). Each invoice belongs to the period whose day it is nearest to: one of 31
--        January, 28 February and 31 March each, and one that goes out a day late stays in its month. An amount that
--        another takes the place of in the next period has ended: the price changed.
-- columns:
--   subject: deals or customers
--   vendor: its vendor
--   id: the deal or customer
--   currency: ISO 4217 currency
--   amount: gross of one period; 0 on deals, whose periods may differ
--   period: months since the year 0 of the period invoiced
--   next_period: the period invoiced next; empty at the last
--   step: months from one period to the next
--   anchor: day of the month on which it is invoiced
--   gross: what was invoiced in the period
--   last_on: day it was issued
--   is_sold: the deal's amount is not invoiced in full yet, so more is owed than a habit
WITH issued AS (
    SELECT 'deals' AS subject, d.vendor, d.id, b.currency, CAST(0 AS DECIMAL(18, 4)) AS amount, b.gross, b.issued_on,
        m.verdict = 'part' AS is_sold, TRUE AS is_declared
    FROM deals AS d
    JOIN deal_summary AS m
        ON m.vendor = d.vendor
        AND m.id = d.id
    JOIN deal_invoices AS b
        ON b.deal_vendor = d.vendor
        AND b.deal_id = d.id
    WHERE d.billing = 'recurring'
    AND d.status = 'won'
    AND b.is_counted
    AND b.kind NOT IN ('credit_note', 'deposit')
    AND b.issued_on IS NOT NULL
    UNION ALL
    SELECT 'customers', m.vendor, m.customer_id, m.currency, m.gross, m.gross, m.issued_on, FALSE, m.kind = 'recurring'
    FROM invoice_summary AS m
    WHERE m.is_counted
    AND m.kind IN ('invoice', 'recurring')
    AND m.deal_count = 0
    AND m.customer_id IS NOT NULL
    AND m.issued_on IS NOT NULL
    AND m.owed > 0
),
streams AS (
    SELECT
        i.subject,
        i.vendor,
        i.id,
        i.currency,
        i.amount,
        CAST(MEDIAN(EXTRACT(DAY FROM i.issued_on)) AS INTEGER) AS anchor,
        MIN(CASE WHEN i.is_declared THEN 1 ELSE 0 END) AS is_declared
    FROM issued AS i
    GROUP BY i.subject, i.vendor, i.id, i.currency, i.amount
    HAVING COUNT(*) >= 2
),
dated AS (
    SELECT
        t.*,
        i.gross,
        i.issued_on,
        i.is_sold,
        EXTRACT(YEAR FROM i.issued_on - t.anchor + 15) * 12 + EXTRACT(MONTH FROM i.issued_on - t.anchor + 15) AS period
    FROM streams AS t
    JOIN issued AS i
        ON i.subject = t.subject
        AND i.vendor = t.vendor
        AND i.id = t.id
        AND i.currency = t.currency
        AND i.amount = t.amount
),
periods AS (
    SELECT d.subject, d.vendor, d.id, d.currency, d.amount, d.anchor, d.is_declared, d.period,
        SUM(d.gross) AS gross, MAX(d.issued_on) AS last_on, MAX(CASE WHEN d.is_sold THEN 1 ELSE 0 END) = 1 AS is_sold
    FROM dated AS d
    GROUP BY d.subject, d.vendor, d.id, d.currency, d.amount, d.anchor, d.is_declared, d.period
),
followed AS (
    SELECT
        p.*,
        LEAD(p.period) OVER (PARTITION BY p.subject, p.vendor, p.id, p.currency, p.amount ORDER BY p.period) AS next_period
    FROM periods AS p
),
measured AS (
    SELECT
        f.subject,
        f.vendor,
        f.id,
        f.currency,
        f.amount,
        CAST(MEDIAN(f.next_period - f.period) AS INTEGER) AS step,
        COUNT(*) AS periods,
        SUM(CASE WHEN f.next_period = f.period + 1 THEN 1 ELSE 0 END) AS monthly
    FROM followed AS f
    GROUP BY f.subject, f.vendor, f.id, f.currency, f.amount
),
begun AS (
    SELECT i.vendor, i.id, i.currency, i.amount, MIN(i.issued_on) AS first_on,
        MIN(CASE WHEN i.is_declared THEN 1 ELSE 0 END) AS is_declared
    FROM issued AS i
    WHERE i.subject = 'customers'
    GROUP BY i.vendor, i.id, i.currency, i.amount
),
-- the price changed: where one amount ends, another of the same customer begins with the next period
renewed AS (
    SELECT DISTINCT f.vendor, f.id, f.currency, f.amount
    FROM followed AS f
    JOIN measured AS m
        ON m.subject = f.subject
        AND m.vendor = f.vendor
        AND m.id = f.id
        AND m.currency = f.currency
        AND m.amount = f.amount
    JOIN begun AS b
        ON b.vendor = f.vendor
        AND b.id = f.id
        AND b.currency = f.currency
        AND b.is_declared = f.is_declared
        AND b.amount <> f.amount
        AND b.amount > f.amount / 2
        AND b.amount < f.amount * 2
    WHERE f.subject = 'customers'
    AND f.next_period IS NULL
    AND EXTRACT(YEAR FROM b.first_on - f.anchor + 15) * 12 + EXTRACT(MONTH FROM b.first_on - f.anchor + 15) = f.period + m.step
)
SELECT
    f.subject,
    f.vendor,
    f.id,
    f.currency,
    f.amount,
    CAST(f.period AS INTEGER) AS period,
    CAST(f.next_period AS INTEGER) AS next_period,
    m.step,
    f.anchor,
    CAST(f.gross AS DECIMAL(18, 4)) AS gross,
    f.last_on,
    f.is_sold
FROM followed AS f
JOIN measured AS m
    ON m.subject = f.subject
    AND m.vendor = f.vendor
    AND m.id = f.id
    AND m.currency = f.currency
    AND m.amount = f.amount
LEFT JOIN renewed AS n
    ON f.subject = 'customers'
    AND f.next_period IS NULL
    AND n.vendor = f.vendor
    AND n.id = f.id
    AND n.currency = f.currency
    AND n.amount = f.amount
WHERE m.step IN (1, 2, 3, 6, 12)
AND n.id IS NULL
AND (
    (f.is_declared = 1 AND m.periods >= CASE WHEN f.subject = 'deals' THEN 2 ELSE 3 END)
    OR m.monthly >= 3
)
