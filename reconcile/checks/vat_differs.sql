-- title:    Invoice has another tax than the deal
-- severity: medium
-- reads:    deals, deal_summary, deal_invoices, invoice_summary, lines, settings
-- needs:    deals
-- action:
-- why:      The net amounts agree and the tax does not: a wrong rate on one side. The amount shown is the tax in question.
WITH expected AS (
    SELECT
        l.vendor,
        l.document_id AS id,
        SUM(CAST(CAST(CAST(l.net AS DECIMAL(20, 4)) * l.tax_rate AS DECIMAL(30, 6)) * 0.01 AS DECIMAL(18, 4))) AS tax,
        SUM(l.net) AS net,
        COUNT(*) AS lines,
        COUNT(l.tax_rate) AS taxed
    FROM lines AS l
    WHERE l.document = 'deal'
    GROUP BY l.vendor, l.document_id
),
charged AS (
    SELECT b.deal_vendor AS vendor, b.deal_id AS id, SUM(b.gross - b.net) AS tax, MIN(i.issued_on) AS issued_on
    FROM deal_invoices AS b
    JOIN invoice_summary AS i
        ON i.vendor = b.invoice_vendor
        AND i.id = b.invoice_id
    WHERE b.is_counted
    GROUP BY b.deal_vendor, b.deal_id
)
SELECT
    'deals' AS subject,
    d.vendor,
    d.id,
    ABS(e.tax - c.tax) AS amount,
    d.currency,
    COALESCE(c.issued_on, d.won_on) AS since,
    d.title AS detail,
    [{'code': 'tax', 'agrees': FALSE, 'left': CAST(CAST(e.tax AS DECIMAL(18, 2)) AS VARCHAR) || ' ' || d.currency,
      'right': CAST(CAST(c.tax AS DECIMAL(18, 2)) AS VARCHAR) || ' ' || d.currency}] AS evidence
FROM deals AS d
JOIN deal_summary AS b
    ON b.vendor = d.vendor
    AND b.id = d.id
    AND b.verdict = 'agrees'
JOIN expected AS e
    ON e.vendor = d.vendor
    AND e.id = d.id
    AND e.lines = e.taxed
JOIN charged AS c
    ON c.vendor = d.vendor
    AND c.id = d.id
CROSS JOIN settings AS s
WHERE ABS(b.invoiced_net - e.net) <= GREATEST(s.amount_tolerance, CAST(ABS(e.net) AS DECIMAL(20, 4)) * s.amount_tolerance_rate)
AND ABS(e.tax - c.tax) > GREATEST(s.amount_tolerance, CAST(ABS(e.net) AS DECIMAL(20, 4)) * s.amount_tolerance_rate)
