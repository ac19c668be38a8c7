-- Events and visitors by UTC day of the three largest sources, empty days too. The sources are chosen from the days themselves.
-- Each event is stored once.
SELECT toString(toDate({from:DateTime}) + day) AS bucket, source, counts[indexOf(days, day)] AS count, visitors[indexOf(days, day)] AS uniques FROM (
  SELECT source, groupArray(at) AS days, groupArray(events) AS counts, groupArray(seen) AS visitors, sum(events) AS total FROM (
    SELECT source, toUInt32(toDate(timestamp) - toDate({from:DateTime})) AS at, count() AS events,
      uniqExact(visitor) AS seen
    FROM {db:Identifier}.events
    WHERE project_id = {project:UUID} AND timestamp >= {from:DateTime} AND timestamp < {to:DateTime} AND NOT is_bot
    GROUP BY source, at
  )
  GROUP BY source
  ORDER BY total DESC, source
  LIMIT 3
)
ARRAY JOIN range(toUInt32(toDate({to:DateTime} - 1) - toDate({from:DateTime})) + 1) AS day
ORDER BY day, total DESC, source
