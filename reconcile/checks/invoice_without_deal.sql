-- title:       Invoice that belongs to no deal
-- severity:    medium
-- reads:       invoices, invoice_summary, links, quotes, likely_partners
-- needs:       invoices
-- absent_from: deals
-- action:
-- why:         Somebody invoiced what the CRM does not know as sold: a deal is missing, or the invoice should not exist.
WITH maybe AS (
    SELECT l.right_vendor AS vendor, l.right_id AS id, COUNT(*) AS candidates
    FROM links AS l
    WHERE l.left_table = 'deals'
    AND l.right_table = 'invoices'
    AND l.status = 'suggested'
    GROUP BY l.right_vendor, l.right_id
)
SELECT
    'invoices' AS subject,
    i.vendor,
    i.id,
    m.gross AS amount,
    i.currency,
    COALESCE(i.issued_on, CAST(i.created_at AS DATE)) AS since,
    COALESCE(i.number || ' ', '') || COALESCE(i.customer_name, '') AS detail,
    [
        {'code': 'deal_reference', 'agrees': FALSE, 'left': CAST(NULL AS VARCHAR), 'right': COALESCE(i.deal_id, i.deal_reference)},
        {'code': 'possible_deals', 'agrees': FALSE, 'left': CAST(COALESCE(y.candidates, 0) AS VARCHAR), 'right': CAST(NULL AS VARCHAR)}
    ] AS evidence,
    i.updated_at AS changed_at,
    k.partners AS suggested
FROM invoices AS i
JOIN invoice_summary AS m
    ON m.vendor = i.vendor
    AND m.id = i.id
LEFT JOIN (SELECT DISTINCT q.number FROM quotes AS q WHERE q.status = 'accepted' AND q.deal_id IS NULL) AS q
    ON q.number = i.deal_reference
LEFT JOIN maybe AS y
    ON y.vendor = i.vendor
    AND y.id = i.id
LEFT JOIN likely_partners AS k
    ON k.table_name = 'invoices'
    AND k.partner_table = 'deals'
    AND k.vendor = i.vendor
    AND k.id = i.id
WHERE m.deal_count = 0
AND m.is_counted
AND m.kind <> 'credit_note'
-- the months of a trial are invoiced with nothing
AND COALESCE(m.gross, 1) <> 0
-- made of a quote that has no deal
AND q.number IS NULL
