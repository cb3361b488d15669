-- title: How each customer pays: days late and days taken, over the invoices paid in the two years before a day
-- reads: invoice_summary, customer_heads, settings
-- key:   as_of, vendor, id
-- why:   As of today it says whom to remind and what to expect; as of 13 weeks ago what could have been expected then. The
--        row without a customer is everybody together.
-- columns:
--   as_of: today, or 13 weeks ago
--   vendor: vendor of the record that stands for the customer; empty for everybody
--   id: that record; empty for everybody
--   invoices: invoices paid
--   late: of them, paid after the due date
--   share_late: late / invoices that have a due date
--   days_late: median days from the due date to the last payment; negative if early
--   days_late_slow: three of four come sooner
--   days_late_slowest: nine of ten come sooner
--   spread: days between the quarter that pays first and the quarter that pays last
--   days_to_pay: median days from issue to the last payment
WITH days AS (
    SELECT s.today AS as_of FROM settings AS s
    UNION ALL
    SELECT s.today - 91 AS as_of FROM settings AS s
),
paid AS (
    SELECT
        y.as_of,
        COALESCE(h.head_vendor, i.vendor) AS vendor,
        COALESCE(h.head_id, i.customer_id, i.customer_name) AS id,
        DATE_DIFF('day', i.due_on, i.paid_on) AS late,
        DATE_DIFF('day', i.issued_on, i.paid_on) AS taken
    FROM invoice_summary AS i
    JOIN days AS y
        ON i.paid_on <= y.as_of
        AND i.paid_on > y.as_of - 730
    LEFT JOIN customer_heads AS h
        ON h.vendor = i.vendor
        AND h.id = i.customer_id
    WHERE i.state = 'paid'
    AND i.gross > 0
    AND i.issued_on IS NOT NULL
),
everybody AS (
    SELECT p.as_of, p.vendor, p.id, p.late, p.taken FROM paid AS p
    UNION ALL
    SELECT p.as_of, '' AS vendor, '' AS id, p.late, p.taken FROM paid AS p
),
habits AS (
    SELECT
        e.as_of,
        e.vendor,
        e.id,
        COUNT(*) AS invoices,
        COUNT(CASE WHEN e.late > 0 THEN 1 END) AS late,
        COUNT(e.late) AS with_due_date,
        QUANTILE_CONT(e.late, [0.25, 0.5, 0.75, 0.9]) AS days_late, -- sorted once for all four
        QUANTILE_CONT(e.taken, 0.5) AS days_to_pay
    FROM everybody AS e
    WHERE e.id IS NOT NULL
    GROUP BY e.as_of, e.vendor, e.id
)
SELECT
    h.as_of,
    h.vendor,
    h.id,
    h.invoices,
    h.late,
    CAST(h.late / NULLIF(h.with_due_date, 0) AS DECIMAL(5, 4)) AS share_late,
    CAST(ROUND(h.days_late[2]) AS INTEGER) AS days_late,
    CAST(ROUND(h.days_late[3]) AS INTEGER) AS days_late_slow,
    CAST(ROUND(h.days_late[4]) AS INTEGER) AS days_late_slowest,
    CAST(ROUND(h.days_late[3] - h.days_late[1]) AS INTEGER) AS spread,
    CAST(ROUND(h.days_to_pay) AS INTEGER) AS days_to_pay
FROM habits AS h
