-- title: Every change of what an invoice still owes, with its day
-- reads: invoices, invoice_summary, allocated_money, settings
-- key:   vendor, id, on_day, what
-- why:   Summed up to a day they give the receivables of that day; over all days, exactly the open amount of today.
--        What billing says was settled without a payment we know goes to the day it says.
WITH counted AS (
    SELECT i.*, COALESCE(i.issued_on, i.due_on, s.today) AS from_on
    FROM invoice_summary AS i
    CROSS JOIN settings AS s
    WHERE i.is_counted
    AND i.kind <> 'credit_note'
),
known AS (
    SELECT i.vendor, i.id, i.from_on AS on_day, 'issued' AS what, i.owed - i.credited AS amount
    FROM counted AS i
    UNION ALL
    SELECT i.vendor, i.id, COALESCE(c.issued_on, i.from_on), 'credited', COALESCE(c.gross, c.net + COALESCE(c.tax, 0))
    FROM counted AS i
    JOIN invoices AS c
        ON c.vendor = i.vendor
        AND c.corrects_id = i.id
        AND c.kind = 'credit_note'
        AND COALESCE(c.status, 'issued') NOT IN ('draft', 'void')
    UNION ALL
    SELECT i.vendor, i.id, COALESCE(m.paid_on, i.paid_on, i.from_on), 'paid', -m.amount
    FROM counted AS i
    JOIN allocated_money AS m
        ON m.invoice_vendor = i.vendor
        AND m.invoice_id = i.id
),
total AS (
    SELECT k.vendor, k.id, SUM(k.amount) AS amount
    FROM known AS k
    GROUP BY k.vendor, k.id
),
complete AS (
    SELECT k.vendor, k.id, k.on_day, k.what, k.amount
    FROM known AS k
    UNION ALL
    SELECT i.vendor, i.id, COALESCE(i.paid_on, i.due_on, i.from_on), 'settled', i.open_amount - t.amount
    FROM counted AS i
    JOIN total AS t
        ON t.vendor = i.vendor
        AND t.id = i.id
    WHERE i.open_amount <> t.amount
)
SELECT
    e.vendor,
    e.id,
    i.currency,
    LEAST(e.on_day, s.today) AS on_day,
    e.what,
    CAST(e.amount AS DECIMAL(18, 4)) AS amount,
    i.due_on
FROM complete AS e
JOIN counted AS i
    ON i.vendor = e.vendor
    AND i.id = e.id
CROSS JOIN settings AS s
