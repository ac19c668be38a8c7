-- People, pageviews and bounce rate of 30 days by source. A person is the own user, else the linked user, else the visitor; a bounce
-- is a session of one pageview and nothing else; a session takes the source of its first event. Knows that all session ids are derived:
-- a session is a run of one visitor without a pause of more than thirty minutes, split every 48 half hours.
-- Each event is stored once.
SELECT source, max(people) AS people, max(pageviews) AS pageviews, max(bounce_rate) AS bounce_rate FROM (
  SELECT source, uniqExact(if(owner != 0, owner, key)) AS people,
    countIf(event_name = '$pageview') AS pageviews, NULL AS bounce_rate
  FROM (SELECT source, event_name, if(user_id != '', xxh3('u', user_id), xxh3('a', anonymous_id)) AS key FROM {db:Identifier}.events
  WHERE project_id = {project:UUID} AND timestamp >= {from:DateTime} AND timestamp < {to:DateTime} AND NOT is_bot) AS own
  LEFT JOIN (
      SELECT xxh3('a', anonymous_id) AS key, xxh3('u', argMin(user_id, (timestamp, event_id))) AS owner
      FROM {db:Identifier}.identity_links WHERE project_id = {project:UUID} GROUP BY anonymous_id
    ) AS links USING (key)

  GROUP BY source
  UNION ALL
  SELECT source, 0, 0, countIf(views = 1 AND others = 0) / count() FROM (
    SELECT min(start) AS start, sum(views) AS views, sum(others) AS others, argMin(source, half) AS source FROM (
      SELECT *, max(if(opens, half, 0)) OVER (PARTITION BY visitor ORDER BY half ROWS UNBOUNDED PRECEDING) AS chain FROM (
        SELECT *, start - lagInFrame(end) OVER (PARTITION BY visitor ORDER BY half ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) > 1800000 AS opens FROM (
          SELECT xxh3(anonymous_id) AS visitor, intDiv(toUnixTimestamp64Milli(timestamp), 1800000) AS half,
            toUnixTimestamp64Milli(min(timestamp)) AS start, toUnixTimestamp64Milli(max(timestamp)) AS end,
            countIf(event_name = '$pageview') AS views, countIf(event_name NOT IN ('$pageview', '$identify')) AS others,
            argMin(source, concat(reinterpret(byteSwap(toUInt64(toUnixTimestamp64Milli(timestamp))), 'FixedString(8)'),
              reinterpret(byteSwap(toUInt64(toUnixTimestamp64Milli(received_at))), 'FixedString(8)'), reinterpret(byteSwap(seq), 'FixedString(4)'), event_id)) AS source
          FROM {db:Identifier}.events
          WHERE project_id = {project:UUID} AND timestamp >= toDateTime(intDiv({from:DateTime}::UInt32 - 86400, 1800) * 1800, 'UTC')
            AND timestamp < toDateTime(intDiv({to:DateTime}::UInt32 + 88199, 1800) * 1800, 'UTC') AND NOT is_bot AND anonymous_id != ''
          GROUP BY visitor, half
        )
      )
    )
    GROUP BY visitor, chain, intDiv(half - chain, 48)
    HAVING start >= {from:DateTime}::Int64 * 1000 AND start < {to:DateTime}::Int64 * 1000
  )
  GROUP BY source
)
GROUP BY source
ORDER BY people DESC, source
LIMIT 100
