-- title:    Deal amount is rounded
-- severity: low
-- reads:    deals, deal_summary
-- needs:    deals
-- action:
-- why:      The invoices are right and somebody rounded the deal's amount: what was sold, commissions and the forecast are off by
--           the difference, which is the amount shown. What deals are rounded to is a setting.
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
AND b.is_rounded
