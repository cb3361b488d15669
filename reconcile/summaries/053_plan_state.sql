-- title: The parts of billing plans: which invoice each became, and which are due
-- reads: plan_parts, billed_parts, deals, deal_summary, deal_triggers, stages, triggers, invoice_summary, sources, settings
-- needs: plan_parts
-- key:   vendor, id, part
-- why:   A part is invoiced once. One whose invoice was voided, or deleted as a draft, may be invoiced again. Parts of a share
--        follow each other: the next waits until the one before is issued. A period waits for none.
-- columns:
--   vendor: vendor of the deal
--   id: the deal
--   kind: deposit, stages or recurring
--   part: name of the part
--   label: what people call it
--   position: order in the plan, from 1
--   is_last: the part that bills what is left
--   percent: share of the deal in percent; empty for a period
--   net: net of a period where it is not the deal's lines
--   on_date: day from which it is due; empty where something else decides
--   stage: stage of the deal from which it is due
--   after_payment: due once the part before it is paid
--   invoice_vendor: vendor of the invoice that it became
--   invoice_id: that invoice; empty where there is none
--   again: its invoices that were voided or deleted
--   state: waiting, due, drafted or invoiced
--   due_since: day from which it is due; empty while it is not
--   expected: what it should come to, as the deal's amount is said; empty where nobody knows
WITH became AS (
    SELECT
        b.vendor,
        b.id,
        b.part,
        b.invoice_vendor,
        b.invoice_id,
        i.status,
        i.issued_on,
        i.paid_on,
        i.is_settled,
        i.is_counted,
        -- not there although billing was read since: somebody deleted the draft
        CASE WHEN i.status = 'void' OR (i.id IS NULL AND r.completed_at > b.made_at) THEN 1 ELSE 0 END AS is_gone,
        ROW_NUMBER() OVER (PARTITION BY b.vendor, b.id, b.part ORDER BY b.made_at DESC, b.invoice_id) AS place
    FROM billed_parts AS b
    LEFT JOIN invoice_summary AS i
        ON i.vendor = b.invoice_vendor
        AND i.id = b.invoice_id
    LEFT JOIN sources AS r
        ON r.table_name = 'invoices'
        AND r.vendor = b.invoice_vendor
),
lost AS (
    SELECT b.vendor, b.id, b.part, SUM(b.is_gone) AS again
    FROM became AS b
    GROUP BY b.vendor, b.id, b.part
),
dated AS (
    SELECT
        p.*,
        b.invoice_vendor,
        b.invoice_id,
        COALESCE(b.is_counted, FALSE) AS is_counted,
        COALESCE(b.is_settled AND b.is_counted, FALSE) AS is_paid,
        b.paid_on,
        COALESCE(o.again, 0) AS again,
        d.status AS deal_status,
        d.amount,
        COALESCE(d.won_on, t.since_on) AS sold_on,
        -- won counts unless people chose other triggers; those hold for it as for any deal
        t.id IS NOT NULL OR (d.status = 'won' AND c.chosen = 0) AS is_sold,
        w.position >= n.position AND w.pipeline = n.pipeline AS is_there,
        CAST(d.updated_at AS DATE) AS changed_on,
        m.remaining
    FROM plan_parts AS p
    JOIN deals AS d
        ON d.vendor = p.vendor
        AND d.id = p.id
    JOIN deal_summary AS m
        ON m.vendor = p.vendor
        AND m.id = p.id
    CROSS JOIN (SELECT COUNT(*) AS chosen FROM triggers AS x) AS c
    LEFT JOIN deal_triggers AS t
        ON t.vendor = p.vendor
        AND t.id = p.id
    LEFT JOIN became AS b
        ON b.vendor = p.vendor
        AND b.id = p.id
        AND b.part = p.part
        AND b.place = 1
        AND b.is_gone = 0
    LEFT JOIN lost AS o
        ON o.vendor = p.vendor
        AND o.id = p.id
        AND o.part = p.part
    LEFT JOIN stages AS w
        ON w.vendor = d.vendor
        AND w.id = d.stage
    LEFT JOIN stages AS n
        ON n.vendor = p.vendor
        AND n.id = p.stage
),
followed AS (
    SELECT
        p.*,
        LAG(p.is_counted) OVER w AS before_counted,
        LAG(p.is_paid) OVER w AS before_paid,
        LAG(p.paid_on) OVER w AS before_paid_on
    FROM dated AS p
    WINDOW w AS (PARTITION BY p.vendor, p.id ORDER BY p.position)
),
judged AS (
    SELECT
        f.*,
        CASE
            WHEN f.deal_status = 'lost' THEN NULL
            WHEN f.kind = 'recurring' THEN CASE WHEN f.is_sold THEN f.on_date END
            WHEN f.position > 1 AND NOT f.before_counted THEN NULL
            WHEN f.on_date IS NOT NULL THEN CASE WHEN f.on_date <= s.today THEN f.on_date END
            WHEN f.stage IS NOT NULL THEN CASE WHEN f.is_there THEN COALESCE(f.changed_on, s.today) END
            WHEN f.after_payment THEN CASE WHEN f.before_paid THEN COALESCE(f.before_paid_on, s.today) END
            WHEN f.position = 1 AND f.is_sold THEN COALESCE(f.sold_on, s.today)
        END AS since
    FROM followed AS f
    CROSS JOIN settings AS s
)
SELECT
    j.vendor,
    j.id,
    j.kind,
    j.part,
    j.label,
    j.position,
    j.is_last,
    j.percent,
    j.net,
    j.on_date,
    j.stage,
    j.after_payment,
    j.invoice_vendor,
    j.invoice_id,
    CAST(j.again AS INTEGER) AS again,
    CASE
        WHEN j.invoice_id IS NOT NULL AND j.is_counted THEN 'invoiced'
        WHEN j.invoice_id IS NOT NULL THEN 'drafted'
        WHEN j.since IS NOT NULL THEN 'due'
        ELSE 'waiting'
    END AS state,
    CASE WHEN j.invoice_id IS NULL THEN j.since END AS due_since,
    CASE
        WHEN j.kind = 'recurring' THEN COALESCE(j.net, j.amount)
        WHEN j.is_last AND j.since IS NOT NULL THEN j.remaining
        ELSE CAST(CAST(j.amount AS DECIMAL(20, 4)) * j.percent * 0.01 AS DECIMAL(18, 2))
    END AS expected
FROM judged AS j
