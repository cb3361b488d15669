-- title:       Won deal, part of it not invoiced
-- severity:    high
-- reads:       deals, deal_summary, deal_invoices, rhythms, billing_plans, likely_partners, settings
-- needs:       deals
-- absent_from: invoices
-- action:      create_invoice
-- why:         A deposit or some instalments were invoiced; the amount shown is what remains, ageing from the day the deal
--              was won. A deposit that was paid, and a rhythm that is kept or missed, are told by checks of their own. After
--              a usual part (a half, a twelfth, 30 %) the next has a month to come.
WITH parts AS (
    SELECT
        p.deal_vendor,
        p.deal_id,
        MIN(CASE WHEN p.kind = 'deposit' AND p.state = 'paid' THEN 1 ELSE 0 END) AS only_deposits,
        MIN(CASE WHEN p.kind = 'deposit' THEN 1 ELSE 0 END) AS deposits,
        MIN(p.net) AS least,
        MAX(p.net) AS most,
        MAX(p.issued_on) AS last_on
    FROM deal_invoices AS p
    WHERE p.is_counted
    AND p.kind <> 'credit_note'
    GROUP BY p.deal_vendor, p.deal_id
),
-- what is invoiced, as a share of the deal; where the parts are equal, how many of them the deal is
shares AS (
    SELECT
        b.vendor,
        b.id,
        p.only_deposits,
        p.last_on,
        p.deposits,
        p.least > 0 AND p.most - p.least <= p.most / 100 AS is_even,
        b.invoiced / NULLIF(d.amount, 0) AS share,
        d.amount * b.invoices / NULLIF(b.invoiced, 0) AS times
    FROM parts AS p
    JOIN deal_summary AS b
        ON b.vendor = p.deal_vendor
        AND b.id = p.deal_id
        AND b.verdict = 'part'
    JOIN deals AS d
        ON d.vendor = p.deal_vendor
        AND d.id = p.deal_id
        AND d.amount > 0
),
usual AS (
    SELECT
        h.*,
        COALESCE(
            h.deposits = 1
            OR ABS(h.share * 20 - ROUND(h.share * 20)) <= 0.1
            OR (h.is_even AND h.times >= 1.9 AND ABS(h.times - ROUND(h.times)) <= h.times / 100),
            FALSE
        ) AS is_usual
    FROM shares AS h
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
    d.updated_at AS changed_at,
    y.partners AS suggested
FROM deals AS d
JOIN deal_summary AS b
    ON b.vendor = d.vendor
    AND b.id = d.id
JOIN usual AS p
    ON p.vendor = d.vendor
    AND p.id = d.id
LEFT JOIN regular AS r
    ON r.vendor = d.vendor
    AND r.id = d.id
LEFT JOIN likely_partners AS y
    ON y.table_name = 'deals'
    AND y.vendor = d.vendor
    AND y.id = d.id
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
-- the next month of what was sold as recurring, or the next part, is not due yet
AND (
    (COALESCE(d.billing, 'once') <> 'recurring' AND NOT p.is_usual)
    OR p.last_on IS NULL
    OR p.last_on < s.today - 31 - s.grace_days
)
