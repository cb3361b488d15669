-- title:    Quote expired, deal still open
-- severity: low
-- reads:    quotes, deals, settings
-- needs:    quotes
-- action:
-- why:      The offer is no longer valid and nobody won, lost or renewed it: the forecast counts on money that nobody offered
--           any more. A newer quote of the same deal that is valid, accepted or being written is an answer.
WITH ranked AS (
    SELECT
        q.vendor,
        q.id,
        q.number,
        q.title,
        q.deal_id,
        q.status,
        q.valid_until_on,
        q.net,
        q.gross,
        q.currency,
        MAX(CASE
            WHEN q.status IN ('accepted', 'draft') THEN 1
            WHEN q.status = 'published' AND COALESCE(q.valid_until_on >= s.today, TRUE) THEN 1
            ELSE 0
        END) OVER (PARTITION BY q.vendor, q.deal_id) AS is_answered,
        ROW_NUMBER() OVER (PARTITION BY q.vendor, q.deal_id ORDER BY q.valid_until_on DESC, q.id DESC) AS place
    FROM quotes AS q
    CROSS JOIN settings AS s
    WHERE q.deal_id IS NOT NULL
)
SELECT
    'quotes' AS subject,
    r.vendor,
    r.id,
    COALESCE(r.gross, r.net, d.amount, 0) AS amount,
    COALESCE(r.currency, d.currency) AS currency,
    r.valid_until_on AS since,
    COALESCE(r.number || ' ', '') || COALESCE(d.title, r.title, '') AS detail,
    [
        {'code': 'valid_until_on', 'agrees': FALSE, 'left': CAST(r.valid_until_on AS VARCHAR), 'right': CAST(NULL AS VARCHAR)},
        {'code': 'deal_status', 'agrees': FALSE, 'left': d.status, 'right': CAST(NULL AS VARCHAR)}
    ] AS evidence
FROM ranked AS r
JOIN deals AS d
    ON d.vendor = r.vendor
    AND d.id = r.deal_id
CROSS JOIN settings AS s
WHERE r.place = 1
AND r.is_answered = 0
AND r.status IN ('published', 'expired')
AND d.status = 'open'
AND r.valid_until_on < s.today
