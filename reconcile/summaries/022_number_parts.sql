-- title: Every invoice number taken apart into its series and its running number
-- reads: invoices
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
        REGEXP_MATCHES(TRIM(i.number), '^[^0-9]*[0-9]+[-/. ]([0-9]{1,2}[-/. ])?(19|20)[0-9]{2}$') AS is_year_last
    FROM invoices AS i
    WHERE i.number IS NOT NULL
    AND COALESCE(i.kind, 'invoice') <> 'proforma'
    AND COALESCE(i.status, 'issued') <> 'draft'
),
parts AS (
    SELECT
        s.*,
        CASE
            WHEN s.is_year_last THEN REGEXP_EXTRACT(s.number, '^([^0-9]*)([0-9]+)(.*)$', 1)
            ELSE REGEXP_EXTRACT(s.number, '^(.*[^0-9])?([0-9]+)([^0-9]*)$', 1)
        END AS prefix,
        CASE
            WHEN s.is_year_last THEN REGEXP_EXTRACT(s.number, '^([^0-9]*)([0-9]+)(.*)$', 2)
            ELSE REGEXP_EXTRACT(s.number, '^(.*[^0-9])?([0-9]+)([^0-9]*)$', 2)
        END AS digits,
        CASE
            WHEN s.is_year_last THEN REGEXP_EXTRACT(s.number, '^([^0-9]*)([0-9]+)(.*)$', 3)
            ELSE REGEXP_EXTRACT(s.number, '^(.*[^0-9])?([0-9]+)([^0-9]*)$', 3)
        END AS suffix
    FROM shaped AS s
)
SELECT
    p.vendor,
    p.id,
    p.number,
    COALESCE(p.prefix, '') AS prefix,
    COALESCE(p.suffix, '') AS suffix,
    CAST(p.digits AS BIGINT) AS run,
    LENGTH(p.digits) AS width,
    CAST(EXTRACT(YEAR FROM p.issued_on) AS INTEGER) AS year,
    p.is_void,
    p.issued_on
FROM parts AS p
WHERE LENGTH(p.digits) BETWEEN 1 AND 12
