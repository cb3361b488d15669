-- title:    Line price is not the catalogue's
-- severity: low
-- reads:    lines, deals, invoices, invoice_summary, products, settings
-- needs:    lines, products
-- action:
-- why:      Somebody sold below (or above) the price list without saying so as a discount. Compared with the product in the same
--           system and currency, and only if its price has not changed since the document; deals first, invoices where no
--           deal is behind them. The amount shown is the difference over all lines of the document, discounts taken off.
WITH documents AS (
    SELECT 'deal' AS document, d.vendor, d.id, d.title AS said, COALESCE(d.won_on, s.today) AS on_day
    FROM deals AS d
    CROSS JOIN settings AS s
    WHERE d.status IN ('open', 'won')
    UNION ALL
    SELECT 'invoice', i.vendor, i.id, COALESCE(i.number || ' ', '') || COALESCE(i.customer_name, ''), COALESCE(i.issued_on, s.today)
    FROM invoices AS i
    JOIN invoice_summary AS m
        ON m.vendor = i.vendor
        AND m.id = i.id
    CROSS JOIN settings AS s
    WHERE m.deal_count = 0
    AND m.state <> 'void'
    AND m.kind <> 'credit_note'
),
by_sku AS (
    SELECT p.vendor, p.sku, p.currency, MIN(p.id) AS id
    FROM products AS p
    WHERE p.sku IS NOT NULL
    GROUP BY p.vendor, p.sku, p.currency
    HAVING COUNT(*) = 1
),
priced AS (
    SELECT
        l.document,
        l.vendor,
        l.document_id,
        l.position,
        l.currency,
        l.quantity,
        l.unit_price,
        COALESCE(l.discount_rate, 0) AS discount_rate,
        COALESCE(l.product_id, k.id) AS product_id
    FROM lines AS l
    LEFT JOIN by_sku AS k
        ON k.vendor = l.vendor
        AND k.sku = l.sku
        AND k.currency = l.currency
    WHERE l.document IN ('deal', 'invoice')
    AND l.unit_price > 0
    AND l.quantity > 0
),
off AS (
    SELECT
        x.document,
        x.vendor,
        x.id,
        x.said,
        x.on_day,
        l.currency,
        l.position,
        p.name,
        p.unit_price AS listed,
        l.unit_price AS sold,
        CAST(
            CAST((l.unit_price - p.unit_price) AS DECIMAL(20, 4)) * CAST(l.quantity AS DECIMAL(14, 4))
                * (100 - CAST(l.discount_rate AS DECIMAL(9, 4))) / 100 AS DECIMAL(18, 4)
        ) AS difference
    FROM priced AS l
    JOIN documents AS x
        ON x.document = l.document
        AND x.vendor = l.vendor
        AND x.id = l.document_id
    JOIN products AS p
        ON p.vendor = l.vendor
        AND p.id = l.product_id
        AND p.currency = l.currency
    CROSS JOIN settings AS s
    WHERE p.unit_price > 0
    AND COALESCE(CAST(p.updated_at AS DATE) <= x.on_day, TRUE)
    AND ABS(l.unit_price - p.unit_price)
        > GREATEST(s.amount_tolerance, CAST(p.unit_price AS DECIMAL(20, 4)) * s.amount_tolerance_rate)
),
summed AS (
    SELECT
        o.*,
        SUM(o.difference) OVER (PARTITION BY o.document, o.vendor, o.id, o.currency) AS total,
        COUNT(*) OVER (PARTITION BY o.document, o.vendor, o.id) AS places,
        ROW_NUMBER() OVER (PARTITION BY o.document, o.vendor, o.id ORDER BY ABS(o.difference) DESC, o.position) AS place
    FROM off AS o
)
SELECT
    o.document || 's' AS subject,
    o.vendor,
    o.id,
    ABS(o.total) AS amount,
    o.currency,
    o.on_day AS since,
    o.said AS detail,
    [
        {'code': 'unit_price', 'agrees': FALSE, 'left': CAST(CAST(o.listed AS DECIMAL(18, 2)) AS VARCHAR) || ' ' || o.currency,
         'right': CAST(CAST(o.sold AS DECIMAL(18, 2)) AS VARCHAR) || ' ' || o.currency},
        {'code': 'product', 'agrees': TRUE, 'left': o.name, 'right': CAST(NULL AS VARCHAR)},
        {'code': 'lines', 'agrees': FALSE, 'left': CAST(NULL AS VARCHAR), 'right': CAST(o.places AS VARCHAR)}
    ] AS evidence
FROM summed AS o
WHERE o.place = 1
