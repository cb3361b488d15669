-- title: Every change of what an invoice still owes, with its day
-- reads: invoices, invoice_summary, allocated_money, settings
-- key:   vendor, id, on_day, what
-- why:   Summed up to a day they give the receivables of that day; over all days, exactly the open amount of today.
--        What billing says was settled without a payment we know goes to the day it says.
-- columns:
--   vendor: vendor of the invoice
--   id: the invoice
--   currency: ISO 4217 currency
--   on_day: day of the change, today at the latest
--   what: issued, credited, paid or settled (otherwise)
--   amount: change of what is owed
--   due_on: due date of the invoice
WITH counted AS (
    SELECT
        i.vendor,
        i.id,
        i.currency,
        i.due_on,
        COALESCE(i.issued_on, i.due_on, s.today) AS from_on,
        i.paid_on,
        i.owed - i.credited AS issued,
        i.open_amount - (i.owed - i.arrived - i.told) AS otherwise
    FROM invoice_summary AS i
    CROSS JOIN settings AS s
    WHERE i.is_counted
    AND i.kind <> 'credit_note'
),
events AS (
    SELECT i.vendor, i.id, i.currency, i.due_on, i.from_on AS on_day, 'issued' AS what, i.issued AS amount
    FROM counted AS i
    UNION ALL
    SELECT i.vendor, i.id, i.currency, i.due_on, COALESCE(c.issued_on, i.from_on), 'credited',
        COALESCE(c.gross, c.net + COALESCE(c.tax, 0))
    FROM invoices AS c
    JOIN counted AS i
        ON i.vendor = c.vendor
        AND i.id = c.corrects_id
    WHERE c.kind = 'credit_note'
    AND c.corrects_id IS NOT NULL
    AND COALESCE(c.status, 'issued') NOT IN ('draft', 'void')
    UNION ALL
    SELECT i.vendor, i.id, i.currency, i.due_on, COALESCE(m.paid_on, i.paid_on, i.from_on), 'paid', -m.amount
    FROM allocated_money AS m
    JOIN counted AS i
        ON i.vendor = m.invoice_vendor
        AND i.id = m.invoice_id
    UNION ALL
    SELECT i.vendor, i.id, i.currency, i.due_on, COALESCE(i.paid_on, i.due_on, i.from_on), 'settled', i.otherwise
    FROM counted AS i
    WHERE i.otherwise <> 0
)
SELECT
    e.vendor,
    e.id,
    e.currency,
    LEAST(e.on_day, s.today) AS on_day,
    e.what,
    CAST(e.amount AS DECIMAL(18, 4)) AS amount,
    e.due_on
FROM events AS e
CROSS JOIN settings AS s
