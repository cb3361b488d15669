-- title: Records that wait for a person to say what they belong to
-- reads: links
-- key:   place, left_table, right_table
-- why:   An invoice asks for its deal, a payment for its invoice or deal, a customer for its twin. In the order in which
--        they are shown, so that a page of them is a range of places.
-- columns:
--   place: from 1, most money first; the same where a record asks for two sorts of partner
--   left_table: left table of the pairs that are suggested
--   right_table: right table of the pairs
--   asker_table: table of the record that asks
--   asker_vendor: its vendor
--   asker_id: the record
--   worth: the most that any of its candidates would give, without sign
--   candidates: how many are suggested
WITH suggested AS (
    SELECT
        l.left_table,
        l.right_table,
        CASE WHEN l.left_table = 'deals' THEN l.right_table ELSE l.left_table END AS asker_table,
        CASE WHEN l.left_table = 'deals' THEN l.right_vendor ELSE l.left_vendor END AS asker_vendor,
        CASE WHEN l.left_table = 'deals' THEN l.right_id ELSE l.left_id END AS asker_id,
        ABS(l.amount) AS amount
    FROM links AS l
    WHERE l.status = 'suggested'
),
asked AS (
    SELECT
        s.left_table,
        s.right_table,
        s.asker_table,
        s.asker_vendor,
        s.asker_id,
        COUNT(*) AS candidates,
        MAX(MAX(s.amount)) OVER (PARTITION BY s.asker_table, s.asker_vendor, s.asker_id) AS worth
    FROM suggested AS s
    GROUP BY s.left_table, s.right_table, s.asker_table, s.asker_vendor, s.asker_id
)
SELECT
    DENSE_RANK() OVER (ORDER BY a.worth DESC NULLS LAST, a.asker_table, a.asker_vendor, a.asker_id) AS place,
    a.left_table,
    a.right_table,
    a.asker_table,
    a.asker_vendor,
    a.asker_id,
    a.worth,
    a.candidates
FROM asked AS a
ORDER BY place
