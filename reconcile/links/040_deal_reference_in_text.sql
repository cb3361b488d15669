-- title:      Deal reference somewhere in the invoice's text
-- pairs:      deals invoices
-- confidence: 0.99
-- reads:      link_deals, link_invoices, free_invoices, deal_keys, invoice_text_keys, same_customer
-- needs:      deal_keys, invoice_text_keys
-- why:        "ref. q-2024-105849" is still that order. Letters may be lost, so the customer or the amount must agree,
--             and only the fullest form found counts. Of several deals with one reference it is the one of the invoice's
--             amount, or all that add up to the invoice; else amounts decide later.
WITH named AS (
  SELECT
    d.n AS deal,
    i.n AS invoice,
    k.key,
    d.amount,
    i.net,
    i.gross,
    d.currency = i.currency AND (i.net = d.amount OR i.gross = d.amount) AS is_equal
  FROM free_invoices AS f
  INNER JOIN link_invoices AS i
    ON i.n = f.n
  INNER JOIN invoice_text_keys AS t
    ON t.n = i.n
  INNER JOIN deal_keys AS k
    ON k.key = t.key
  INNER JOIN link_deals AS d
    ON d.n = k.n
  LEFT JOIN same_customer AS s
    ON s.crm = d.party
    AND s.billing = i.party
  WHERE k.exactness >= 1
    AND (
      s.trust >= 0.2
      OR (
        k.exactness = 3
        AND (i.net = d.amount OR i.gross = d.amount)
      )
      OR (
        k.exactness = 3
        AND (d.party IS NULL OR i.party IS NULL)
      )
    )
  QUALIFY k.exactness = max(k.exactness) OVER (PARTITION BY i.n)
),
counted AS (
  SELECT
    n.*,
    count(*) OVER (PARTITION BY n.invoice, n.key) AS deals,
    count(CASE WHEN n.is_equal THEN 1 END) OVER (PARTITION BY n.invoice, n.key) AS equals,
    sum(n.amount) OVER (PARTITION BY n.invoice, n.key) AS total
  FROM named AS n
)
SELECT
  c.deal AS left_n,
  c.invoice AS right_n
FROM counted AS c
WHERE c.deals = 1
  OR (c.equals = 1 AND c.is_equal)
  OR (c.equals = 0 AND (abs(c.total - c.net) <= 500 OR abs(c.total - c.gross) <= 500))
