-- Purchases by the first touch in the 30 days before. Found for the few who bought: their own user ids and visitors, with the visitors
-- that are linked to them.
-- Each event is stored once.
WITH links AS (
  SELECT anonymous_id, argMin(user_id, (timestamp, event_id)) AS linked
  FROM {db:Identifier}.identity_links WHERE project_id = {project:UUID} GROUP BY anonymous_id
), bought AS (
  SELECT anonymous_id, user_id, timestamp, received_at, seq, event_id, properties
  FROM {db:Identifier}.events
  WHERE project_id = {project:UUID} AND timestamp >= {from:DateTime} AND timestamp < {to:DateTime} AND NOT is_bot AND event_name = 'purchase'
), ids AS (
  SELECT arrayJoin(arrayPushBack(visitors, person)) FROM (
    SELECT multiIf(user_id != '', xxh3('u', user_id), linked != '', xxh3('u', linked), xxh3('a', anonymous_id)) AS person FROM bought LEFT JOIN links USING (anonymous_id)
  ) AS people
  LEFT JOIN (SELECT xxh3('u', linked) AS person, groupArray(xxh3('a', anonymous_id)) AS visitors FROM links GROUP BY person) AS owned USING (person)
)
SELECT source, medium, count() AS conversions, uniqExact(person) AS people, sum(price) AS value FROM (
  SELECT person, any(price) AS price, if(countIf(counts) > 0, argMinIf(arrival, moment, counts), ('direct', 'direct')) AS earned,
    earned.1 AS source, earned.2 AS medium
  FROM (
    SELECT c.event_id AS id, c.person AS person, c.price AS price, (t.source, t.medium) AS arrival, t.moment AS moment,
      t.person != 0 AND t.moment <= c.moment AND t.timestamp >= c.timestamp - INTERVAL 30 DAY AS counts
    FROM (
      SELECT event_id, timestamp, (timestamp, received_at, seq, event_id) AS moment, ifNull(JSONExtract(properties, 'price', 'Nullable(Float64)'), 0) AS price,
        multiIf(user_id != '', xxh3('u', user_id), linked != '', xxh3('u', linked), xxh3('a', anonymous_id)) AS person
      FROM bought LEFT JOIN links USING (anonymous_id)
    ) AS c
    LEFT JOIN (
      SELECT person, timestamp, moment, source, medium FROM (
        SELECT person, timestamp, (timestamp, received_at, seq, event_id) AS moment, source, medium, (source, medium, campaign, channel, term, content) AS says,
          toUnixTimestamp64Milli(timestamp) AS at,
          lagInFrame(at) OVER (PARTITION BY person ORDER BY timestamp, received_at, seq, event_id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS before,
          lagInFrame(at) OVER (PARTITION BY person, medium = 'direct' ORDER BY timestamp, received_at, seq, event_id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS alike,
          lagInFrame(says) OVER (PARTITION BY person, medium = 'direct' ORDER BY timestamp, received_at, seq, event_id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS said
        FROM (
          SELECT *, multiIf(user_id != '', xxh3('u', user_id), linked != '', xxh3('u', linked), xxh3('a', anonymous_id)) AS person
          FROM (
            SELECT anonymous_id, user_id, timestamp, received_at, seq, event_id, source, medium, campaign, channel, term, content
            FROM {db:Identifier}.events
            WHERE project_id = {project:UUID} AND timestamp >= {from:DateTime} - 2593800 AND timestamp < {to:DateTime} AND NOT is_bot AND url != ''
              AND if(user_id != '', xxh3('u', user_id), xxh3('a', anonymous_id)) IN (SELECT * FROM ids)
          ) AS own
          LEFT JOIN links USING (anonymous_id)
        )
      )
      WHERE if(medium = 'direct', at - before > 1800000, at - alike > 1800000 OR says != said)
    ) AS t ON t.person = c.person
  )
  GROUP BY person, id
)
GROUP BY source, medium
ORDER BY conversions DESC, source, medium
LIMIT 100
