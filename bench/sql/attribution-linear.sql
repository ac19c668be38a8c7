-- Purchases shared among all touches in the 30 days before, in whole parts, the last touch with what is left of them. Found for the few
-- who bought: their own user ids and visitors, with the visitors that are linked to them.
-- Each event is stored once.
WITH 5354228880::Int64 AS parts, links AS (
  SELECT anonymous_id, argMin(user_id, (timestamp, event_id)) AS linked
  FROM {db:Identifier}.identity_links WHERE project_id = {project:UUID} GROUP BY anonymous_id
), bought AS (
  SELECT anonymous_id, user_id, timestamp, received_at, seq, event_id, properties
  FROM {db:Identifier}.events
  WHERE project_id = {project:UUID} AND timestamp >= {from:DateTime} AND timestamp < {to:DateTime} AND NOT is_bot AND event_name = 'purchase'
), buyers AS (
  SELECT if(user_id != '', user_id, linked) AS buyer FROM bought LEFT JOIN links USING (anonymous_id) WHERE buyer != ''
)
SELECT source, medium, intDiv(sum(part), parts) + sum(part) % parts / parts AS conversions, uniqExact(person) AS people, floor(sum(price * part) / parts * 1e6 + 0.5) / 1e6 AS value FROM (
  SELECT person, any(price) AS price, arraySort(groupArrayIf((moment, arrival), counts)) AS touches, intDiv(parts, greatest(length(touches), 1)) AS each,
    arrayJoin(if(empty(touches), [('direct', 'direct', parts)],
      arrayMap((t, n) -> (toString(t.2.1), toString(t.2.2), if(n = length(touches), parts - each * (length(touches) - 1), each)), touches, arrayEnumerate(touches)))) AS share,
    share.1 AS source, share.2 AS medium, share.3 AS part
  FROM (
    SELECT c.event_id AS id, c.person AS person, c.price AS price, (t.source, t.medium) AS arrival, t.moment AS moment,
      t.person != 0 AND t.moment <= c.moment AND t.timestamp >= c.timestamp - INTERVAL 30 DAY AS counts
    FROM (
      SELECT event_id, timestamp, (timestamp, received_at, seq, event_id) AS moment, ifNull(JSONExtract(properties, 'price', 'Nullable(Float64)'), 0) AS price,
        multiIf(user_id != '', sipHash64('u', user_id), linked != '', sipHash64('u', linked), sipHash64('a', anonymous_id)) AS person
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
          SELECT *, multiIf(user_id != '', sipHash64('u', user_id), linked != '', sipHash64('u', linked), sipHash64('a', anonymous_id)) AS person
          FROM (
            SELECT anonymous_id, user_id, timestamp, received_at, seq, event_id, source, medium, campaign, channel, term, content
            FROM {db:Identifier}.events
            WHERE project_id = {project:UUID} AND timestamp >= {from:DateTime} - 2593800 AND timestamp < {to:DateTime} AND NOT is_bot AND url != ''
              AND (anonymous_id IN (SELECT anonymous_id FROM bought UNION ALL SELECT anonymous_id FROM links WHERE linked IN buyers) OR user_id IN buyers)
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
ORDER BY sum(part) DESC, source, medium
LIMIT 100
