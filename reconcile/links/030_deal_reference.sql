-- title:      Deal reference printed on the invoice
-- pairs:      deals invoices
-- confidence: 0.995
-- reads:      link_deals, link_invoices, free_invoices, same_customer
-- needs:      link_deals, link_invoices
-- why:        Order and project numbers are exchanged so that both sides find each other. Written alike but for blanks,
--             dashes and capitals. A slip may hit somebody else's order, so the customer or the amount must agree. Where
--             several deals carry it (a framework order, "pending") it is the one of the invoice's amount, or all that
--             add up to the invoice; else amounts decide later.
WITH named AS (
  SELECT
    d.n AS deal,
    i.n AS invoice,
    d.amount,
    i.net,
    i.gross,
    d.currency = i.currency AND (i.net = d.amount OR i.gross = d.amount) AS is_equal
  FROM free_invoices AS f
  INNER JOIN link_invoices AS i
    ON i.n = f.n
  INNER JOIN link_deals AS d
    ON d.reference_key = i.reference_key
  LEFT JOIN same_customer AS s
    ON s.crm = d.party
    AND s.billing = i.party
  WHERE s.trust >= 0.2
    OR i.net = d.amount
    OR i.gross = d.amount
    OR d.party IS NULL
    OR i.party IS NULL
),
counted AS (
  SELECT
    n.*,
    count(*) OVER (PARTITION BY n.invoice) AS deals,
    count(CASE WHEN n.is_equal THEN 1 END) OVER (PARTITION BY n.invoice) AS equals,
    sum(n.amount) OVER (PARTITION BY n.invoice) AS total
  FROM named AS n
)
SELECT
  c.deal AS left_n,
  c.invoice AS right_n
FROM counted AS c
WHERE c.deals = 1
  OR (c.equals = 1 AND c.is_equal)
  OR (c.equals = 0 AND (abs(c.total - c.net) <= 500 OR abs(c.total - c.gross) <= 500))
