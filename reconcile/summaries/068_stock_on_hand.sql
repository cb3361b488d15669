-- title: What is on hand of each article
-- reads: products
-- key:   sku
-- why:   Only where a system or a file keeps stock: an article that nobody counts has no row. Places of one source are added
--        up; of two sources that both count an article the lower number holds.
-- columns:
--   sku: article number, in capitals
--   stock: quantity on hand
WITH counted AS (
    SELECT p.vendor, UPPER(TRIM(p.sku)) AS sku, SUM(p.stock) AS stock
    FROM products AS p
    WHERE p.stock IS NOT NULL
    AND TRIM(p.sku) <> ''
    GROUP BY p.vendor, UPPER(TRIM(p.sku))
)
SELECT c.sku, CAST(MIN(c.stock) AS DECIMAL(18, 4)) AS stock
FROM counted AS c
GROUP BY c.sku
