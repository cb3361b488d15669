-- title:       Invoice number missing from its series
-- severity:    medium
-- reads:       number_parts, settings
-- absent_from: invoices
-- action:
-- why:         Tax law wants numbers without gaps: a document was deleted, or is not in the books we read. Shown on the next
--              invoice of the series. Only between numbers that were seen, and only where a series is nearly whole; a void
--              invoice fills its number. A series that starts again each year is looked at year by year.
WITH distinct_numbers AS (
    SELECT n.vendor, n.prefix, n.suffix, n.run, n.year, MIN(n.id) AS id, MIN(n.number) AS number, MIN(n.issued_on) AS issued_on,
        MAX(n.width) AS width
    FROM number_parts AS n
    GROUP BY n.vendor, n.prefix, n.suffix, n.run, n.year
),
again AS (
    SELECT d.vendor, d.prefix, d.suffix, COUNT(*) > COUNT(DISTINCT d.run) AS starts_again
    FROM distinct_numbers AS d
    GROUP BY d.vendor, d.prefix, d.suffix
),
ordered AS (
    SELECT
        d.*,
        CASE WHEN a.starts_again THEN d.year ELSE 0 END AS volume,
        LAG(d.run) OVER w AS before_run,
        LAG(d.number) OVER w AS before_number
    FROM distinct_numbers AS d
    JOIN again AS a
        ON a.vendor = d.vendor
        AND a.prefix = d.prefix
        AND a.suffix = d.suffix
    WINDOW w AS (
        PARTITION BY d.vendor, d.prefix, d.suffix, CASE WHEN a.starts_again THEN d.year ELSE 0 END
        ORDER BY d.run, d.year
    )
),
whole AS (
    SELECT o.vendor, o.prefix, o.suffix, o.volume
    FROM ordered AS o
    GROUP BY o.vendor, o.prefix, o.suffix, o.volume
    HAVING COUNT(DISTINCT o.run) >= 3
    AND MAX(o.run) - MIN(o.run) + 1 - COUNT(DISTINCT o.run) <= GREATEST(2, COUNT(DISTINCT o.run) * 0.1)
)
SELECT
    'invoices' AS subject,
    o.vendor,
    o.id,
    0 AS amount,
    CAST(NULL AS VARCHAR) AS currency,
    o.issued_on AS since,
    o.prefix || LPAD(CAST(o.before_run + 1 AS VARCHAR), CAST(GREATEST(o.width, LENGTH(CAST(o.before_run + 1 AS VARCHAR))) AS INTEGER), '0')
        || o.suffix AS detail,
    [
        {'code': 'numbers_missing', 'agrees': FALSE,
         'left': o.prefix || LPAD(CAST(o.before_run + 1 AS VARCHAR),
             CAST(GREATEST(o.width, LENGTH(CAST(o.before_run + 1 AS VARCHAR))) AS INTEGER), '0') || o.suffix,
         'right': o.prefix || LPAD(CAST(o.run - 1 AS VARCHAR),
             CAST(GREATEST(o.width, LENGTH(CAST(o.run - 1 AS VARCHAR))) AS INTEGER), '0') || o.suffix},
        {'code': 'number', 'agrees': TRUE, 'left': o.before_number, 'right': o.number}
    ] AS evidence,
    CAST(o.issued_on AS TIMESTAMP) AS changed_at
FROM ordered AS o
JOIN whole AS h
    ON h.vendor = o.vendor
    AND h.prefix = o.prefix
    AND h.suffix = o.suffix
    AND h.volume = o.volume
CROSS JOIN settings AS s
WHERE o.run > o.before_run + 1
AND (o.issued_on IS NULL OR o.issued_on <= s.today)
