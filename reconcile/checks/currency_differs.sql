-- title:    Invoice currency is not the deal's
-- severity: high
-- reads:    deals, deal_summary, deal_invoices, invoice_summary
-- needs:    deals
-- action:
-- why:      The two amounts cannot be compared, and nothing of the invoice's amounts is written to the deal until a person
--           says which currency was agreed.
WITH foreign_part AS (
    SELECT
        b.deal_vendor,
        b.deal_id,
        b.currency,
        SUM(b.net) AS net,
        MIN(i.issued_on) AS issued_on,
        ROW_NUMBER() OVER (PARTITION BY b.deal_vendor, b.deal_id ORDER BY SUM(b.net) DESC, b.currency) AS place
    FROM deal_invoices AS b
    JOIN deals AS d
        ON d.vendor = b.deal_vendor
        AND d.id = b.deal_id
    JOIN invoice_summary AS i
        ON i.vendor = b.invoice_vendor
        AND i.id = b.invoice_id
    WHERE b.is_counted
    AND b.currency <> d.currency
    GROUP BY b.deal_vendor, b.deal_id, b.currency
)
SELECT
    'deals' AS subject,
    d.vendor,
    d.id,
    d.amount,
    d.currency,
    COALESCE(f.issued_on, d.won_on) AS since,
    d.title AS detail,
    [
        {'code': 'currency', 'agrees': FALSE, 'left': CAST(CAST(d.amount AS DECIMAL(18, 2)) AS VARCHAR) || ' ' || d.currency,
         'right': CAST(CAST(f.net AS DECIMAL(18, 2)) AS VARCHAR) || ' ' || f.currency},
        {'code': 'invoice_number', 'agrees': TRUE, 'left': d.invoice_number, 'right': b.invoice_number}
    ] AS evidence
FROM deals AS d
JOIN deal_summary AS b
    ON b.vendor = d.vendor
    AND b.id = d.id
JOIN foreign_part AS f
    ON f.deal_vendor = d.vendor
    AND f.deal_id = d.id
    AND f.place = 1
WHERE b.verdict = 'currency'
