-- title:       Deposit paid, final invoice missing
-- severity:    high
-- reads:       deals, deal_summary, deal_invoices, billing_plans, settings
-- needs:       deals
-- absent_from: invoices
-- action:      create_invoice
-- why:         The customer kept their part and paid the deposit; the rest was never invoiced. The amount shown is that rest,
--              ageing from the day the deal was won. Until the deposit is paid it is a deal of which a part is not invoiced.
WITH deposits AS (
    SELECT
        b.deal_vendor,
        b.deal_id,
        SUM(CASE WHEN b.kind = 'deposit' THEN 1 ELSE 0 END) AS deposits,
        SUM(CASE WHEN b.kind = 'deposit' AND b.state = 'paid' THEN 1 ELSE 0 END) AS paid,
        SUM(CASE WHEN b.kind = 'deposit' THEN 0 ELSE 1 END) AS others,
        MAX(b.paid_on) AS paid_on
    FROM deal_invoices AS b
    WHERE b.is_counted
    AND b.kind <> 'credit_note'
    GROUP BY b.deal_vendor, b.deal_id
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
        {'code': 'deposit_paid_on', 'agrees': TRUE, 'left': CAST(NULL AS VARCHAR), 'right': CAST(p.paid_on AS VARCHAR)}
    ] AS evidence,
    d.updated_at AS changed_at
FROM deals AS d
JOIN deal_summary AS b
    ON b.vendor = d.vendor
    AND b.id = d.id
JOIN deposits AS p
    ON p.deal_vendor = d.vendor
    AND p.deal_id = d.id
LEFT JOIN billing_plans AS k
    ON k.vendor = d.vendor
    AND k.id = d.id
CROSS JOIN settings AS s
WHERE d.status = 'won'
AND d.won_on < s.today - s.grace_days
AND b.verdict = 'part'
AND p.deposits > 0
AND p.paid = p.deposits
AND p.others = 0
-- a plan says itself which part is due
AND k.id IS NULL
