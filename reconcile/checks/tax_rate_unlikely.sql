-- title:    Tax rate unlikely for the country
-- severity: medium
-- reads:    invoice_summary, customers, lines, tax_rates, settings
-- action:
-- why:      A rate that neither our country nor the customer's knows on that day is a slip of the pen; the wrong tax is ours to
--           pay. Without tax is right for exports, for companies elsewhere and for what is exempt: it is asked about only at home,
--           where nearly everything else is taxed. The amount shown is the tax of the lines in question.
WITH standing AS (
    SELECT m.vendor, m.id, m.number, m.customer_name, m.currency, m.issued_on, COALESCE(k.country, s.country) AS country,
        k.country IS NOT NULL AND k.country = s.country AS is_domestic, s.country AS home
    FROM invoice_summary AS m
    CROSS JOIN settings AS s
    LEFT JOIN customers AS k
        ON k.vendor = m.vendor
        AND k.id = m.customer_id
    WHERE m.state <> 'void'
    AND m.owed <> 0
    AND m.kind NOT IN ('credit_note', 'proforma')
    AND m.issued_on >= DATE '2020-01-01'
),
-- only a country that the table knows can be judged
known AS (
    SELECT DISTINCT r.country FROM tax_rates AS r
),
taxed AS (
    SELECT
        t.vendor,
        t.id,
        t.country,
        t.home,
        t.is_domestic,
        t.issued_on,
        l.tax_rate,
        SUM(l.net) AS net
    FROM standing AS t
    JOIN lines AS l
        ON l.document = 'invoice'
        AND l.vendor = t.vendor
        AND l.document_id = t.id
    WHERE l.tax_rate IS NOT NULL
    AND l.net <> 0
    GROUP BY t.vendor, t.id, t.country, t.home, t.is_domestic, t.issued_on, l.tax_rate
),
-- few countries, rates and days: judged once each
asked AS (
    SELECT DISTINCT t.country, t.home, t.issued_on, t.tax_rate
    FROM taxed AS t
    JOIN known AS h
        ON h.country = t.home
    JOIN known AS c
        ON c.country = t.country
    WHERE t.tax_rate > 0
),
likely AS (
    SELECT DISTINCT a.country, a.home, a.issued_on, a.tax_rate
    FROM asked AS a
    JOIN tax_rates AS r
        ON r.country IN (a.country, a.home)
        AND ABS(r.rate - a.tax_rate) < 0.05
    WHERE (r.since_on IS NULL OR a.issued_on >= r.since_on)
    -- what was delivered before a rate changed is billed at the old one
    AND (r.until_on IS NULL OR a.issued_on <= r.until_on + 92)
),
home_habit AS (
    SELECT t.vendor, SUM(CASE WHEN t.tax_rate > 0 THEN 1 ELSE 0 END) AS taxed, COUNT(*) AS lines
    FROM taxed AS t
    WHERE t.is_domestic
    GROUP BY t.vendor
),
wrong AS (
    SELECT t.vendor, t.id, t.country, t.tax_rate, t.net
    FROM taxed AS t
    JOIN asked AS a
        ON a.country = t.country
        AND a.home = t.home
        AND a.issued_on = t.issued_on
        AND a.tax_rate = t.tax_rate
    LEFT JOIN likely AS y
        ON y.country = t.country
        AND y.home = t.home
        AND y.issued_on = t.issued_on
        AND y.tax_rate = t.tax_rate
    WHERE y.tax_rate IS NULL
    UNION ALL
    SELECT t.vendor, t.id, t.country, t.tax_rate, t.net
    FROM taxed AS t
    JOIN known AS h
        ON h.country = t.home
    JOIN home_habit AS b
        ON b.vendor = t.vendor
    WHERE t.is_domestic
    AND t.tax_rate = 0
    AND b.lines >= 20
    AND b.taxed >= b.lines * 0.95
),
worst AS (
    SELECT
        w.*,
        ROW_NUMBER() OVER (PARTITION BY w.vendor, w.id ORDER BY ABS(w.net) DESC, w.tax_rate) AS place
    FROM wrong AS w
)
SELECT
    'invoices' AS subject,
    t.vendor,
    t.id,
    CAST(CAST(CAST(ABS(w.net) AS DECIMAL(20, 4)) * w.tax_rate AS DECIMAL(30, 6)) * 0.01 AS DECIMAL(18, 4)) AS amount,
    t.currency,
    t.issued_on AS since,
    COALESCE(t.number || ' ', '') || COALESCE(t.customer_name, '') AS detail,
    CASE WHEN w.tax_rate = 0 THEN 'low' ELSE 'medium' END AS severity,
    [
        {'code': 'tax_rate', 'agrees': FALSE, 'left': CAST(NULL AS VARCHAR), 'right': CAST(CAST(w.tax_rate AS DECIMAL(9, 2)) AS VARCHAR)},
        {'code': 'country', 'agrees': TRUE, 'left': t.home, 'right': w.country}
    ] AS evidence
FROM worst AS w
JOIN standing AS t
    ON t.vendor = w.vendor
    AND t.id = w.id
WHERE w.place = 1
