-- title:    More invoiced than was sold
-- severity: high
-- reads:    deals, deal_summary
-- needs:    deals
-- action:
-- why:      The customer will refuse to pay the excess, or pay it and ask for it back; the amount shown is the excess.
SELECT
    'deals' AS subject,
    d.vendor,
    d.id,
    b.invoiced - d.amount AS amount,
    d.currency,
    COALESCE(b.first_issued_on, d.won_on) AS since,
    d.title AS detail,
    [
        {'code': 'amount_' || b.basis, 'agrees': FALSE,
         'left': CAST(CAST(d.amount AS DECIMAL(18, 2)) AS VARCHAR) || ' ' || d.currency,
         'right': CAST(CAST(b.invoiced AS DECIMAL(18, 2)) AS VARCHAR) || ' ' || d.currency},
        {'code': 'invoices', 'agrees': TRUE, 'left': CAST(NULL AS VARCHAR), 'right': CAST(b.invoices AS VARCHAR)}
    ] AS evidence
FROM deals AS d
JOIN deal_summary AS b
    ON b.vendor = d.vendor
    AND b.id = d.id
WHERE d.status = 'won'
AND b.verdict = 'over'
