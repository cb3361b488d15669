-- title:    Invoice lacks what the law asks for
-- severity: medium
-- reads:    invoices, invoice_summary, customers, lines, tax_rates, settings
-- action:
-- why:      An issued invoice must carry number, date, the customer's name, address and (a company of the European Union) tax id,
--           what was sold, and the tax; and our own name, tax id and address. What a billing system never tells of any invoice
--           cannot be missing on one; of ourselves it is enough that the settings say it, else its latest invoice stands for all.
--           Without number or date it is high.
WITH union_members AS (
    SELECT DISTINCT r.country FROM tax_rates AS r WHERE r.is_eu
),
standing AS (
    SELECT
        i.vendor,
        i.id,
        i.number,
        i.issued_on,
        i.currency,
        i.tax,
        i.net,
        i.gross,
        m.gross AS total,
        COALESCE(i.customer_name, k.legal_name, k.name) AS customer_name,
        COALESCE(i.customer_tax_id, k.tax_id) AS customer_tax_id,
        COALESCE(k.street, k.city, k.postcode) AS address,
        COALESCE(k.kind, 'company') AS customer_kind,
        u.country IS NOT NULL AS is_in_union,
        i.seller_name,
        i.seller_tax_id,
        i.seller_address,
        COALESCE(i.seller_name, s.seller_name) AS our_name,
        COALESCE(i.seller_tax_id, s.seller_tax_id) AS our_tax_id,
        COALESCE(i.seller_address, s.seller_address) AS our_address,
        s.seller_name || s.seller_tax_id || s.seller_address <> '' AS is_asked,
        COALESCE(i.issued_on, CAST(i.created_at AS DATE)) AS since
    FROM invoices AS i
    JOIN invoice_summary AS m
        ON m.vendor = i.vendor
        AND m.id = i.id
    LEFT JOIN customers AS k
        ON k.vendor = i.vendor
        AND k.id = i.customer_id
    LEFT JOIN union_members AS u
        ON u.country = COALESCE(k.tax_id_country, k.country)
    CROSS JOIN settings AS s
    WHERE m.is_counted
    AND m.owed > 0
    AND m.kind <> 'credit_note'
),
told AS (
    SELECT
        t.vendor,
        COUNT(t.number) > 0 AS numbers,
        COUNT(t.issued_on) > 0 AS dates,
        COUNT(t.customer_name) > 0 AS names,
        COUNT(t.customer_tax_id) > 0 AS tax_ids,
        COUNT(t.address) > 0 AS addresses,
        COUNT(t.tax) > 0 AS taxes,
        COUNT(t.seller_name) > 0 AS our_names,
        COUNT(t.seller_tax_id) > 0 AS our_tax_ids,
        COUNT(t.seller_address) > 0 AS our_addresses,
        MAX_BY(t.id, ROW(COALESCE(t.issued_on, DATE '0001-01-01'), t.id)) AS latest
    FROM standing AS t
    GROUP BY t.vendor
),
itemised AS (
    SELECT DISTINCT l.vendor, l.document_id AS id FROM lines AS l WHERE l.document = 'invoice'
),
itemising AS (
    SELECT DISTINCT n.vendor FROM itemised AS n
),
lacking AS (
    SELECT
        t.*,
        CASE WHEN w.numbers AND t.number IS NULL THEN 1 ELSE 0 END AS no_number,
        CASE WHEN w.dates AND t.issued_on IS NULL THEN 1 ELSE 0 END AS no_date,
        CASE WHEN w.names AND t.customer_name IS NULL THEN 1 ELSE 0 END AS no_name,
        CASE WHEN w.tax_ids AND t.customer_tax_id IS NULL AND t.is_in_union AND t.customer_kind = 'company' THEN 1 ELSE 0 END AS no_tax_id,
        CASE WHEN w.addresses AND t.address IS NULL THEN 1 ELSE 0 END AS no_address,
        CASE WHEN g.vendor IS NOT NULL AND n.id IS NULL THEN 1 ELSE 0 END AS no_lines,
        CASE WHEN w.taxes AND t.tax IS NULL AND (t.net IS NULL OR t.gross IS NULL) THEN 1 ELSE 0 END AS no_tax,
        CASE WHEN (w.our_names OR (t.is_asked AND t.id = w.latest)) AND COALESCE(t.our_name, '') = '' THEN 1 ELSE 0 END AS no_our_name,
        CASE WHEN (w.our_tax_ids OR (t.is_asked AND t.id = w.latest)) AND COALESCE(t.our_tax_id, '') = '' THEN 1 ELSE 0 END AS no_our_tax_id,
        CASE WHEN (w.our_addresses OR (t.is_asked AND t.id = w.latest)) AND COALESCE(t.our_address, '') = '' THEN 1 ELSE 0 END AS no_our_address
    FROM standing AS t
    JOIN told AS w
        ON w.vendor = t.vendor
    LEFT JOIN itemising AS g
        ON g.vendor = t.vendor
    LEFT JOIN itemised AS n
        ON n.vendor = t.vendor
        AND n.id = t.id
)
SELECT
    'invoices' AS subject,
    x.vendor,
    x.id,
    x.total AS amount,
    x.currency,
    x.since,
    COALESCE(x.number || ' ', '') || COALESCE(x.customer_name, '') AS detail,
    CASE WHEN x.no_number + x.no_date > 0 THEN 'high' ELSE 'medium' END AS severity,
    CASE WHEN x.no_number = 1 THEN [{'code': 'number_missing', 'agrees': FALSE, 'left': CAST(NULL AS VARCHAR), 'right': CAST(NULL AS VARCHAR)}] ELSE [] END
        || CASE WHEN x.no_date = 1 THEN [{'code': 'issued_on_missing', 'agrees': FALSE, 'left': CAST(NULL AS VARCHAR), 'right': CAST(NULL AS VARCHAR)}] ELSE [] END
        || CASE WHEN x.no_name = 1 THEN [{'code': 'name_missing', 'agrees': FALSE, 'left': CAST(NULL AS VARCHAR), 'right': CAST(NULL AS VARCHAR)}] ELSE [] END
        || CASE WHEN x.no_tax_id = 1 THEN [{'code': 'tax_id_missing', 'agrees': FALSE, 'left': CAST(NULL AS VARCHAR), 'right': CAST(NULL AS VARCHAR)}] ELSE [] END
        || CASE WHEN x.no_address = 1 THEN [{'code': 'address_missing', 'agrees': FALSE, 'left': CAST(NULL AS VARCHAR), 'right': CAST(NULL AS VARCHAR)}] ELSE [] END
        || CASE WHEN x.no_lines = 1 THEN [{'code': 'lines_missing', 'agrees': FALSE, 'left': CAST(NULL AS VARCHAR), 'right': CAST(NULL AS VARCHAR)}] ELSE [] END
        || CASE WHEN x.no_tax = 1 THEN [{'code': 'tax_missing', 'agrees': FALSE, 'left': CAST(NULL AS VARCHAR), 'right': CAST(NULL AS VARCHAR)}] ELSE [] END
        || CASE WHEN x.no_our_name = 1 THEN [{'code': 'seller_name_missing', 'agrees': FALSE, 'left': CAST(NULL AS VARCHAR), 'right': CAST(NULL AS VARCHAR)}] ELSE [] END
        || CASE WHEN x.no_our_tax_id = 1 THEN [{'code': 'seller_tax_id_missing', 'agrees': FALSE, 'left': CAST(NULL AS VARCHAR), 'right': CAST(NULL AS VARCHAR)}] ELSE [] END
        || CASE WHEN x.no_our_address = 1 THEN [{'code': 'seller_address_missing', 'agrees': FALSE, 'left': CAST(NULL AS VARCHAR), 'right': CAST(NULL AS VARCHAR)}] ELSE [] END AS evidence
FROM lacking AS x
WHERE x.no_number + x.no_date + x.no_name + x.no_tax_id + x.no_address + x.no_lines + x.no_tax + x.no_our_name + x.no_our_tax_id
    + x.no_our_address > 0
