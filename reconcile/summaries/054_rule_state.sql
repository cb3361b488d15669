-- title: What customers are invoiced again and again without a deal: which invoice each period became, and which are due
-- reads: customer_rules, billed_parts, invoice_summary, sources
-- needs: customer_rules
-- key:   vendor, id, part
-- why:   Each period is invoiced once. One whose invoice was voided, or deleted as a draft, may be invoiced again.
-- columns:
--   vendor: vendor of the customer
--   id: the customer
--   part: name of the period
--   label: what people call it
--   position: order, from 1
--   text: what the customer reads
--   net: net of the period
--   currency: its currency
--   tax_rate: tax in percent; empty where it is as usual for the customer
--   on_date: day from which it is due
--   invoice_vendor: vendor of the invoice that it became
--   invoice_id: that invoice; empty where there is none
--   again: its invoices that were voided or deleted
--   kind: recurring
--   state: due, drafted or invoiced
WITH became AS (
    SELECT
        b.vendor,
        b.id,
        b.part,
        b.invoice_vendor,
        b.invoice_id,
        i.is_counted,
        -- not there although billing was read since: somebody deleted the draft
        CASE WHEN i.status = 'void' OR (i.id IS NULL AND r.completed_at > b.made_at) THEN 1 ELSE 0 END AS is_gone,
        ROW_NUMBER() OVER (PARTITION BY b.vendor, b.id, b.part ORDER BY b.made_at DESC, b.invoice_id) AS place
    FROM billed_parts AS b
    LEFT JOIN invoice_summary AS i
        ON i.vendor = b.invoice_vendor
        AND i.id = b.invoice_id
    LEFT JOIN sources AS r
        ON r.table_name = 'invoices'
        AND r.vendor = b.invoice_vendor
),
lost AS (
    SELECT b.vendor, b.id, b.part, SUM(b.is_gone) AS again
    FROM became AS b
    GROUP BY b.vendor, b.id, b.part
)
SELECT
    p.*,
    b.invoice_vendor,
    b.invoice_id,
    CAST(COALESCE(o.again, 0) AS INTEGER) AS again,
    'recurring' AS kind,
    CASE WHEN b.invoice_id IS NULL THEN 'due' WHEN b.is_counted THEN 'invoiced' ELSE 'drafted' END AS state
FROM customer_rules AS p
LEFT JOIN became AS b
    ON b.vendor = p.vendor
    AND b.id = 'customer-' || p.id
    AND b.part = p.part
    AND b.place = 1
    AND b.is_gone = 0
LEFT JOIN lost AS o
    ON o.vendor = p.vendor
    AND o.id = 'customer-' || p.id
    AND o.part = p.part
