-- title:    Refunded, and the CRM still says paid
-- severity: medium
-- reads:    deals, deal_summary, deal_invoices, invoice_summary, allocated_money, payments, settings
-- needs:    deals
-- action:
-- why:      The money went back to the customer; commissions and reports count it as earned. A refund that only brings the
--           payment down to what is owed after a credit note leaves the invoice paid and is silent.
WITH refunds AS (
    SELECT
        a.invoice_vendor AS vendor,
        a.invoice_id AS id,
        SUM(CASE WHEN a.amount < 0 THEN -a.amount WHEN p.status = 'refunded' THEN a.amount ELSE 0 END) AS refunded,
        -- the payment is called refunded, and the refund is no row of its own
        SUM(CASE WHEN a.amount > 0 AND p.status = 'refunded' THEN a.amount ELSE 0 END) AS not_kept,
        MAX(a.paid_on) AS refunded_on
    FROM allocated_money AS a
    JOIN payments AS p
        ON p.vendor = a.payment_vendor
        AND p.id = a.payment_id
    WHERE a.amount < 0
    OR p.status = 'refunded'
    GROUP BY a.invoice_vendor, a.invoice_id
),
unpaid AS (
    SELECT
        b.deal_vendor,
        b.deal_id,
        SUM(r.refunded) AS refunded,
        MAX(r.refunded_on) AS refunded_on,
        MIN(m.currency) AS currency,
        MIN(m.number) AS number,
        MAX(m.owed - m.arrived - m.kept + r.not_kept) AS lacking
    FROM deal_invoices AS b
    JOIN refunds AS r
        ON r.vendor = b.invoice_vendor
        AND r.id = b.invoice_id
    JOIN invoice_summary AS m
        ON m.vendor = b.invoice_vendor
        AND m.id = b.invoice_id
    WHERE b.is_counted
    AND m.owed > 0
    GROUP BY b.deal_vendor, b.deal_id
)
SELECT
    'deals' AS subject,
    d.vendor,
    d.id,
    LEAST(u.refunded, u.lacking) AS amount,
    u.currency,
    u.refunded_on AS since,
    d.title AS detail,
    [
        {'code': 'invoice_status', 'agrees': FALSE, 'left': d.invoice_status, 'right': 'refunded'},
        {'code': 'paid_on', 'agrees': FALSE, 'left': CAST(d.paid_on AS VARCHAR), 'right': CAST(u.refunded_on AS VARCHAR)},
        {'code': 'invoice_number', 'agrees': TRUE, 'left': d.invoice_number, 'right': u.number}
    ] AS evidence,
    -- billing that calls the invoice paid all the same would have the deal told the same again
    CASE WHEN m.is_paid THEN '' ELSE 'update_deal' END AS action
FROM deals AS d
JOIN deal_summary AS m
    ON m.vendor = d.vendor
    AND m.id = d.id
JOIN unpaid AS u
    ON u.deal_vendor = d.vendor
    AND u.deal_id = d.id
CROSS JOIN settings AS s
WHERE (d.paid_on IS NOT NULL OR LOWER(d.invoice_status) = 'paid')
AND u.lacking > s.amount_tolerance
AND u.refunded > s.amount_tolerance
AND u.refunded_on < s.today - s.told_days
