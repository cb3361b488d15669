-- title: Which invoice bills which deal, and how much of it
-- reads: deal_links, deals, invoices, invoice_summary, settings
-- needs: invoice_summary
-- key:   deal_vendor, deal_id, invoice_vendor, invoice_id
-- why:   One invoice may bill several deals: each has its share, by the amounts of the links where they add up to the
--        invoice, else by the deals' own worth. A credit note goes where the invoice went that it corrects.
-- columns:
--   deal_vendor: vendor of the deal
--   deal_id: the deal
--   invoice_vendor: vendor of the invoice
--   invoice_id: the invoice
--   share: part of the invoice that bills this deal, 1 for all
--   kind: sort of document
--   status: as billing says
--   state: as people see it
--   is_counted: stands: no draft, void or pro-forma
--   currency: ISO 4217 currency of the amounts
--   issued_on: issue date
--   paid_on: value date of the last payment
--   net: this deal's share of the net
--   gross: its share of the gross
--   paid: its share of what was paid
--   open_amount: its share of what is open
WITH several AS (
    SELECT
        t.invoice_vendor,
        t.invoice_id,
        COUNT(*) AS deals,
        COUNT(t.linked) AS linked_deals,
        SUM(t.linked) AS all_linked,
        SUM(ABS(d.amount)) AS all_amounts
    FROM deal_links AS t
    JOIN deals AS d
        ON d.vendor = t.deal_vendor
        AND d.id = t.deal_id
    JOIN invoice_summary AS i
        ON i.vendor = t.invoice_vendor
        AND i.id = t.invoice_id
        AND i.deal_count > 1
    GROUP BY t.invoice_vendor, t.invoice_id
),
shares AS (
    SELECT
        t.deal_vendor,
        t.deal_id,
        t.invoice_vendor,
        t.invoice_id,
        CAST(
            CASE
                WHEN v.linked_deals = v.deals AND i.gross <> 0 AND ABS(v.all_linked - i.gross) <= s.amount_tolerance
                    THEN t.linked / i.gross
                WHEN v.linked_deals = v.deals AND i.net <> 0 AND ABS(v.all_linked - i.net) <= s.amount_tolerance
                    THEN t.linked / i.net
                WHEN v.all_amounts > 0 THEN ABS(COALESCE(d.amount, 0)) / v.all_amounts
                ELSE 1.0 / v.deals
            END AS DECIMAL(18, 8)
        ) AS share
    FROM deal_links AS t
    JOIN several AS v
        ON v.invoice_vendor = t.invoice_vendor
        AND v.invoice_id = t.invoice_id
    JOIN invoice_summary AS i
        ON i.vendor = t.invoice_vendor
        AND i.id = t.invoice_id
    JOIN deals AS d
        ON d.vendor = t.deal_vendor
        AND d.id = t.deal_id
    CROSS JOIN settings AS s
),
shared AS (
    SELECT t.deal_vendor, t.deal_id, t.invoice_vendor, t.invoice_id, CAST(1 AS DECIMAL(18, 8)) AS share
    FROM deal_links AS t
    JOIN invoice_summary AS i
        ON i.vendor = t.invoice_vendor
        AND i.id = t.invoice_id
        AND i.deal_count = 1
    UNION ALL
    SELECT h.deal_vendor, h.deal_id, h.invoice_vendor, h.invoice_id, h.share
    FROM shares AS h
),
credited AS (
    SELECT h.deal_vendor, h.deal_id, c.vendor AS invoice_vendor, c.id AS invoice_id, h.share
    FROM invoices AS c
    JOIN shared AS h
        ON h.invoice_vendor = c.vendor
        AND h.invoice_id = c.corrects_id
    JOIN invoice_summary AS own
        ON own.vendor = c.vendor
        AND own.id = c.id
        AND own.deal_count = 0
    WHERE c.kind = 'credit_note'
    AND c.corrects_id IS NOT NULL
),
billing AS (
    SELECT h.deal_vendor, h.deal_id, h.invoice_vendor, h.invoice_id, h.share FROM shared AS h
    UNION ALL
    SELECT c.deal_vendor, c.deal_id, c.invoice_vendor, c.invoice_id, c.share FROM credited AS c
)
SELECT
    b.deal_vendor,
    b.deal_id,
    b.invoice_vendor,
    b.invoice_id,
    b.share,
    i.kind,
    i.status,
    i.state,
    i.is_counted,
    i.currency,
    i.issued_on,
    i.paid_on,
    CASE WHEN b.share = 1 THEN i.net ELSE CAST(CAST(i.net AS DECIMAL(20, 4)) * b.share AS DECIMAL(18, 4)) END AS net,
    CASE WHEN b.share = 1 THEN i.gross ELSE CAST(CAST(i.gross AS DECIMAL(20, 4)) * b.share AS DECIMAL(18, 4)) END AS gross,
    CASE WHEN b.share = 1 THEN i.paid ELSE CAST(CAST(i.paid AS DECIMAL(20, 4)) * b.share AS DECIMAL(18, 4)) END AS paid,
    CASE
        WHEN b.share = 1 THEN i.open_amount
        ELSE CAST(CAST(i.open_amount AS DECIMAL(20, 4)) * b.share AS DECIMAL(18, 4))
    END AS open_amount
FROM billing AS b
JOIN invoice_summary AS i
    ON i.vendor = b.invoice_vendor
    AND i.id = b.invoice_id
