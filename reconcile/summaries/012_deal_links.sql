-- title: Which deal and which invoice are tied, each pair once
-- reads: links
-- key:   deal_vendor, deal_id, invoice_vendor, invoice_id
-- why:   What a rule or a person tied, without what is only suggested.
-- columns:
--   deal_vendor: vendor of the deal
--   deal_id: the deal
--   invoice_vendor: vendor of the invoice
--   invoice_id: the invoice
--   linked: amount of the link, in the invoice's currency
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
