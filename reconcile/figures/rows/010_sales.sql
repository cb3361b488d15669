-- title: Every deal with its customer, salesperson and stage, what was invoiced and paid of it, and how long that took
-- reads: deals, deal_summary, customer_heads, settings
-- key:   vendor, id
-- why:   Conversion and days, by salesperson, stage and month, for any period, are sums over it.
-- columns:
--   vendor: vendor of the deal
--   id: the deal
--   customer_vendor: vendor of the record that stands for the customer
--   customer_id: that record
--   owner_id: salesperson; empty if none
--   stage: stage of the pipeline; empty if none
--   status: open, won or lost
--   on_day: day it was won; of an open or lost deal the day it was created
--   currency: ISO 4217 currency of the amounts
--   amount: worth of the deal
--   invoiced: invoiced of it, with or without tax as the deal's own amount is
--   paid: paid of that, in the same measure
--   basis: net or gross: what the amount is compared with
--   verdict: agrees, none, drafted, part, differs, over, currency or unknown
--   is_rounded: the deal's amount is the invoices', rounded
--   invoices: invoices that stand
--   is_recurring: invoiced again and again
--   is_invoiced: has an invoice that stands
--   is_paid: invoiced in full and all of it paid
--   is_differing: invoiced in another currency, so that invoiced and paid are not known in this one
--   first_issued_on: day of the first invoice
--   paid_on: day of the last payment, once all is paid
--   days_to_invoice: days from winning to the first invoice, 0 if it came before; until today without one; empty if not won
--   days_to_pay: days from the first invoice to the last payment, once all is paid
SELECT
    d.vendor,
    d.id,
    h.head_vendor AS customer_vendor,
    h.head_id AS customer_id,
    COALESCE(d.owner_id, '') AS owner_id,
    COALESCE(d.stage, '') AS stage,
    d.status,
    CASE WHEN d.status = 'won' THEN d.won_on ELSE CAST(d.created_at AS DATE) END AS on_day,
    d.currency,
    COALESCE(d.amount, 0) AS amount,
    b.invoiced,
    CAST(
        CASE
            WHEN b.basis = 'gross' OR b.invoiced_gross = 0 THEN b.paid
            ELSE CAST(b.paid AS DECIMAL(20, 4)) * CAST(b.invoiced_net / b.invoiced_gross AS DECIMAL(18, 8))
        END AS DECIMAL(18, 4)
    ) AS paid,
    b.basis,
    b.verdict,
    b.is_rounded,
    b.invoices,
    COALESCE(d.billing, '') = 'recurring' AS is_recurring,
    b.invoices > 0 AS is_invoiced,
    b.is_paid AND b.verdict NOT IN ('none', 'part', 'drafted') AS is_paid,
    b.currency_differs AS is_differing,
    b.first_issued_on,
    b.paid_on,
    CASE
        WHEN d.status = 'won' AND d.won_on <= s.today AND COALESCE(d.amount, 1) > 0
            THEN GREATEST(0, DATE_DIFF('day', d.won_on, COALESCE(b.first_issued_on, s.today)))
    END AS days_to_invoice,
    CASE WHEN b.is_paid THEN GREATEST(0, DATE_DIFF('day', b.first_issued_on, b.paid_on)) END AS days_to_pay
FROM deals AS d
JOIN deal_summary AS b
    ON b.vendor = d.vendor
    AND b.id = d.id
LEFT JOIN customer_heads AS h
    ON h.vendor = d.vendor
    AND h.id = d.customer_id
CROSS JOIN settings AS s
