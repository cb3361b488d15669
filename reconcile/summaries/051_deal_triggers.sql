-- title: Deals that something chosen made due to be invoiced
-- reads: triggers, deals, quotes, links, payments, settings
-- needs: deals
-- key:   vendor, id
-- why:   People choose what makes a deal due: that it was won, came to a stage, that its quote was accepted, its service
--        completed, its order confirmed, or that money came for it. A deal that is lost is never due.
-- columns:
--   vendor: vendor of the deal
--   id: the deal
--   name: won, stage, quote, service, paid or order; of several the one that came first
--   since_on: day from which it has been due
WITH happened AS (
    SELECT d.vendor, d.id, t.name, d.won_on AS since_on
    FROM triggers AS t
    JOIN deals AS d
        ON d.status = 'won'
    WHERE t.name = 'won'
    UNION ALL
    SELECT d.vendor, d.id, t.name, COALESCE(d.won_on, CAST(d.updated_at AS DATE)) AS since_on
    FROM triggers AS t
    JOIN deals AS d
        ON d.stage = t.stage
    WHERE t.name IN ('stage', 'service', 'order')
    UNION ALL
    SELECT d.vendor, d.id, t.name, d.service_done_on AS since_on
    FROM triggers AS t
    CROSS JOIN settings AS s
    JOIN deals AS d
        ON d.service_done_on <= s.today
    WHERE t.name = 'service'
    UNION ALL
    SELECT q.vendor, q.deal_id, t.name, COALESCE(q.accepted_on, CAST(q.updated_at AS DATE)) AS since_on
    FROM triggers AS t
    JOIN quotes AS q
        ON q.status = 'accepted'
        AND q.deal_id IS NOT NULL
    WHERE t.name = 'quote'
    UNION ALL
    SELECT l.right_vendor, l.right_id, t.name, p.paid_on AS since_on
    FROM triggers AS t
    JOIN links AS l
        ON l.left_table = 'payments'
        AND l.right_table = 'deals'
        AND l.status IN ('automatic', 'confirmed')
    JOIN payments AS p
        ON p.vendor = l.left_vendor
        AND p.id = l.left_id
    WHERE t.name = 'paid'
),
ranked AS (
    SELECT
        h.vendor,
        h.id,
        h.name,
        COALESCE(h.since_on, s.today) AS since_on,
        ROW_NUMBER() OVER (PARTITION BY h.vendor, h.id ORDER BY COALESCE(h.since_on, s.today), h.name) AS place
    FROM happened AS h
    CROSS JOIN settings AS s
)
SELECT r.vendor, r.id, r.name, r.since_on
FROM ranked AS r
JOIN deals AS d
    ON d.vendor = r.vendor
    AND d.id = r.id
WHERE r.place = 1
AND d.status <> 'lost'
