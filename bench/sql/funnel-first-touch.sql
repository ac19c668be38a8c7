-- People at each step of $pageview, signup, purchase within 14 days of the first, by the source of their first touch ever. Chains are
-- looked for among the few who signed up; of the rest it is enough that they came.
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
  SELECT person, arrayMax(arrayMap(s -> (
      arrayFirst(x -> x.1 > s.1, signups) AS second,
      arrayFirst(x -> x.1 > second.1, purchases) AS third,
      if(second.1 = 0 OR second.2 - s.2 > 1209600000, 1, if(third.1 = 0 OR third.2 - s.2 > 1209600000, 2, 3))
    ).3, views)) AS depth
  FROM (
    SELECT person, arraySort(groupArray((toUnixTimestamp64Milli(timestamp), received_at, seq, event_id, event_name))) AS list,
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
    GROUP BY multiIf(user_id != '', xxh3('u', user_id), linked != '', xxh3('u', linked), xxh3('a', anonymous_id)) AS person
  )
  WHERE notEmpty(views)
)
SELECT source, count() AS came, countIf(depth > 1) AS signed_up, countIf(depth = 3) AS bought FROM (
  SELECT person, argMinIf(source, place, landed) AS source FROM (
    SELECT if(user_id != '', xxh3('u', user_id), xxh3('a', anonymous_id)) AS key, max(event_name = '$pageview' AND timestamp >= {from:DateTime} AND timestamp < {to:DateTime}) AS viewed, max(url != '') AS landed,
      minIf(concat(reinterpret(byteSwap(toUInt64(toUnixTimestamp64Milli(timestamp))), 'FixedString(8)'), reinterpret(byteSwap(toUInt64(toUnixTimestamp64Milli(received_at))), 'FixedString(8)'),
        reinterpret(byteSwap(seq), 'FixedString(4)'), event_id), url != '') AS place,
      argMinIf(toString(source), concat(reinterpret(byteSwap(toUInt64(toUnixTimestamp64Milli(timestamp))), 'FixedString(8)'), reinterpret(byteSwap(toUInt64(toUnixTimestamp64Milli(received_at))), 'FixedString(8)'),
        reinterpret(byteSwap(seq), 'FixedString(4)'), event_id), url != '') AS source
    FROM {db:Identifier}.events
    WHERE project_id = {project:UUID} AND NOT is_bot
    GROUP BY key
  ) AS visitors
  LEFT JOIN (SELECT xxh3('a', anonymous_id) AS key, xxh3('u', linked) AS owner FROM links) AS owners USING (key)
  GROUP BY if(owner != 0, owner, key) AS person
  HAVING max(viewed)
) AS touched
LEFT JOIN chains USING (person)
GROUP BY source
ORDER BY came DESC, source
LIMIT 10
