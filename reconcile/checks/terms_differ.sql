-- title:    Due date is not the customer's terms
-- severity: low
-- reads:    invoices, invoice_summary, customers, customer_pairs, deal_links, deals, settings
-- action:
-- why:      Agreed were other days to pay than the invoice gives: money comes later than it could, or the reminder comes too early.
--           Asked of what is still open. What was agreed on the deal goes before what the customer has; the end of the month is as
--           good as the day, and a deposit may be due at once.
WITH open_ones AS (
    SELECT i.vendor, i.id, i.number, i.customer_id, i.customer_name, i.currency, i.issued_on, i.due_on,
        m.gross AS amount
    FROM invoices AS i
    JOIN invoice_summary AS m
        ON m.vendor = i.vendor
        AND m.id = i.id
    WHERE m.state IN ('waiting', 'sent', 'partly_paid', 'overdue')
    AND m.kind IN ('invoice', 'final', 'recurring')
    AND i.issued_on IS NOT NULL
    AND i.due_on IS NOT NULL
),
on_deals AS (
    SELECT o.vendor, o.id, MIN(d.payment_terms_days) AS least, MAX(d.payment_terms_days) AS most
    FROM open_ones AS o
    JOIN deal_links AS l
        ON l.invoice_vendor = o.vendor
        AND l.invoice_id = o.id
    JOIN deals AS d
        ON d.vendor = l.deal_vendor
        AND d.id = l.deal_id
    WHERE d.payment_terms_days IS NOT NULL
    GROUP BY o.vendor, o.id
),
-- the records of both systems; where they disagree either is right
said AS (
    SELECT c.vendor, c.id, c.payment_terms_days AS days
    FROM customers AS c
    WHERE c.payment_terms_days IS NOT NULL
    UNION ALL
    SELECT k.billing_vendor, k.billing_id, c.payment_terms_days
    FROM customer_pairs AS k
    JOIN customers AS c
        ON c.vendor = k.crm_vendor
        AND c.id = k.crm_id
    WHERE c.payment_terms_days IS NOT NULL
),
on_customers AS (
    SELECT x.vendor, x.id, MIN(x.days) AS least, MAX(x.days) AS most
    FROM said AS x
    GROUP BY x.vendor, x.id
),
agreed AS (
    SELECT o.*, COALESCE(d.least, c.least) AS least, COALESCE(d.most, c.most) AS most
    FROM open_ones AS o
    LEFT JOIN on_deals AS d
        ON d.vendor = o.vendor
        AND d.id = o.id
    LEFT JOIN on_customers AS c
        ON c.vendor = o.vendor
        AND c.id = o.customer_id
    WHERE COALESCE(d.least, c.least) IS NOT NULL
)
SELECT
    'invoices' AS subject,
    a.vendor,
    a.id,
    a.amount,
    a.currency,
    a.issued_on AS since,
    COALESCE(a.number || ' ', '') || COALESCE(a.customer_name, '') AS detail,
    [
        {'code': 'payment_terms_days', 'agrees': FALSE, 'left': CAST(a.most AS VARCHAR),
         'right': CAST(DATE_DIFF('day', a.issued_on, a.due_on) AS VARCHAR)},
        {'code': 'due_date', 'agrees': FALSE, 'left': CAST(a.issued_on + CAST(a.most AS INTEGER) AS VARCHAR),
         'right': CAST(a.due_on AS VARCHAR)}
    ] AS evidence
FROM agreed AS a
CROSS JOIN settings AS s
WHERE a.due_on < a.issued_on + CAST(a.least AS INTEGER) - s.terms_tolerance_days
OR a.due_on > LAST_DAY(a.issued_on + CAST(a.most AS INTEGER)) + s.terms_tolerance_days
OR (
    a.due_on > a.issued_on + CAST(a.most AS INTEGER) + s.terms_tolerance_days
    AND a.due_on <> LAST_DAY(a.due_on)
)
