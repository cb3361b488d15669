-- title:    Invoice for a deal that is not won
-- severity: high
-- reads:    deals, deal_summary, deal_invoices, deal_triggers, triggers
-- needs:    deals
-- action:
-- why:      The deal is lost, or open (again), and an invoice for it stands: either the CRM is wrong or the customer is billed
--           for what was never sold. A deposit may be asked for before a deal is won. With nothing left to pay it is low.
--           What people chose to invoice before a deal is won is left alone.
WITH chosen AS (
    SELECT MAX(CASE WHEN x.name = 'paid' THEN 1 ELSE 0 END) AS paid FROM triggers AS x
),
billed AS (
    SELECT
        b.deal_vendor,
        b.deal_id,
        b.currency,
        SUM(b.gross) AS gross,
        SUM(b.open_amount) AS open_amount,
        MIN(b.issued_on) AS issued_on,
        SUM(CASE WHEN b.kind IN ('credit_note', 'deposit') THEN 0 ELSE 1 END) AS full_ones,
        SUM(CASE WHEN b.kind = 'credit_note' THEN 0 ELSE 1 END) AS invoices
    FROM deal_invoices AS b
    WHERE b.is_counted
    AND b.status <> 'uncollectible'
    GROUP BY b.deal_vendor, b.deal_id, b.currency
),
largest AS (
    SELECT b.*, ROW_NUMBER() OVER (PARTITION BY b.deal_vendor, b.deal_id ORDER BY b.gross DESC, b.currency) AS place
    FROM billed AS b
    WHERE b.gross > 0
)
SELECT
    'deals' AS subject,
    d.vendor,
    d.id,
    b.gross AS amount,
    b.currency,
    b.issued_on AS since,
    d.title AS detail,
    CASE WHEN b.open_amount > 0 THEN 'high' ELSE 'low' END AS severity,
    [
        {'code': 'deal_status', 'agrees': FALSE, 'left': d.status, 'right': CAST(NULL AS VARCHAR)},
        {'code': 'invoice_number', 'agrees': FALSE, 'left': CAST(NULL AS VARCHAR), 'right': m.invoice_number},
        {'code': 'paid', 'agrees': b.open_amount = 0, 'left': CAST(CAST(b.gross AS DECIMAL(18, 2)) AS VARCHAR) || ' ' || b.currency,
         'right': CAST(CAST(b.gross - b.open_amount AS DECIMAL(18, 2)) AS VARCHAR) || ' ' || b.currency}
    ] AS evidence
FROM deals AS d
JOIN deal_summary AS m
    ON m.vendor = d.vendor
    AND m.id = d.id
JOIN largest AS b
    ON b.deal_vendor = d.vendor
    AND b.deal_id = d.id
    AND b.place = 1
LEFT JOIN deal_triggers AS t
    ON t.vendor = d.vendor
    AND t.id = d.id
CROSS JOIN chosen AS c
WHERE (d.status = 'lost' AND b.invoices > 0)
OR (d.status = 'open' AND b.full_ones > 0 AND t.id IS NULL
    -- the money that made it due is its invoice's now
    AND NOT (COALESCE(c.paid, 0) = 1 AND b.open_amount = 0))
