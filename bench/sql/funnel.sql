-- $pageview, signup, purchase within 14 days of the first: people a step, and the median time from the step before. Chains are looked
-- for among the few who signed up; of the rest it is enough that they came.
-- Each event is stored once.
WITH links AS (
  SELECT anonymous_id, argMin(user_id, (timestamp, event_id)) AS linked
  FROM {db:Identifier}.identity_links WHERE project_id = {project:UUID} GROUP BY anonymous_id
), signed AS (
  SELECT DISTINCT anonymous_id, user_id
  FROM {db:Identifier}.events
  WHERE project_id = {project:UUID} AND timestamp >= {from:DateTime} AND timestamp < {to:DateTime} + 1209600 AND NOT is_bot AND event_name = 'signup'
), ids AS (
  SELECT arrayJoin(arrayPushBack(visitors, person)) FROM (
    SELECT multiIf(user_id != '', xxh3('u', user_id), linked != '', xxh3('u', linked), xxh3('a', anonymous_id)) AS person FROM signed LEFT JOIN links USING (anonymous_id)
  ) AS people
  LEFT JOIN (SELECT xxh3('u', linked) AS person, groupArray(xxh3('a', anonymous_id)) AS visitors FROM links GROUP BY person) AS owned USING (person)
), chains AS (
  SELECT arraySort(c -> (-c.1, if(c.1 = 2, c.3, c.4), -toInt64(c.2)), arrayFilter(c -> c.1 > 1, arrayMap(s -> (
      arrayFirst(x -> x.1 > s.1, signups) AS second,
      arrayFirst(x -> x.1 > second.1, purchases) AS third,
      if(second.1 = 0 OR second.2 - s.2 > 1209600000, 1, if(third.1 = 0 OR third.2 - s.2 > 1209600000, 2, 3)) AS depth,
      (depth, s.1, second.1, third.1, second.2 - s.2, third.2 - second.2)
    ).4, views))) AS found, found[1] AS best
  FROM (
    SELECT arraySort(groupArray((toUnixTimestamp64Milli(timestamp), received_at, seq, event_id, event_name))) AS list,
      arrayMap((x, n) -> (toUInt32(n), x.1, x.5), list, arrayEnumerate(list)) AS placed,
      arrayFilter(x -> x.3 = '$pageview' AND x.2 < {to:DateTime}::Int64 * 1000, placed) AS views,
      arrayFilter(x -> x.3 = 'signup', placed) AS signups, arrayFilter(x -> x.3 = 'purchase', placed) AS purchases
    FROM (
      SELECT anonymous_id, user_id, timestamp, received_at, seq, event_id, toString(event_name) AS event_name
      FROM {db:Identifier}.events
      WHERE project_id = {project:UUID} AND timestamp >= {from:DateTime} AND timestamp < {to:DateTime} + 1209600 AND NOT is_bot
        AND event_name IN ('$pageview', 'signup', 'purchase')
        AND if(user_id != '', xxh3('u', user_id), xxh3('a', anonymous_id)) IN (SELECT * FROM ids)
    ) AS own
    LEFT JOIN links USING (anonymous_id)
    GROUP BY multiIf(user_id != '', xxh3('u', user_id), linked != '', xxh3('u', linked), xxh3('a', anonymous_id))
  )
  WHERE best.1 > 1
)
SELECT count, if(count = 0 OR isNaN(median), NULL, floor(median + 0.5) / 1000) AS median_seconds FROM (
  SELECT arrayJoin([(1, came, nan), (2, second, second_median), (3, third, third_median)]) AS step, step.2 AS count, step.3 AS median FROM (
    SELECT count() AS second, quantileExactInclusive(0.5)(best.5) AS second_median, countIf(best.1 = 3) AS third, quantileExactInclusiveIf(0.5)(best.6, best.1 = 3) AS third_median,
      (
        SELECT uniqExact(if(owner != 0, owner, key))
        FROM (
          SELECT DISTINCT if(user_id != '', xxh3('u', user_id), xxh3('a', anonymous_id)) AS key FROM {db:Identifier}.events
          WHERE project_id = {project:UUID} AND timestamp >= {from:DateTime} AND timestamp < {to:DateTime} AND NOT is_bot AND event_name = '$pageview'
        ) AS visitors
        LEFT JOIN (SELECT xxh3('a', anonymous_id) AS key, xxh3('u', linked) AS owner FROM links) AS owners USING (key)
      ) AS came
    FROM chains
  )
)
ORDER BY step.1
