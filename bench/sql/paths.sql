-- Three moves from the first visit of a page in each session that begins in the 30 days. All ids here are
-- derived, so a session is a run of one visitor's events with gaps of at most 30 minutes, of less than a day.
SELECT step, page, next, count() AS sessions FROM (
  SELECT arrayJoin(arrayMap(at -> (at - 1, pages[at], pages[at + 1]), range(1, least(length(pages), 4)))) AS move,
    move.1 AS step, move.2 AS page, move.3 AS next
  FROM (
    SELECT arrayMap(x -> x.5, arrayFilter(x -> x.6, session)) AS seen, arrayCompact(arraySlice(seen, indexOf(seen, '/p5'))) AS pages
    FROM (
      SELECT arrayJoin(arraySplit((x, gap) -> gap > 1800000, visits, arrayDifference(arrayMap(x -> toUnixTimestamp64Milli(x.1), visits)))) AS session
      FROM (
        SELECT arraySort(groupArray((timestamp, received_at, seq, event_id, path, event_name = '$pageview'))) AS visits
        FROM {db:Identifier}.events
        WHERE project_id = {project:UUID} AND timestamp >= {from:DateTime} - 86400 AND timestamp < {to:DateTime} + 86400 AND NOT is_bot
        GROUP BY sipHash64(anonymous_id)
      )
    )
    WHERE has(seen, '/p5') AND session[1].1 >= {from:DateTime} AND session[1].1 < {to:DateTime}
  )
)
GROUP BY step, page, next
ORDER BY step, sessions DESC, page, next
