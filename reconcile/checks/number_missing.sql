-- title:       Invoice number missing from its series
-- severity:    medium
-- reads:       number_parts, settings
-- absent_from: invoices
-- action:
-- why:         Tax law wants numbers without gaps: a document was deleted, or is not in the books we read. Shown on the next
--              invoice of the series. Only between numbers that were seen, and only where a series is nearly whole; a void
--              invoice fills its number. A series that starts again each year is looked at year by year.
WITH runs AS (
    SELECT n.vendor, n.prefix, n.suffix, n.run, n.year
    FROM number_parts AS n
    GROUP BY n.vendor, n.prefix, n.suffix, n.run, n.year
),
again AS (
    SELECT r.vendor, r.prefix, r.suffix, COUNT(*) > COUNT(DISTINCT r.run) AS starts_again
    FROM runs AS r
    GROUP BY r.vendor, r.prefix, r.suffix
),
-- nearly whole, and not whole: most series lack nothing and need not be put in order
lacking AS (
    SELECT r.vendor, r.prefix, r.suffix, a.starts_again, CASE WHEN a.starts_again THEN r.year ELSE 0 END AS volume
    FROM runs AS r
    JOIN again AS a
        ON a.vendor = r.vendor
        AND a.prefix = r.prefix
        AND a.suffix = r.suffix
    GROUP BY r.vendor, r.prefix, r.suffix, a.starts_again, CASE WHEN a.starts_again THEN r.year ELSE 0 END
    HAVING COUNT(DISTINCT r.run) >= 3
    AND MAX(r.run) - MIN(r.run) + 1 - COUNT(DISTINCT r.run) BETWEEN 1 AND GREATEST(2, COUNT(DISTINCT r.run) * 0.1)
),
distinct_numbers AS (
    SELECT n.vendor, n.prefix, n.suffix, k.volume, n.run, n.year, MIN(n.id) AS id, MIN(n.number) AS number,
        MIN(n.issued_on) AS issued_on, MAX(n.width) AS width
    FROM number_parts AS n
    JOIN lacking AS k
        ON k.vendor = n.vendor
        AND k.prefix = n.prefix
        AND k.suffix = n.suffix
        AND k.volume = CASE WHEN k.starts_again THEN n.year ELSE 0 END
    GROUP BY n.vendor, n.prefix, n.suffix, k.volume, n.run, n.year
),
ordered AS (
    SELECT
        d.*,
        LAG(d.run) OVER w AS before_run,
        LAG(d.width) OVER w AS before_width,
        LAG(d.number) OVER w AS before_number
    FROM distinct_numbers AS d
    WINDOW w AS (PARTITION BY d.vendor, d.prefix, d.suffix, d.volume ORDER BY d.run, d.year)
),
-- written with as many digits as the number before them
gaps AS (
    SELECT
        o.*,
        CAST(o.before_run + 1 AS VARCHAR) AS first_run,
        CAST(o.run - 1 AS VARCHAR) AS last_run
    FROM ordered AS o
    WHERE o.run > o.before_run + 1
),
spelt AS (
    SELECT
        g.*,
        g.prefix || LPAD(g.first_run, CAST(GREATEST(g.before_width, LENGTH(g.first_run)) AS INTEGER), '0') || g.suffix AS first_number,
        g.prefix || LPAD(g.last_run, CAST(GREATEST(g.before_width, LENGTH(g.last_run)) AS INTEGER), '0') || g.suffix AS last_number
    FROM gaps AS g
)
SELECT
    'invoices' AS subject,
    g.vendor,
    g.id,
    0 AS amount,
    CAST(NULL AS VARCHAR) AS currency,
    g.issued_on AS since,
    g.first_number || CASE WHEN g.first_number = g.last_number THEN '' ELSE ' – ' || g.last_number END AS detail,
    [
        {'code': 'numbers_missing', 'agrees': FALSE, 'left': g.first_number, 'right': g.last_number},
        {'code': 'between', 'agrees': TRUE, 'left': g.before_number, 'right': g.number}
    ] AS evidence,
    CAST(g.issued_on AS TIMESTAMP) AS changed_at
FROM spelt AS g
CROSS JOIN settings AS s
WHERE g.issued_on IS NULL
OR g.issued_on <= s.today
