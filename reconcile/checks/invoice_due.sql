-- title:       To be invoiced now
-- severity:    low
-- reads:       deals, deal_summary, deal_triggers, triggers, billing_plans, accepted_quotes, customers, settings
-- absent_from: invoices
-- action:      create_invoice
-- why:         What you chose to make a deal due has happened: it was won, came to a stage, its quote was accepted, its service
--              completed, its order confirmed, or money came for it.
WITH won AS (
    SELECT MAX(CASE WHEN t.name = 'won' THEN 1 ELSE 0 END) AS chosen, MAX(CASE WHEN t.name = 'quote' THEN 1 ELSE 0 END) AS quotes
    FROM triggers AS t
)
SELECT
    'deals' AS subject,
    d.vendor,
    d.id,
    COALESCE(d.amount, 0) AS amount,
    d.currency,
    t.since_on AS since,
    d.title AS detail,
    CASE WHEN t.since_on < s.today - s.grace_days THEN 'high' ELSE 'low' END AS severity,
    [
        {'code': 'trigger', 'agrees': FALSE, 'left': t.name, 'right': CAST(NULL AS VARCHAR)},
        {'code': 'deal_amount', 'agrees': FALSE, 'left': CAST(CAST(d.amount AS DECIMAL(18, 2)) AS VARCHAR) || ' ' || d.currency,
         'right': CAST(NULL AS VARCHAR)},
        {'code': 'possible_invoices', 'agrees': FALSE, 'left': CAST(NULL AS VARCHAR), 'right': CAST(b.candidates AS VARCHAR)}
    ] AS evidence,
    d.updated_at AS changed_at
FROM deal_triggers AS t
JOIN deals AS d
    ON d.vendor = t.vendor
    AND d.id = t.id
JOIN deal_summary AS b
    ON b.vendor = t.vendor
    AND b.id = t.id
LEFT JOIN billing_plans AS k
    ON k.vendor = t.vendor
    AND k.id = t.id
CROSS JOIN won AS w
CROSS JOIN settings AS s
WHERE b.verdict = 'none'
AND COALESCE(d.amount, 1) > 0
AND k.id IS NULL
-- a won deal that is late is told by its own check
AND NOT (w.chosen = 1 AND d.status = 'won' AND d.won_on < s.today - s.grace_days)
UNION ALL
SELECT
    'quotes',
    q.vendor,
    q.id,
    q.amount,
    q.currency,
    q.accepted_on,
    COALESCE(q.number || ' ', '') || COALESCE(q.quote_title, c.name, ''),
    'low',
    [
        {'code': 'accepted_on', 'agrees': FALSE, 'left': CAST(q.accepted_on AS VARCHAR), 'right': CAST(NULL AS VARCHAR)}
    ],
    q.updated_at
FROM accepted_quotes AS q
LEFT JOIN customers AS c
    ON c.vendor = q.vendor
    AND c.id = q.customer_id
CROSS JOIN won AS w
CROSS JOIN settings AS s
WHERE w.quotes = 1
AND q.deal_id IS NULL
AND q.accepted_on >= s.today - s.grace_days
