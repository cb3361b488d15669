-- title:      Bank line that is a gateway's payout
-- pairs:      payments payouts
-- single:     both
-- confidence: 0.99
-- reads:      link_payments, link_payouts
-- needs:      link_payments, link_payouts
-- why:        A payout bundles many customers' payments less fees: the bank line is no new money. The amount is the same
--             to the cent, the day near, and the line names the gateway or the payout's reference.
SELECT
  p.n AS left_n,
  o.n AS right_n
FROM link_payouts AS o
INNER JOIN link_payments AS p
  ON p.amount = o.amount
  AND p.currency = o.currency
WHERE p.vendor <> o.vendor
  AND p.paid_on BETWEEN o.arrives_on - 3 AND o.arrives_on + 7
  AND (
    -- as words of their own: STRIPES TEXTIL is a customer
    regexp_matches(
      upper(concat_ws(' ', p.name, p.reference, p.invoice_reference)),
      '(^|[^A-Z0-9])(' || concat_ws('|', regexp_escape(upper(o.vendor)), regexp_escape(upper(nullif(trim(o.reference), ''))))
        || ')($|[^A-Z0-9])'
    )
    OR contains(concat_ws(' ', p.reference, p.invoice_reference), o.id)
  )
QUALIFY abs(date_diff('day', o.arrives_on, p.paid_on))
  = min(abs(date_diff('day', o.arrives_on, p.paid_on))) OVER (PARTITION BY p.n)
