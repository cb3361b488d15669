-- title:    Paid in the CRM, not in the bank
-- severity: medium
-- reads:    deals, deal_summary, deal_invoices, allocated_money, payments, likely_partners, settings
-- needs:    deals
-- absent_from: payments
-- action:
-- why:      Commission is paid and nobody asks for money that never came, or a payment waits to be linked. What came and went
--           back is told by a check of its own.
WITH went_back AS (
    SELECT a.invoice_vendor, a.invoice_id
    FROM allocated_money AS a
    WHERE a.amount < 0
    UNION ALL
    SELECT a.invoice_vendor, a.invoice_id
    FROM payments AS p
    JOIN allocated_money AS a
        ON a.payment_vendor = p.vendor
        AND a.payment_id = p.id
    WHERE p.status = 'refunded'
),
returned AS (
    SELECT DISTINCT b.deal_vendor AS vendor, b.deal_id AS id
    FROM deal_invoices AS b
    JOIN went_back AS a
        ON a.invoice_vendor = b.invoice_vendor
        AND a.invoice_id = b.invoice_id
),
expected AS (
    SELECT b.deal_vendor AS vendor, b.deal_id AS id, SUM(k.partners) AS payments
    FROM deal_invoices AS b
    JOIN likely_partners AS k
        ON k.table_name = 'invoices'
        AND k.partner_table = 'payments'
        AND k.vendor = b.invoice_vendor
        AND k.id = b.invoice_id
    GROUP BY b.deal_vendor, b.deal_id
)
SELECT
    'deals' AS subject,
    d.vendor,
    d.id,
    m.open_amount AS amount,
    m.invoice_currency AS currency,
    COALESCE(d.paid_on, d.won_on) AS since,
    d.title AS detail,
    [
        {'code': 'invoice_status', 'agrees': FALSE, 'left': d.invoice_status, 'right': m.invoice_status},
        {'code': 'paid_on', 'agrees': FALSE, 'left': CAST(d.paid_on AS VARCHAR), 'right': CAST(NULL AS VARCHAR)},
        {'code': 'invoice_number', 'agrees': COALESCE(d.invoice_number = m.invoice_number, FALSE), 'left': d.invoice_number,
         'right': m.invoice_number}
    ] AS evidence,
    CAST(COALESCE(d.paid_on, d.won_on) AS TIMESTAMP) AS changed_at,
    y.payments AS suggested
FROM deals AS d
JOIN deal_summary AS m
    ON m.vendor = d.vendor
    AND m.id = d.id
LEFT JOIN returned AS r
    ON r.vendor = d.vendor
    AND r.id = d.id
LEFT JOIN expected AS y
    ON y.vendor = d.vendor
    AND y.id = d.id
CROSS JOIN settings AS s
WHERE d.status = 'won'
AND (d.paid_on IS NOT NULL OR LOWER(d.invoice_status) = 'paid')
AND m.invoices > 0
AND m.verdict <> 'over'  -- an invoice too many is open, and told as that
AND NOT m.is_paid
AND m.open_amount > GREATEST(s.amount_tolerance, s.fee_tolerance)
AND COALESCE(d.paid_on, d.won_on) < s.today - s.told_days
AND r.id IS NULL
