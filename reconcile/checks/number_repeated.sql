-- title:    Invoice number used twice
-- severity: high
-- reads:    number_parts, invoices, invoice_summary
-- needs:    invoices
-- action:
-- why:      Two documents with one number in the same year: one of them has to be corrected, and a payment that names the
--           number may go to the wrong one. The later of the two is in question. A void invoice does not count.
WITH standing AS (
    SELECT n.vendor, n.id, UPPER(n.number) AS number, n.year, n.issued_on
    FROM number_parts AS n
    WHERE NOT n.is_void
),
repeated AS (
    SELECT t.vendor, t.number, t.year
    FROM standing AS t
    GROUP BY t.vendor, t.number, t.year
    HAVING COUNT(*) > 1
),
ordered AS (
    SELECT
        t.*,
        FIRST_VALUE(t.id) OVER w AS first_id,
        FIRST_VALUE(t.issued_on) OVER w AS first_on
    FROM standing AS t
    JOIN repeated AS r
        ON r.vendor = t.vendor
        AND r.number = t.number
        AND r.year = t.year
    WINDOW w AS (PARTITION BY t.vendor, t.number, t.year ORDER BY t.issued_on, t.id)
)
SELECT
    'invoices' AS subject,
    i.vendor,
    i.id,
    m.gross AS amount,
    i.currency,
    i.issued_on AS since,
    i.number || COALESCE(' ' || i.customer_name, '') AS detail,
    [
        {'code': 'number', 'agrees': TRUE, 'left': f.number, 'right': i.number},
        {'code': 'customer', 'agrees': COALESCE(f.customer_name = i.customer_name, FALSE), 'left': f.customer_name,
         'right': i.customer_name},
        {'code': 'issued_on', 'agrees': o.first_on = o.issued_on, 'left': CAST(o.first_on AS VARCHAR),
         'right': CAST(o.issued_on AS VARCHAR)}
    ] AS evidence
FROM ordered AS o
JOIN invoices AS i
    ON i.vendor = o.vendor
    AND i.id = o.id
JOIN invoices AS f
    ON f.vendor = o.vendor
    AND f.id = o.first_id
JOIN invoice_summary AS m
    ON m.vendor = i.vendor
    AND m.id = i.id
WHERE o.id <> o.first_id
