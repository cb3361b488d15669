-- title:    Source not read for days
-- severity: high
-- reads:    sources, settings
-- action:
-- why:      Every figure that rests on it is as old as its last complete reading. One finding per connection; it closes when deals,
--           invoices and payments were read completely again.
WITH aged AS (
    SELECT
        x.vendor,
        MIN(x.completed_at) AS completed_at,
        MAX(x.error) AS error,
        string_agg(x.table_name, ', ' ORDER BY x.table_name) AS tables
    FROM sources AS x
    CROSS JOIN settings AS s
    WHERE x.table_name IN ('deals', 'invoices', 'payments')
    AND x.completed_at < s.now_at - s.stale_days * INTERVAL 1 DAY
    GROUP BY x.vendor
)
SELECT
    'sources' AS subject,
    a.vendor,
    a.vendor AS id,
    0 AS amount,
    CAST(NULL AS VARCHAR) AS currency,
    CAST(a.completed_at AS DATE) AS since,
    a.tables AS detail,
    [
        {'code': 'last_read', 'agrees': FALSE, 'left': CAST(a.completed_at AS VARCHAR), 'right': CAST(NULL AS VARCHAR)},
        {'code': 'read_error', 'agrees': FALSE, 'left': a.error, 'right': CAST(NULL AS VARCHAR)}
    ] AS evidence
FROM aged AS a
