-- title:    Mail to the customer came back
-- severity: high
-- reads:    customers, bounces, invoices
-- needs:    bounces
-- action:
-- why:      Nobody reads what goes to this address: neither invoice nor reminder. Correct it in billing; nothing more is sent
--           there before.
SELECT
    'customers' AS subject,
    c.vendor,
    c.id,
    0 AS amount,
    CAST(NULL AS VARCHAR) AS currency,
    CAST(b.at AS DATE) AS since,
    COALESCE(c.name, c.id) || ' · ' || b.address AS detail,
    [{'code': 'email', 'agrees': FALSE, 'left': b.address, 'right': b.says}] AS evidence
FROM bounces AS b
JOIN customers AS c
    ON LOWER(TRIM(c.email)) = b.address
WHERE EXISTS (
    SELECT 1
    FROM invoices AS i
    WHERE i.vendor = c.vendor
    AND i.customer_id = c.id
)
