-- title:       Won deal, nothing invoiced
-- severity:    high
-- reads:       deals, deal_summary, deal_triggers, triggers, billing_plans,
--              likely_partners, settings
-- needs:       deals
-- absent_from: invoices
-- action:      create_invoice
-- why:         The customer said yes, the days of grace are over, and nothing on paper says what they owe us.
WITH won AS (
    SELECT MAX(CASE WHEN t.name = 'won' THEN 1 ELSE 0 END) AS chosen FROM triggers AS t
)
SELECT
    'deals' AS subject,
    d.vendor,
    d.id,
    COALESCE(d.amount, 0) AS amount,
    d.currency,
    d.won_on AS since,
    d.title AS detail,
    [
        {'code': 'deal_amount', 'agrees': FALSE, 'left': CAST(CAST(d.amount AS DECIMAL(18, 2)) AS VARCHAR) || ' ' || d.currency,
         'right': CAST(NULL AS VARCHAR)},
        {'code': 'won_on', 'agrees': FALSE, 'left': CAST(d.won_on AS VARCHAR), 'right': CAST(NULL AS VARCHAR)},
        {'code': 'possible_invoices', 'agrees': FALSE, 'left': CAST(NULL AS VARCHAR), 'right': CAST(b.candidates AS VARCHAR)}
    ] AS evidence,
    d.updated_at AS changed_at,
    y.partners AS suggested
FROM deals AS d
JOIN deal_summary AS b
    ON b.vendor = d.vendor
    AND b.id = d.id
LEFT JOIN deal_triggers AS t
    ON t.vendor = d.vendor
    AND t.id = d.id
LEFT JOIN likely_partners AS y
    ON y.table_name = 'deals'
    AND y.vendor = d.vendor
    AND y.id = d.id
LEFT JOIN billing_plans AS k
    ON k.vendor = d.vendor
    AND k.id = d.id
CROSS JOIN won AS w
CROSS JOIN settings AS s
-- Where something else was chosen to make a deal due and has happened, that is told instead; a plan tells of its parts.
WHERE d.status = 'won'
AND d.won_on < s.today - s.grace_days
AND b.verdict = 'none'
AND k.id IS NULL
AND (t.id IS NULL OR w.chosen = 1)
AND COALESCE(d.amount, 1) > 0
