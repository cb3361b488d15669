-- title:       Won deal, part of it not invoiced
-- severity:    high
-- reads:       deals, deal_summary, settings
-- absent_from: invoices
-- action:      create_invoice
-- why:         A deposit or some instalments were invoiced; the amount shown is what remains, ageing from the day the deal
--              was won.
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
CROSS JOIN settings AS s
WHERE d.status = 'won'
AND d.won_on < s.today - s.grace_days
AND b.verdict = 'part'
