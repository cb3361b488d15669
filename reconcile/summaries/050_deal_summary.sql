-- title: Every deal with what was invoiced and paid, what remains, and the invoice that speaks for it
-- reads: deals, lines, deal_invoices, invoice_summary, links, customer_tolerances, settings
-- needs: deals
-- key:   vendor, id
-- why:   One row to compare and to write back. Of several invoices the most recently updated one is named; count and
--        sum stay beside it so that no money hides. `verdict` is the one place where amounts are judged. What an invoice
--        takes off as the customer's agreed discount (the article customer-discount) is not missing from it.
-- columns:
--   vendor: vendor of the deal
--   id: the deal
--   status: open, won or lost
--   amount: worth of the deal, in currency
--   currency: ISO 4217 currency of all amounts here
--   invoices: invoices that stand
--   invoiced_net: their net, credit notes taken off
--   invoiced_gross: their gross, credit notes taken off
--   basis: net or gross: what the deal's amount is compared with
--   invoiced: invoiced_net or invoiced_gross, by basis
--   drafts: drafted invoices
--   drafted: their total, by basis
--   paid: paid of the invoices, tax included
--   open_amount: still to come of the invoices, tax included
--   remaining: amount less invoiced and less agreed discounts; negative if too much; empty if the currencies differ
--   verdict: agrees, none, drafted, part, differs, over, currency or unknown
--   is_rounded: the deal's amount is the invoices', rounded to what the settings say; its verdict is differs
--   currency_differs: an invoice is in another currency
--   is_paid: all its invoices are paid
--   first_issued_on: day of the first invoice
--   candidates: invoices that are suggested for it
--   invoice_vendor: vendor of the invoice that speaks for the deal
--   invoice_id: that invoice: the one updated last
--   invoice_number: its number
--   invoice_status: its state as people see it
--   invoice_due_on: its due date
--   invoice_recipient: who it was made out to
--   paid_on: value date of the last payment, once all is paid
--   invoice_currency: currency of that invoice
WITH priced AS (
    SELECT
        l.vendor,
        l.document_id AS id,
        SUM(l.net) AS net,
        SUM(
            l.net + CAST(CAST(CAST(l.net AS DECIMAL(20, 4)) * COALESCE(l.tax_rate, 0) AS DECIMAL(30, 6)) * 0.01 AS DECIMAL(18, 4))
        ) AS gross,
        COUNT(*) AS lines,
        COUNT(l.tax_rate) AS taxed
    FROM lines AS l
    WHERE l.document = 'deal'
    GROUP BY l.vendor, l.document_id
),
billed AS (
    SELECT
        b.deal_vendor AS vendor,
        b.deal_id AS id,
        COUNT(CASE WHEN b.is_counted AND b.kind <> 'credit_note' THEN 1 END) AS invoices,
        COUNT(CASE WHEN b.is_counted AND b.kind = 'recurring' THEN 1 END) AS recurring,
        COUNT(CASE WHEN b.is_counted AND b.kind IN ('deposit', 'final') THEN 1 END) AS parts,
        COUNT(CASE WHEN b.status = 'draft' AND b.kind NOT IN ('credit_note', 'proforma') THEN 1 END) AS drafts,
        SUM(CASE WHEN b.is_counted AND b.currency = d.currency THEN b.net ELSE 0 END) AS net,
        SUM(CASE WHEN b.is_counted AND b.currency = d.currency THEN b.gross ELSE 0 END) AS gross,
        SUM(CASE WHEN b.status = 'draft' AND b.currency = d.currency THEN b.net ELSE 0 END) AS drafted_net,
        SUM(CASE WHEN b.status = 'draft' AND b.currency = d.currency THEN b.gross ELSE 0 END) AS drafted_gross,
        SUM(CASE WHEN b.is_counted AND b.currency = d.currency AND b.kind <> 'credit_note' THEN b.paid ELSE 0 END) AS paid,
        SUM(CASE WHEN b.is_counted AND b.currency = d.currency THEN b.open_amount ELSE 0 END) AS open_amount,
        MAX(CASE WHEN b.is_counted AND b.currency <> d.currency THEN 1 ELSE 0 END) AS currency_differs,
        MIN(CASE WHEN b.is_counted AND b.kind <> 'credit_note' AND b.state <> 'paid' THEN 0 ELSE 1 END) AS all_paid,
        MIN(CASE WHEN b.is_counted AND b.kind <> 'credit_note' THEN b.issued_on END) AS first_issued_on,
        MAX(CASE WHEN b.is_counted THEN b.paid_on END) AS paid_on,
        COUNT(CASE WHEN b.state <> 'void' AND b.kind NOT IN ('credit_note', 'proforma') THEN 1 END) AS voices
    FROM deal_invoices AS b
    JOIN deals AS d
        ON d.vendor = b.deal_vendor
        AND d.id = b.deal_id
    GROUP BY b.deal_vendor, b.deal_id
),
discounted AS (
    SELECT
        b.deal_vendor AS vendor,
        b.deal_id AS id,
        CAST(CAST(l.net AS DECIMAL(20, 4)) * b.share AS DECIMAL(18, 4)) AS net,
        COALESCE(l.tax_rate, 0) AS tax_rate
    FROM lines AS l
    JOIN deal_invoices AS b
        ON b.invoice_vendor = l.vendor
        AND b.invoice_id = l.document_id
    JOIN deals AS d
        ON d.vendor = b.deal_vendor
        AND d.id = b.deal_id
        AND d.currency = b.currency
    WHERE l.document = 'invoice'
    AND l.sku = 'customer-discount'
    AND (b.is_counted OR b.status = 'draft')
),
discounts AS (
    SELECT
        t.vendor,
        t.id,
        -SUM(t.net) AS net,
        -SUM(
            t.net + CAST(CAST(CAST(t.net AS DECIMAL(20, 4)) * t.tax_rate AS DECIMAL(30, 6)) * 0.01 AS DECIMAL(18, 4))
        ) AS gross
    FROM discounted AS t
    GROUP BY t.vendor, t.id
),
-- only where several invoices could speak for the deal has one to be chosen
contested AS (
    SELECT
        v.deal_vendor AS vendor,
        v.deal_id AS id,
        v.invoice_vendor,
        v.invoice_id,
        ROW_NUMBER() OVER (
            PARTITION BY v.deal_vendor, v.deal_id
            ORDER BY
                v.is_counted DESC,
                i.updated_at DESC NULLS LAST,
                i.issued_on DESC NULLS LAST,
                i.number DESC NULLS LAST,
                i.id
        ) AS place
    FROM deal_invoices AS v
    JOIN billed AS b
        ON b.vendor = v.deal_vendor
        AND b.id = v.deal_id
        AND b.voices > 1
    JOIN invoice_summary AS i
        ON i.vendor = v.invoice_vendor
        AND i.id = v.invoice_id
    WHERE v.state <> 'void'
    AND v.kind NOT IN ('credit_note', 'proforma')
),
speaking AS (
    SELECT c.vendor, c.id, c.invoice_vendor, c.invoice_id
    FROM contested AS c
    WHERE c.place = 1
    UNION ALL
    SELECT v.deal_vendor, v.deal_id, v.invoice_vendor, v.invoice_id
    FROM deal_invoices AS v
    JOIN billed AS b
        ON b.vendor = v.deal_vendor
        AND b.id = v.deal_id
        AND b.voices = 1
    WHERE v.state <> 'void'
    AND v.kind NOT IN ('credit_note', 'proforma')
),
named AS (
    SELECT
        k.vendor,
        k.id,
        i.vendor AS invoice_vendor,
        i.id AS invoice_id,
        i.number,
        i.state,
        i.due_on,
        COALESCE(i.customer_name, i.customer_email) AS recipient,
        i.currency
    FROM speaking AS k
    JOIN invoice_summary AS i
        ON i.vendor = k.invoice_vendor
        AND i.id = k.invoice_id
),
maybe AS (
    SELECT l.left_vendor AS vendor, l.left_id AS id, COUNT(*) AS candidates
    FROM links AS l
    WHERE l.left_table = 'deals'
    AND l.right_table = 'invoices'
    AND l.status = 'suggested'
    GROUP BY l.left_vendor, l.left_id
),
compared AS (
    SELECT
        d.vendor,
        d.id,
        d.status,
        d.amount,
        d.currency,
        d.billing,
        COALESCE(b.invoices, 0) AS invoices,
        COALESCE(b.recurring, 0) AS recurring,
        COALESCE(b.parts, 0) AS parts,
        CAST(COALESCE(b.net, 0) AS DECIMAL(18, 4)) AS invoiced_net,
        CAST(COALESCE(b.gross, 0) AS DECIMAL(18, 4)) AS invoiced_gross,
        CAST(COALESCE(b.paid, 0) AS DECIMAL(18, 4)) AS paid,
        CAST(COALESCE(b.open_amount, 0) AS DECIMAL(18, 4)) AS open_amount,
        COALESCE(b.drafts, 0) AS drafts,
        CAST(COALESCE(b.drafted_net, 0) AS DECIMAL(18, 4)) AS drafted_net,
        CAST(COALESCE(b.drafted_gross, 0) AS DECIMAL(18, 4)) AS drafted_gross,
        COALESCE(b.currency_differs, 0) = 1 AS currency_differs,
        COALESCE(b.all_paid, 0) = 1 AS all_paid,
        b.first_issued_on,
        b.paid_on,
        GREATEST(
            COALESCE(t.amount, s.amount_tolerance),
            CAST(CAST(ABS(d.amount) AS DECIMAL(20, 4)) * COALESCE(t.rate, s.amount_tolerance_rate) AS DECIMAL(18, 4))
        ) AS tolerance,
        s.amount_tolerance,
        s.part_rate,
        s.rounded_to,
        d.amount_is,
        d.amount - COALESCE(x.net, 0) AS due_net,
        d.amount - COALESCE(x.gross, 0) AS due_gross,
        p.net AS lines_net,
        CASE WHEN p.lines = p.taxed THEN p.gross END AS lines_gross
    FROM deals AS d
    LEFT JOIN billed AS b
        ON b.vendor = d.vendor
        AND b.id = d.id
    LEFT JOIN priced AS p
        ON p.vendor = d.vendor
        AND p.id = d.id
    LEFT JOIN discounts AS x
        ON x.vendor = d.vendor
        AND x.id = d.id
    LEFT JOIN customer_tolerances AS t
        ON t.vendor = d.vendor
        AND t.id = d.customer_id
    CROSS JOIN settings AS s
),
based AS (
    SELECT
        c.*,
        -- What a CRM says of its amounts holds for most: where the invoices fit the other way, somebody typed the gross.
        CASE
            WHEN ABS(c.due_net - c.invoiced_net) <= c.tolerance THEN 'net'
            WHEN c.invoices > 0 AND ABS(c.due_gross - c.invoiced_gross) <= c.tolerance THEN 'gross'
            WHEN c.amount_is IN ('net', 'gross') THEN c.amount_is
            WHEN ABS(c.amount - c.lines_net) <= c.tolerance THEN 'net'
            WHEN ABS(c.amount - c.lines_gross) <= c.tolerance THEN 'gross'
            ELSE 'net'
        END AS basis
    FROM compared AS c
),
taken AS (
    SELECT
        b.*,
        CASE WHEN b.basis = 'gross' THEN b.due_gross ELSE b.due_net END AS due,
        CASE WHEN b.basis = 'gross' THEN b.invoiced_gross ELSE b.invoiced_net END AS invoiced,
        CASE WHEN b.basis = 'gross' THEN b.drafted_gross ELSE b.drafted_net END AS drafted
    FROM based AS b
),
-- a whole number of hundreds in the CRM, and less than half a hundred beside it on the invoices; a whole percent less is
-- a discount
measured AS (
    SELECT
        t.*,
        COALESCE(
            t.invoices > 0
            AND t.rounded_to > 0
            AND t.amount > 0
            AND t.amount % NULLIF(t.rounded_to, 0) = 0
            AND ABS(t.due - t.invoiced) > t.tolerance
            AND CAST(ABS(t.due - t.invoiced) AS DECIMAL(20, 4)) * 2 < t.rounded_to
            AND CAST(ABS(t.due - t.invoiced) AS DECIMAL(20, 4)) * 10 <= t.amount
            AND (t.due < t.invoiced OR CAST(t.due - t.invoiced AS DECIMAL(20, 4)) * 100 % NULLIF(t.amount, 0) <> 0),
            FALSE
        ) AND NOT t.currency_differs AS is_rounded
    FROM taken AS t
)
SELECT
    m.vendor,
    m.id,
    m.status,
    m.amount,
    m.currency,
    m.invoices,
    m.invoiced_net,
    m.invoiced_gross,
    m.basis,
    m.invoiced,
    m.drafts,
    m.drafted,
    m.paid,
    m.open_amount,
    CASE WHEN m.currency_differs THEN NULL ELSE m.due - m.invoiced END AS remaining,
    CASE
        WHEN m.currency_differs THEN 'currency'
        WHEN m.amount IS NULL AND m.invoices > 0 THEN 'unknown'
        WHEN m.drafts > 0
            AND m.due > m.invoiced + m.tolerance
            AND m.due <= m.invoiced + m.drafted + m.tolerance THEN 'drafted'
        WHEN m.invoices = 0 AND m.drafts > 0 THEN 'drafted'
        WHEN m.invoices = 0 OR (ABS(m.invoiced) <= m.amount_tolerance AND m.amount > m.tolerance) THEN 'none'
        WHEN ABS(m.due - m.invoiced) <= m.tolerance THEN 'agrees'
        WHEN (m.recurring > 0 OR m.billing = 'recurring') AND m.invoiced > m.due THEN 'agrees'
        WHEN m.is_rounded THEN 'differs'
        WHEN m.invoices = 1
            AND m.recurring + m.parts = 0
            AND COALESCE(m.billing, 'once') = 'once'
            AND ABS(m.due - m.invoiced) <= CAST(m.amount AS DECIMAL(20, 4)) * m.part_rate THEN 'differs'
        WHEN m.due > m.invoiced THEN 'part'
        ELSE 'over'
    END AS verdict,
    m.is_rounded,
    m.currency_differs,
    m.invoices > 0 AND m.drafts = 0 AND m.all_paid AS is_paid,
    m.first_issued_on,
    COALESCE(y.candidates, 0) AS candidates,
    r.invoice_vendor,
    r.invoice_id,
    r.number AS invoice_number,
    r.state AS invoice_status,
    r.due_on AS invoice_due_on,
    r.recipient AS invoice_recipient,
    CASE WHEN m.invoices > 0 AND m.drafts = 0 AND m.all_paid THEN m.paid_on END AS paid_on,
    r.currency AS invoice_currency
FROM measured AS m
LEFT JOIN named AS r
    ON r.vendor = m.vendor
    AND r.id = m.id
LEFT JOIN maybe AS y
    ON y.vendor = m.vendor
    AND y.id = m.id
