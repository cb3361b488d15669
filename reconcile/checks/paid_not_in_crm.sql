-- title:    Paid, and the CRM does not know
-- severity: low
-- reads:    deals, deal_summary, settings
-- needs:    deals
-- action:   update_deal
-- why:      The salesperson still waits or, worse, still asks. Asked of CRMs that are told about invoices at all; elsewhere
--           only of payments of the last month.
WITH told AS (
    SELECT DISTINCT d.vendor
    FROM deals AS d
    WHERE d.paid_on IS NOT NULL
    OR d.invoice_status IS NOT NULL
)
SELECT
    'deals' AS subject,
    d.vendor,
    d.id,
    b.paid AS amount,
    b.invoice_currency AS currency,
    b.paid_on AS since,
    d.title AS detail,
    [
        {'code': 'invoice_status', 'agrees': FALSE, 'left': d.invoice_status, 'right': 'paid'},
        {'code': 'paid_on', 'agrees': FALSE, 'left': CAST(d.paid_on AS VARCHAR), 'right': CAST(b.paid_on AS VARCHAR)},
        {'code': 'invoice_number', 'agrees': COALESCE(d.invoice_number = b.invoice_number, FALSE), 'left': d.invoice_number,
         'right': b.invoice_number}
    ] AS evidence
FROM deals AS d
JOIN deal_summary AS b
    ON b.vendor = d.vendor
    AND b.id = d.id
LEFT JOIN told AS t
    ON t.vendor = d.vendor
CROSS JOIN settings AS s
WHERE d.status = 'won'
AND b.is_paid
AND d.paid_on IS NULL
AND COALESCE(LOWER(d.invoice_status), '') <> 'paid'
AND COALESCE(b.paid_on, d.won_on) < s.today - s.told_days
AND (t.vendor IS NOT NULL OR b.paid_on >= s.today - 31)
