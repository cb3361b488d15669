-- title: Accepted quotes that neither a won deal nor an invoice speaks of
-- reads: quotes, deals, deal_summary, billing_plans, customer_pairs, invoice_summary, settings
-- key:   vendor, id
-- why:   Of a won deal its own checks tell; here are quotes without a deal and quotes whose deal was never marked as won.
--        An invoice of its deal, or of that customer with the same amount, issued since, is taken for the quote's. What is
--        billed by a plan is due by its parts.
-- columns:
--   vendor: vendor of the quote
--   id: the quote
--   number: number people know
--   quote_title: title of the quote
--   deal_id: its deal, same vendor, which is open; empty where it has none
--   customer_id: its customer, or its deal's
--   amount: gross; net, or the deal's amount, where the quote does not say
--   currency: ISO 4217 currency
--   accepted_on: day it was accepted
--   deal_title: title of its deal
--   deal_status: open, or empty without a deal
--   updated_at: last changed, UTC
WITH accepted AS (
    SELECT
        q.vendor,
        q.id,
        q.number,
        q.title,
        q.deal_id,
        q.customer_id,
        q.currency,
        q.net,
        q.gross,
        q.updated_at,
        COALESCE(q.accepted_on, CAST(q.updated_at AS DATE), q.valid_until_on) AS accepted_on
    FROM quotes AS q
    WHERE q.status = 'accepted'
    AND COALESCE(q.gross, q.net, 1) > 0
),
pending AS (
    SELECT
        a.*,
        d.title AS deal_title,
        d.status AS deal_status,
        d.amount AS deal_amount,
        COALESCE(a.customer_id, d.customer_id) AS buyer_id
    FROM accepted AS a
    LEFT JOIN deals AS d
        ON d.vendor = a.vendor
        AND d.id = a.deal_id
    WHERE a.deal_id IS NULL
    OR d.status = 'open'
),
buyers AS (
    SELECT p.vendor, p.id, p.vendor AS billing_vendor, p.buyer_id AS billing_id
    FROM pending AS p
    UNION
    SELECT p.vendor, p.id, k.billing_vendor, k.billing_id
    FROM pending AS p
    JOIN customer_pairs AS k
        ON k.crm_vendor = p.vendor
        AND k.crm_id = p.buyer_id
),
invoiced AS (
    SELECT DISTINCT p.vendor, p.id
    FROM pending AS p
    JOIN buyers AS b
        ON b.vendor = p.vendor
        AND b.id = p.id
    JOIN invoice_summary AS m
        ON m.vendor = b.billing_vendor
        AND m.customer_id = b.billing_id
        AND m.currency = p.currency
    CROSS JOIN settings AS s
    WHERE m.status <> 'void'
    AND m.kind NOT IN ('credit_note', 'proforma')
    AND COALESCE(m.issued_on, s.today) >= p.accepted_on - 30
    AND (
        ABS(m.net - COALESCE(p.net, p.deal_amount)) <= s.amount_tolerance
        OR ABS(m.gross - COALESCE(p.gross, p.net, p.deal_amount)) <= s.amount_tolerance
        OR m.kind IN ('deposit', 'final')
    )
)
SELECT
    p.vendor,
    p.id,
    p.number,
    p.title AS quote_title,
    p.deal_id,
    p.buyer_id AS customer_id,
    COALESCE(p.gross, p.net, p.deal_amount, 0) AS amount,
    p.currency,
    p.accepted_on,
    p.deal_title,
    p.deal_status,
    p.updated_at
FROM pending AS p
LEFT JOIN invoiced AS i
    ON i.vendor = p.vendor
    AND i.id = p.id
LEFT JOIN deal_summary AS b
    ON b.vendor = p.vendor
    AND b.id = p.deal_id
LEFT JOIN billing_plans AS k
    ON k.vendor = p.vendor
    AND k.id = p.deal_id
WHERE i.id IS NULL
AND COALESCE(b.invoices + b.drafts, 0) = 0
AND k.id IS NULL
