-- title: Which invoice bills which deal, and how much of it
-- reads: links, deals, invoices, invoice_summary, settings
-- key:   deal_vendor, deal_id, invoice_vendor, invoice_id
-- why:   One invoice may bill several deals: each has its share, by the amounts of the links where they add up to the
--        invoice, else by the deals' own worth. A credit note goes where the invoice went that it corrects.
WITH tied AS (
    SELECT
        l.left_vendor AS deal_vendor,
        l.left_id AS deal_id,
        l.right_vendor AS invoice_vendor,
        l.right_id AS invoice_id,
        MAX(l.amount) AS linked
    FROM links AS l
    WHERE l.left_table = 'deals'
    AND l.right_table = 'invoices'
    AND l.status IN ('automatic', 'confirmed')
    GROUP BY l.left_vendor, l.left_id, l.right_vendor, l.right_id
),
weighed AS (
    SELECT
        t.*,
        i.gross,
        i.net,
        d.amount,
        COUNT(*) OVER (PARTITION BY t.invoice_vendor, t.invoice_id) AS deals,
        COUNT(t.linked) OVER (PARTITION BY t.invoice_vendor, t.invoice_id) AS linked_deals,
        SUM(t.linked) OVER (PARTITION BY t.invoice_vendor, t.invoice_id) AS all_linked,
        SUM(ABS(d.amount)) OVER (PARTITION BY t.invoice_vendor, t.invoice_id) AS all_amounts
    FROM tied AS t
    JOIN invoice_summary AS i
        ON i.vendor = t.invoice_vendor
        AND i.id = t.invoice_id
    JOIN deals AS d
        ON d.vendor = t.deal_vendor
        AND d.id = t.deal_id
),
shared AS (
    SELECT
        w.deal_vendor,
        w.deal_id,
        w.invoice_vendor,
        w.invoice_id,
        CAST(
            CASE
                WHEN w.deals = 1 THEN 1
                WHEN w.linked_deals = w.deals AND w.gross <> 0 AND ABS(w.all_linked - w.gross) <= s.amount_tolerance
                    THEN w.linked / w.gross
                WHEN w.linked_deals = w.deals AND w.net <> 0 AND ABS(w.all_linked - w.net) <= s.amount_tolerance
                    THEN w.linked / w.net
                WHEN w.all_amounts > 0 THEN ABS(COALESCE(w.amount, 0)) / w.all_amounts
                ELSE 1.0 / w.deals
            END AS DECIMAL(18, 8)
        ) AS share
    FROM weighed AS w
    CROSS JOIN settings AS s
),
credited AS (
    SELECT h.deal_vendor, h.deal_id, c.vendor AS invoice_vendor, c.id AS invoice_id, h.share
    FROM shared AS h
    JOIN invoices AS c
        ON c.vendor = h.invoice_vendor
        AND c.corrects_id = h.invoice_id
        AND c.kind = 'credit_note'
    LEFT JOIN shared AS own
        ON own.invoice_vendor = c.vendor
        AND own.invoice_id = c.id
    WHERE own.invoice_id IS NULL
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
    i.state,
    i.is_counted,
    i.currency,
    CAST(CAST(i.net AS DECIMAL(20, 4)) * b.share AS DECIMAL(18, 4)) AS net,
    CAST(CAST(i.gross AS DECIMAL(20, 4)) * b.share AS DECIMAL(18, 4)) AS gross,
    CAST(CAST(i.paid AS DECIMAL(20, 4)) * b.share AS DECIMAL(18, 4)) AS paid,
    CAST(CAST(i.open_amount AS DECIMAL(20, 4)) * b.share AS DECIMAL(18, 4)) AS open_amount
FROM billing AS b
JOIN invoice_summary AS i
    ON i.vendor = b.invoice_vendor
    AND i.id = b.invoice_id
