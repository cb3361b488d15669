-- title:       Recurring invoice missed
-- severity:    high
-- reads:       rhythms, deals, customers, billing_plans, plan_state, rule_state, links, settings
-- absent_from: invoices
-- action:
-- why:         What is invoiced every month (quarter, year) was not invoiced this time. Each missed period is a finding of its
--              own, of the amount of the last one before. Asked of what was sold as recurring until it is invoiced in full,
--              and for a few periods after the last of what billing only repeats: it may have been cancelled. A period
--              of a plan can be caught up.
WITH steps AS (
    SELECT v.step_number FROM (VALUES (1), (2), (3), (4), (5), (6), (7), (8), (9), (10), (11), (12)) AS v (step_number)
),
missed AS (
    SELECT
        r.*,
        n.step_number,
        r.period + n.step_number * r.step AS missed_period
    FROM rhythms AS r
    CROSS JOIN settings AS s
    JOIN steps AS n
        ON r.period + n.step_number * r.step < COALESCE(
            r.next_period,
            EXTRACT(YEAR FROM s.today) * 12 + EXTRACT(MONTH FROM s.today) + 1
        )
        AND (r.next_period IS NOT NULL OR r.is_sold OR n.step_number <= s.missed_periods)
    WHERE r.is_sold
    OR r.subject = 'customers'
),
starts AS (
    SELECT
        m.*,
        MAKE_DATE(CAST(FLOOR((m.missed_period - 1) / 12) AS INTEGER), CAST((m.missed_period - 1) % 12 + 1 AS INTEGER), 1) AS month_on
    FROM missed AS m
),
expected AS (
    SELECT
        m.*,
        -- the 31st is the last day in a shorter month
        LEAST(CAST(m.month_on AS DATE) + (m.anchor - 1), LAST_DAY(m.month_on)) AS due_on
    FROM starts AS m
)
SELECT
    e.subject,
    e.vendor,
    e.id,
    CAST(e.due_on AS VARCHAR) AS part,
    e.gross AS amount,
    e.currency,
    e.due_on AS since,
    COALESCE(d.title, c.name, e.id) AS detail,
    [
        {'code': 'period', 'agrees': FALSE, 'left': CAST(e.due_on AS VARCHAR), 'right': CAST(NULL AS VARCHAR)},
        {'code': 'last_invoice', 'agrees': TRUE, 'left': CAST(NULL AS VARCHAR), 'right': CAST(e.last_on AS VARCHAR)},
        {'code': 'amount', 'agrees': TRUE, 'left': CAST(NULL AS VARCHAR),
         'right': CAST(CAST(e.gross AS DECIMAL(18, 2)) AS VARCHAR) || ' ' || e.currency}
    ] AS evidence,
    CAST(e.due_on AS TIMESTAMP) AS changed_at,
    '' AS action
FROM expected AS e
LEFT JOIN deals AS d
    ON e.subject = 'deals'
    AND d.vendor = e.vendor
    AND d.id = e.id
LEFT JOIN customers AS c
    ON e.subject = 'customers'
    AND c.vendor = e.vendor
    AND c.id = e.id
CROSS JOIN settings AS s
LEFT JOIN billing_plans AS k
    ON e.subject = 'deals'
    AND k.vendor = e.vendor
    AND k.id = e.id
LEFT JOIN (
    -- customers whose rule says what is due: what their invoices look like says nothing more
    SELECT DISTINCT l.right_vendor AS vendor, l.right_id AS id
    FROM rule_state AS r
    JOIN links AS l
        ON l.left_table = 'customers'
        AND l.right_table = 'customers'
        AND l.left_vendor = r.vendor
        AND l.left_id = r.id
        AND l.status IN ('automatic', 'confirmed')
) AS o
    ON e.subject = 'customers'
    AND o.vendor = e.vendor
    AND o.id = e.id
WHERE e.due_on < s.today - s.grace_days
AND k.id IS NULL
AND o.id IS NULL
UNION ALL
SELECT
    'deals',
    p.vendor,
    p.id,
    p.part,
    COALESCE(p.expected, 0),
    d.currency,
    p.due_since,
    COALESCE(d.title, p.id),
    [
        {'code': 'period', 'agrees': FALSE, 'left': CAST(p.on_date AS VARCHAR), 'right': CAST(NULL AS VARCHAR)}
    ],
    CAST(p.due_since AS TIMESTAMP),
    'create_invoice'
FROM plan_state AS p
JOIN deals AS d
    ON d.vendor = p.vendor
    AND d.id = p.id
CROSS JOIN settings AS s
WHERE p.state = 'due'
AND p.kind = 'recurring'
AND p.due_since < s.today - s.grace_days
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
    [
        {'code': 'period', 'agrees': FALSE, 'left': CAST(r.on_date AS VARCHAR), 'right': CAST(NULL AS VARCHAR)}
    ],
    CAST(r.on_date AS TIMESTAMP),
    'create_invoice'
FROM rule_state AS r
LEFT JOIN customers AS c
    ON c.vendor = r.vendor
    AND c.id = r.id
CROSS JOIN settings AS s
WHERE r.state = 'due'
AND r.on_date < s.today - s.grace_days
