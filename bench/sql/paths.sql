-- Three moves from the first visit of a page in each session that begins in the 30 days. All ids here are
-- derived, so a session is a run of one visitor's events with gaps of at most 30 minutes, split every 48 half hours.
-- Each event is stored once.
SELECT step, page, next, count() AS sessions FROM (
  SELECT arrayJoin(arrayMap(at -> (at - 1, pages[at], pages[at + 1]), range(1, least(length(pages), 4)))) AS move,
    move.1 AS step, move.2 AS page, move.3 AS next
  FROM (
    SELECT arrayMap(x -> x.5, arrayFilter(x -> x.6, session)) AS seen, arrayCompact(arraySlice(seen, indexOf(seen, '/p5'))) AS pages
    FROM (
      SELECT arrayJoin(arraySplit((x, gap) -> gap > 1800000, visits, arrayDifference(arrayMap(x -> toUnixTimestamp64Milli(x.1), visits)))) AS run,
        arrayMap(x -> intDiv(intDiv(toUnixTimestamp64Milli(x.1), 1800000) - intDiv(toUnixTimestamp64Milli(run[1].1), 1800000), 48), run) AS days,
        arrayJoin(arraySplit((x, next) -> next != 0, run, arrayDifference(days))) AS session
      FROM (
        SELECT arraySort(groupArray((timestamp, received_at, seq, event_id, path, event_name = '$pageview'))) AS visits
        FROM {db:Identifier}.events
        WHERE project_id = {project:UUID} AND timestamp >= toDateTime(intDiv({from:DateTime}::UInt32 - 86400, 1800) * 1800, 'UTC')
          AND timestamp < toDateTime(intDiv({to:DateTime}::UInt32 + 88199, 1800) * 1800, 'UTC') AND NOT is_bot AND anonymous_id IN (
            SELECT anonymous_id FROM {db:Identifier}.events
            WHERE project_id = {project:UUID} AND timestamp >= {from:DateTime} AND timestamp < toDateTime(intDiv({to:DateTime}::UInt32 + 88199, 1800) * 1800, 'UTC')
              AND NOT is_bot AND anonymous_id != '' AND event_name = '$pageview' AND path = '/p5'
          )
        GROUP BY xxh3(anonymous_id)
      )
    )
    WHERE has(seen, '/p5') AND session[1].1 >= {from:DateTime} AND session[1].1 < {to:DateTime}
  )
)
GROUP BY step, page, next
ORDER BY step, sessions DESC, page, next
