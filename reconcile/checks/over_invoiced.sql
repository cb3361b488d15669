-- title:    More invoiced than was sold
-- severity: high
-- reads:    deals, deal_summary, repeated_invoices, deal_invoices, settings
-- needs:    deals
-- action:
-- why:      The customer will refuse to pay the excess, or pay it and ask for it back; the amount shown is the excess. An
--           invoice issued twice is told as that, unless that check is off.
WITH repeated AS (
    SELECT r.deal_vendor, r.deal_id, SUM(i.net) AS net, SUM(i.gross) AS gross
    FROM repeated_invoices AS r
    JOIN deal_invoices AS i
        ON i.deal_vendor = r.deal_vendor
        AND i.deal_id = r.deal_id
        AND i.invoice_vendor = r.vendor
        AND i.invoice_id = r.id
    GROUP BY r.deal_vendor, r.deal_id
)
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
LEFT JOIN repeated AS r
    ON r.deal_vendor = d.vendor
    AND r.deal_id = d.id
CROSS JOIN settings AS s
WHERE d.status = 'won'
AND b.verdict = 'over'
AND (
    r.deal_id IS NULL
    OR LIST_CONTAINS(s.checks_off, 'duplicate_invoice')
    OR b.invoiced - CASE WHEN b.basis = 'gross' THEN r.gross ELSE r.net END - d.amount
        > CAST(d.amount AS DECIMAL(20, 4)) * s.part_rate
)
