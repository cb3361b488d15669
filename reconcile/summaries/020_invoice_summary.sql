-- title: Every invoice with what was paid, what is open, and the one state people see
-- reads: invoices, allocated_money, deal_links, customer_tolerances, settings
-- needs: invoices
-- key:   vendor, id
-- why:   Paid is the greater of what billing says and the money that was allocated. What billing was told of money we
--        have not seen counts as paid, and never makes an invoice look paid twice. What a bank or gateway kept, a
--        discount that was taken and tax that was withheld settle the invoice beside the money.
-- columns:
--   vendor: vendor of the invoice
--   id: the invoice
--   number: number printed on it
--   kind: sort of document; invoice where the vendor does not say
--   status: as billing says; issued where it does not
--   customer_id: customer, same vendor
--   customer_name: name printed on it
--   customer_email: e-mail it goes to
--   currency: ISO 4217 currency of all amounts here
--   issued_on: issue date
--   due_on: due date
--   net: total without tax; from gross less tax where missing
--   gross: total with tax; from net and tax where missing
--   credited: total of its credit notes, negative
--   owed: gross less withheld tax and credit notes
--   paid: greater of billing's word and the money allocated
--   arrived: money seen at bank or gateway
--   kept: what fees, discounts or withheld tax took of that money: it settles the invoice too
--   told: money that billing was told of and we have not seen
--   open_amount: still to come; 0 on drafts, void, written off and credit notes
--   state: waiting, sent, partly_paid, paid or overdue; void, uncollectible, proforma and credit_note stand apart
--   days_overdue: days past the due date while open
--   paid_on: value date of the last payment
--   is_sent: left us, as far as the vendor says
--   is_counted: an invoice or credit note that stands: no draft, void or pro-forma
--   is_settled: nothing more is expected, a bank's fee aside
--   deal_count: deals it bills
--   updated_at: last changed, UTC
WITH received AS (
    SELECT
        m.invoice_vendor AS vendor,
        m.invoice_id AS id,
        SUM(CASE WHEN m.is_recorded THEN 0 ELSE m.amount END) AS arrived,
        SUM(CASE WHEN m.is_recorded THEN m.amount ELSE 0 END) AS told,
        SUM(m.kept) AS kept,
        MAX(CASE WHEN m.is_recorded OR m.amount < 0 THEN NULL ELSE m.paid_on END) AS arrived_on,
        MAX(CASE WHEN m.amount < 0 THEN NULL ELSE m.paid_on END) AS last_on
    FROM allocated_money AS m
    GROUP BY m.invoice_vendor, m.invoice_id
),
credits AS (
    SELECT c.vendor, c.corrects_id AS id, SUM(COALESCE(c.gross, c.net + COALESCE(c.tax, 0))) AS credited
    FROM invoices AS c
    WHERE c.kind = 'credit_note'
    AND c.corrects_id IS NOT NULL
    AND COALESCE(c.status, 'issued') NOT IN ('draft', 'void')
    GROUP BY c.vendor, c.corrects_id
),
tied AS (
    SELECT l.invoice_vendor AS vendor, l.invoice_id AS id, COUNT(*) AS deal_count
    FROM deal_links AS l
    GROUP BY l.invoice_vendor, l.invoice_id
),
amounts AS (
    SELECT
        i.vendor,
        i.id,
        i.number,
        COALESCE(i.kind, 'invoice') AS kind,
        COALESCE(i.status, 'issued') AS status,
        i.customer_id,
        i.customer_name,
        i.customer_email,
        i.currency,
        i.issued_on,
        i.due_on,
        i.sent_at,
        i.updated_at,
        i.paid AS said_paid,
        i.paid_on AS said_paid_on,
        COALESCE(i.net, i.gross - COALESCE(i.tax, 0)) AS net,
        COALESCE(i.gross, i.net + COALESCE(i.tax, 0)) AS gross,
        -- some books print the total before the withheld tax is taken off, some after
        CASE
            WHEN COALESCE(i.withheld, 0) > 0 AND i.gross > i.net + i.tax - i.withheld THEN i.withheld
            ELSE 0
        END AS to_withhold
    FROM invoices AS i
),
owed AS (
    SELECT
        a.*,
        a.gross - a.to_withhold + COALESCE(c.credited, 0) AS owed,
        COALESCE(c.credited, 0) AS credited,
        COALESCE(r.arrived, 0) AS arrived,
        COALESCE(r.told, 0) AS told,
        COALESCE(r.kept, 0) AS kept,
        r.arrived_on,
        r.last_on,
        COALESCE(t.deal_count, 0) AS deal_count,
        a.kind <> 'proforma' AND a.status NOT IN ('draft', 'void') AS is_counted
    FROM amounts AS a
    LEFT JOIN credits AS c
        ON c.vendor = a.vendor
        AND c.id = a.id
    LEFT JOIN received AS r
        ON r.vendor = a.vendor
        AND r.id = a.id
    LEFT JOIN tied AS t
        ON t.vendor = a.vendor
        AND t.id = a.id
),
paid AS (
    SELECT
        o.*,
        GREATEST(
            COALESCE(o.said_paid, 0),
            o.arrived,
            LEAST(o.arrived + o.told, o.owed),
            CASE WHEN o.status = 'paid' THEN o.owed ELSE 0 END
        ) AS paid,
        GREATEST(
            COALESCE(o.said_paid, 0),
            o.arrived + o.kept,
            LEAST(o.arrived + o.told + o.kept, o.owed),
            CASE WHEN o.status = 'paid' THEN o.owed ELSE 0 END
        ) AS covered,
        GREATEST(
            COALESCE(t.amount, s.amount_tolerance),
            CAST(CAST(o.owed AS DECIMAL(20, 4)) * COALESCE(t.rate, 0) AS DECIMAL(18, 4)),
            LEAST(s.fee_tolerance, CAST(CAST(o.owed AS DECIMAL(20, 4)) * s.fee_tolerance_rate AS DECIMAL(18, 4)))
        ) AS may_lack,
        s.today,
        s.amount_tolerance
    FROM owed AS o
    LEFT JOIN customer_tolerances AS t
        ON t.vendor = o.vendor
        AND t.id = o.customer_id
    CROSS JOIN settings AS s
),
settled AS (
    SELECT
        p.*,
        p.status = 'paid' OR p.owed - p.covered <= p.may_lack AS is_settled,
        p.is_counted
            AND p.kind <> 'credit_note'
            AND p.status NOT IN ('paid', 'uncollectible')
            AND p.owed - p.covered > p.may_lack AS is_open
    FROM paid AS p
)
SELECT
    t.vendor,
    t.id,
    t.number,
    t.kind,
    t.status,
    t.customer_id,
    t.customer_name,
    t.customer_email,
    t.currency,
    t.issued_on,
    t.due_on,
    t.net,
    t.gross,
    CAST(t.credited AS DECIMAL(18, 4)) AS credited,
    CAST(t.owed AS DECIMAL(18, 4)) AS owed,
    CAST(t.paid AS DECIMAL(18, 4)) AS paid,
    CAST(t.arrived AS DECIMAL(18, 4)) AS arrived,
    CAST(t.kept AS DECIMAL(18, 4)) AS kept,
    CAST(t.told AS DECIMAL(18, 4)) AS told,
    CAST(CASE WHEN t.is_open THEN t.owed - t.covered ELSE 0 END AS DECIMAL(18, 4)) AS open_amount,
    CASE
        WHEN t.status = 'void' THEN 'void'
        WHEN t.kind IN ('proforma', 'credit_note') THEN t.kind
        WHEN t.status = 'draft' THEN 'waiting'
        WHEN t.is_settled THEN 'paid'
        WHEN t.status = 'uncollectible' THEN 'uncollectible'
        WHEN t.due_on < t.today THEN 'overdue'
        WHEN t.paid > t.amount_tolerance THEN 'partly_paid'
        WHEN t.sent_at IS NOT NULL OR t.status IN ('sent', 'partly_paid') THEN 'sent'
        ELSE 'waiting'
    END AS state,
    CASE WHEN t.is_open THEN GREATEST(0, COALESCE(DATE_DIFF('day', t.due_on, t.today), 0)) ELSE 0 END AS days_overdue,
    CASE
        WHEN t.arrived + t.kept + t.may_lack >= t.owed THEN COALESCE(t.arrived_on, t.last_on, t.said_paid_on)
        ELSE COALESCE(t.last_on, t.said_paid_on)
    END AS paid_on,
    t.sent_at IS NOT NULL OR t.status IN ('sent', 'partly_paid', 'paid') AS is_sent,
    t.is_counted,
    t.is_settled,
    t.deal_count,
    t.updated_at
FROM settled AS t
