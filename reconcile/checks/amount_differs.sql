-- title:    Invoice is not the amount of the deal
-- severity: medium
-- reads:    deals, deal_summary
-- needs:    deals
-- action:
-- why:      One invoice bills the whole deal and is a little off: a discount given on one side, a new price, expenses. The
--           amount shown is the difference.
SELECT
    'deals' AS subject,
    d.vendor,
    d.id,
    ABS(b.remaining) AS amount,
    d.currency,
    COALESCE(b.first_issued_on, d.won_on) AS since,
    d.title AS detail,
    [
        {'code': 'amount_' || b.basis, 'agrees': FALSE,
         'left': CAST(CAST(d.amount AS DECIMAL(18, 2)) AS VARCHAR) || ' ' || d.currency,
         'right': CAST(CAST(b.invoiced AS DECIMAL(18, 2)) AS VARCHAR) || ' ' || d.currency},
        {'code': 'invoice_number', 'agrees': TRUE, 'left': d.invoice_number, 'right': b.invoice_number}
    ] AS evidence
FROM deals AS d
JOIN deal_summary AS b
    ON b.vendor = d.vendor
    AND b.id = d.id
WHERE d.status = 'won'
AND b.verdict = 'differs'
AND NOT b.is_rounded
