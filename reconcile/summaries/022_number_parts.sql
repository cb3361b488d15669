-- title: Every invoice number taken apart into its series and its running number
-- reads: invoices
-- needs: invoices
-- key:   vendor, id
-- why:   A series is what stays the same around the running number: FN-10043 is 10043 of FN-, 2026/0007 is 7 of 2026/,
--        12/2026 is 12 of /2026. Drafts have none yet and pro-forma invoices count on their own, so neither is here.
-- columns:
--   vendor: vendor of the invoice
--   id: the invoice
--   number: as it is printed
--   prefix: what stands before the running number
--   suffix: what stands after it
--   run: the running number
--   width: digits it is written with
--   year: year of issue
--   is_void: voided: it fills its number
--   issued_on: issue date
WITH shaped AS (
    SELECT
        i.vendor,
        i.id,
        TRIM(i.number) AS number,
        i.issued_on,
        COALESCE(i.status, 'issued') = 'void' AS is_void,
        -- the number comes first and the year, perhaps with its month, after it
        (i.number LIKE '%20__' OR i.number LIKE '%19__')
            AND REGEXP_MATCHES(TRIM(i.number), '^[^0-9]*[0-9]+[-/. ]([0-9]{1,2}[-/. ])?(19|20)[0-9]{2}$') AS is_year_last
    FROM invoices AS i
    WHERE i.number IS NOT NULL
    AND COALESCE(i.kind, 'invoice') <> 'proforma'
    AND COALESCE(i.status, 'issued') <> 'draft'
),
ends AS (
    SELECT
        s.*,
        CASE
            WHEN s.is_year_last THEN REGEXP_EXTRACT(s.number, '^[^0-9]*[0-9]+(.*)$', 1)
            WHEN RIGHT(s.number, 1) BETWEEN '0' AND '9' THEN ''
            ELSE REGEXP_EXTRACT(s.number, '([^0-9]*)$', 1)
        END AS suffix
    FROM shaped AS s
),
parts AS (
    SELECT
        e.*,
        REGEXP_EXTRACT(LEFT(e.number, LENGTH(e.number) - LENGTH(e.suffix)), '([0-9]+)$', 1) AS digits
    FROM ends AS e
)
SELECT
    p.vendor,
    p.id,
    p.number,
    LEFT(p.number, LENGTH(p.number) - LENGTH(p.suffix) - LENGTH(p.digits)) AS prefix,
    p.suffix,
    CAST(p.digits AS BIGINT) AS run,
    LENGTH(p.digits) AS width,
    CAST(EXTRACT(YEAR FROM p.issued_on) AS INTEGER) AS year,
    p.is_void,
    p.issued_on
FROM parts AS p
WHERE LENGTH(p.digits) BETWEEN 1 AND 12
