-- title:       Won deal, part of it not invoiced
-- severity:    high
-- reads:       deals, deal_summary, deal_invoices, rhythms, billing_plans, settings
-- needs:       deals
-- absent_from: invoices
-- action:      create_invoice
-- why:         A deposit or some instalments were invoiced; the amount shown is what remains, ageing from the day the deal
--              was won. A deposit that was paid, and a rhythm that is kept or missed, are told by checks of their own.
WITH parts AS (
    SELECT
        p.deal_vendor,
        p.deal_id,
        MIN(CASE WHEN p.kind = 'deposit' AND p.state = 'paid' THEN 1 ELSE 0 END) AS only_deposits,
        MAX(p.issued_on) AS last_on
    FROM deal_invoices AS p
    WHERE p.is_counted
    AND p.kind <> 'credit_note'
    GROUP BY p.deal_vendor, p.deal_id
),
regular AS (
    SELECT DISTINCT r.vendor, r.id FROM rhythms AS r WHERE r.subject = 'deals'
)
SELECT
    'deals' AS subject,
    d.vendor,
    d.id,
    b.remaining AS amount,
    d.currency,
    d.won_on AS since,
    d.title AS detail,
    [
        {'code': 'amount_' || b.basis, 'agrees': FALSE,
         'left': CAST(CAST(d.amount AS DECIMAL(18, 2)) AS VARCHAR) || ' ' || d.currency,
         'right': CAST(CAST(b.invoiced AS DECIMAL(18, 2)) AS VARCHAR) || ' ' || d.currency},
        {'code': 'invoices', 'agrees': TRUE, 'left': CAST(NULL AS VARCHAR), 'right': CAST(b.invoices AS VARCHAR)}
    ] AS evidence,
    d.updated_at AS changed_at
FROM deals AS d
JOIN deal_summary AS b
    ON b.vendor = d.vendor
    AND b.id = d.id
JOIN parts AS p
    ON p.deal_vendor = d.vendor
    AND p.deal_id = d.id
LEFT JOIN regular AS r
    ON r.vendor = d.vendor
    AND r.id = d.id
LEFT JOIN billing_plans AS k
    ON k.vendor = d.vendor
    AND k.id = d.id
CROSS JOIN settings AS s
WHERE d.status = 'won'
AND d.won_on < s.today - s.grace_days
AND b.verdict = 'part'
AND p.only_deposits = 0
AND r.id IS NULL
-- a plan says itself which part is due
AND k.id IS NULL
-- the next month of what was sold as recurring is not due yet
AND (COALESCE(d.billing, 'once') <> 'recurring' OR p.last_on < s.today - 31 - s.grace_days)
