-- People, pageviews and bounce rate of 30 days by source. A person is the own user, else the linked user, else the visitor; a bounce
-- is a session of one pageview and nothing else; a session takes the source of its first event.
SELECT source, max(people) AS people, max(pageviews) AS pageviews, max(bounce_rate) AS bounce_rate FROM (
  SELECT source, uniqExact(multiIf(user_id != '', sipHash64('u', user_id), linked != '', sipHash64('u', linked), sipHash64('a', anonymous_id))) AS people,
    countIf(event_name = '$pageview') AS pageviews, NULL AS bounce_rate
  FROM {db:Identifier}.events
  LEFT JOIN (
    SELECT anonymous_id, argMin(user_id, (timestamp, event_id)) AS linked
    FROM {db:Identifier}.identity_links WHERE project_id = {project:UUID} GROUP BY anonymous_id
  ) AS links USING (anonymous_id)
  WHERE project_id = {project:UUID} AND timestamp >= {from:DateTime} AND timestamp < {to:DateTime} AND NOT is_bot
  GROUP BY source
  UNION ALL
  SELECT source, 0, 0, countIf(views = 1 AND others = 0) / count() FROM (
    SELECT min(start) AS start, sum(views) AS views, sum(others) AS others, argMin(first.2, first.1) AS source FROM (
      SELECT *, sum(opens) OVER (PARTITION BY visitor ORDER BY half ROWS UNBOUNDED PRECEDING) AS session FROM (
        SELECT *, start - lagInFrame(end) OVER (PARTITION BY visitor ORDER BY half ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) > 1800 AS opens FROM (
          SELECT sipHash64(anonymous_id) AS visitor, bucket AS half, toUnixTimestamp(min(started_at)) AS start, toUnixTimestamp(max(ended_at)) AS end,
            uniqExactIfMerge(pageviews) AS views, uniqExactIfMerge(others) AS others, argMinMerge(first) AS first
          FROM {db:Identifier}.sessions
          WHERE project_id = {project:UUID} AND bucket >= {from:DateTime} - 86400 AND bucket < {to:DateTime} + 86400 AND NOT is_bot
          GROUP BY visitor, half
        )
      )
    )
    GROUP BY visitor, session
    HAVING start >= toUnixTimestamp({from:DateTime}) AND start < toUnixTimestamp({to:DateTime})
  )
  GROUP BY source
)
GROUP BY source
ORDER BY people DESC, source
LIMIT 100
