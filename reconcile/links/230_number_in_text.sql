-- title:      Invoice number in the payment's text
-- pairs:      payments invoices
-- confidence: 0.995
-- reads:      link_payments, link_invoices, free_payments, payment_keys, invoice_keys
-- why:        The payer wrote the number, or the bank carried it as structured reference. Blanks, dashes and capitals do
--             not matter; several numbers are several invoices. A few bare digits may be a date or a contract, and a number
--             of somebody else a slip of a customer who owes this very amount, or of one whose money is no usual part of
--             that invoice: then the amount or the payer must agree. Nobody pays a void invoice, and money for a pro-forma
--             is for the invoice after it.
WITH told AS (
  SELECT
    p.n,
    k.key,
    i.n AS invoice,
    -- letters and digits, or many digits
    (regexp_matches(k.key, '[A-Z]') AND length(k.key) >= 4) OR length(k.key) >= 9 AS is_telling,
    coalesce(p.name_key IN (i.name_key, i.legal_key) OR p.tax_key = i.tax_key, FALSE) AS is_payer,
    i.name_key AS customer_key,
    p.name_key,
    p.tax_key,
    p.currency = i.currency AS is_comparable,
    p.currency,
    p.amount,
    i.gross,
    coalesce(p.paid_on >= i.issued_on - 10, TRUE) AS is_timely
  FROM free_payments AS f
  INNER JOIN link_payments AS p
    ON p.n = f.n
  INNER JOIN payment_keys AS k
    ON k.n = p.n
  INNER JOIN invoice_keys AS j
    ON j.key = k.key
  INNER JOIN link_invoices AS i
    ON i.n = j.n
  WHERE j.exactness = 3
    AND p.amount > 0
    AND i.gross > 0
    AND coalesce(i.status, '') <> 'void'
    AND coalesce(i.kind, '') <> 'proforma'
),
summed AS (
  SELECT
    t.*,
    sum(t.gross) OVER (PARTITION BY t.n) AS total
  FROM told AS t
),
measured AS (
  SELECT
    s.*,
    s.is_comparable AND (abs(s.amount - s.total) <= 500 OR abs(s.amount - s.gross) <= 500) AS is_equal,
    s.is_comparable AND s.amount BETWEEN s.total * 0.9 AND s.total + 500 AS is_near
  FROM summed AS s
),
strange AS (
  SELECT
    m.*,
    -- one of up to twelve equal parts, or a multiple of 5 %
    m.is_comparable AND m.amount < m.gross AND (
      (m.gross / m.amount < 12.5 AND abs(m.amount * round(m.gross / m.amount) - m.gross) <= 500)
      OR abs(m.amount - m.gross * round(m.amount / m.gross * 20) / 20) <= 500
    ) AS is_usual
  FROM measured AS m
  WHERE NOT m.is_payer
    AND NOT m.is_near
),
-- payers who are customers themselves, or called much like one, and this amount is what an invoice of theirs is for; and
-- customers of quite another name whose money is no usual part of this invoice
others AS (
  SELECT DISTINCT s.n
  FROM strange AS s
  INNER JOIN link_invoices AS i
    ON i.tax_key = s.tax_key
  WHERE NOT s.is_usual
    OR (i.gross = s.amount AND i.currency = s.currency)
  UNION
  SELECT DISTINCT s.n
  FROM strange AS s
  INNER JOIN link_invoices AS i
    ON i.gross = s.amount
    AND i.currency = s.currency
  WHERE jaro_winkler_similarity(i.name_key, s.name_key) >= 0.85
  UNION
  SELECT DISTINCT s.n
  FROM strange AS s
  INNER JOIN link_invoices AS i
    ON i.name_key = s.name_key
  WHERE NOT s.is_usual
    AND jaro_winkler_similarity(s.customer_key, s.name_key) < 0.85
),
credible AS (
  SELECT
    m.*,
    4 * CAST(m.is_payer AS INTEGER) + 2 * CAST(m.is_equal AS INTEGER) + CAST(m.is_timely AS INTEGER) AS agrees
  FROM measured AS m
  LEFT JOIN others AS o
    ON o.n = m.n
  WHERE m.is_payer
    OR m.is_equal
    OR (m.is_telling AND (o.n IS NULL OR m.is_near))
),
-- of several invoices of one number, those that fit best; none where nothing but the number fits
ranked AS (
  SELECT
    c.n,
    c.invoice,
    c.agrees,
    max(c.agrees) OVER (PARTITION BY c.n, c.key) AS most,
    count(*) OVER (PARTITION BY c.n, c.key) AS rivals
  FROM credible AS c
)
SELECT DISTINCT
  r.n AS left_n,
  r.invoice AS right_n
FROM ranked AS r
WHERE r.agrees = r.most
  AND (r.rivals = 1 OR r.agrees >= 2)
