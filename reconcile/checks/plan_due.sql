-- title:       Part of a deal to be invoiced now
-- severity:    low
-- reads:       plan_state, rule_state, deals, customers, settings
-- absent_from: invoices
-- action:      create_invoice
-- why:         A deposit, a stage or a period that was agreed on is due by its plan, and not invoiced yet. A period that was
--              missed is told apart.
SELECT
    'deals' AS subject,
    p.vendor,
    p.id,
    p.part,
    COALESCE(p.expected, 0) AS amount,
    d.currency,
    p.due_since AS since,
    d.title AS detail,
    CASE WHEN p.due_since < s.today - s.grace_days THEN 'high' ELSE 'low' END AS severity,
    [
        {'code': 'plan_part', 'agrees': FALSE, 'left': COALESCE(NULLIF(p.label, ''), p.part), 'right': CAST(NULL AS VARCHAR)},
        {'code': 'deal_amount', 'agrees': FALSE, 'left': CAST(CAST(d.amount AS DECIMAL(18, 2)) AS VARCHAR) || ' ' || d.currency,
         'right': CAST(NULL AS VARCHAR)}
    ] AS evidence,
    CAST(p.due_since AS TIMESTAMP) AS changed_at
FROM plan_state AS p
JOIN deals AS d
    ON d.vendor = p.vendor
    AND d.id = p.id
CROSS JOIN settings AS s
WHERE p.state = 'due'
AND (p.kind <> 'recurring' OR p.due_since >= s.today - s.grace_days)
UNION ALL
SELECT
    'customers',
    r.vendor,
    r.id,
    r.part,
    r.net,
    r.currency,
    r.on_date,
    COALESCE(c.name || ' – ', '') || r.text,
    'low',
    [
        {'code': 'plan_part', 'agrees': FALSE, 'left': r.label, 'right': CAST(NULL AS VARCHAR)}
    ],
    CAST(r.on_date AS TIMESTAMP)
FROM rule_state AS r
LEFT JOIN customers AS c
    ON c.vendor = r.vendor
    AND c.id = r.id
CROSS JOIN settings AS s
WHERE r.state = 'due'
AND r.on_date >= s.today - s.grace_days
