-- $pageview, signup, purchase inside one session: sessions a step, and the median time from the step before. A session is a run of one
-- visitor without a pause of more than thirty minutes, split every 48 half hours: all session ids are derived. Chains are looked for
-- among the few sessions with a signup.
-- Each event is stored once.
WITH sessions AS (
  SELECT arrayJoin(arraySplit((x, other) -> other != 0, visits, arrayDifference(arrayMap((half, chain) -> chain * 100000 + intDiv(half - chain, 48), halves, chains)))) AS session,
    arrayFilter(x -> x.1 >= {from:DateTime}::Int64 * 1000 AND x.1 < ({to:DateTime}::Int64 + 86400) * 1000 AND x.5 IN ('$pageview', 'signup', 'purchase'), session) AS list
  FROM (
    SELECT arraySort(groupArray((toUnixTimestamp64Milli(timestamp), received_at, seq, event_id, toString(event_name)))) AS visits,
      arrayMap(x -> intDiv(x.1, 1800000), visits) AS halves,
      arrayFill((half, gap) -> gap > 1800000, halves, arrayDifference(arrayMap(x -> x.1, visits))) AS chains
    FROM {db:Identifier}.events
    WHERE project_id = {project:UUID} AND timestamp >= toDateTime(intDiv({from:DateTime}::UInt32 - 86400, 1800) * 1800, 'UTC')
      AND timestamp < toDateTime(intDiv({to:DateTime}::UInt32 + 174599, 1800) * 1800, 'UTC') AND NOT is_bot AND anonymous_id IN (
        SELECT anonymous_id FROM {db:Identifier}.events
        WHERE project_id = {project:UUID} AND timestamp >= {from:DateTime} AND timestamp < {to:DateTime} + 86400 AND NOT is_bot AND event_name = 'signup' AND anonymous_id != ''
      )
    GROUP BY anonymous_id
  )
), chains AS (
  SELECT arraySort(c -> (-c.1, if(c.1 = 2, c.3, c.4), -toInt64(c.2)), arrayFilter(c -> c.1 > 1, arrayMap(s -> (
      arrayFirst(x -> x.1 > s.1, signups) AS second,
      arrayFirst(x -> x.1 > second.1, purchases) AS third,
      if(second.1 = 0, 1, if(third.1 = 0, 2, 3)) AS depth,
      (depth, s.1, second.1, third.1, second.2 - s.2, third.2 - second.2)
    ).4, first_views))) AS found, found[1] AS best
  FROM (
    SELECT arrayMap((x, n) -> (toUInt32(n), x.1, x.5), list, arrayEnumerate(list)) AS placed,
      arrayFilter(x -> x.3 = '$pageview' AND x.2 < {to:DateTime}::Int64 * 1000, placed) AS first_views,
      arrayFilter(x -> x.3 = 'signup', placed) AS signups, arrayFilter(x -> x.3 = 'purchase', placed) AS purchases
    FROM sessions
  )
)
SELECT count, if(count = 0 OR isNaN(median), NULL, floor(median + 0.5) / 1000) AS median_seconds FROM (
  SELECT arrayJoin([(1, came, nan), (2, second, second_median), (3, third, third_median)]) AS step, step.2 AS count, step.3 AS median FROM (
    SELECT (
        SELECT sum(length(arrayCompact(arrayFilter((key, view) -> view, arrayMap((half, chain) -> chain * 100000 + intDiv(half - chain, 48), halves, chains), arrayMap(x -> bitTest(x, 0), visits)))))
        FROM (
          SELECT arraySort(groupArray(toUnixTimestamp64Milli(timestamp) * 2 + (event_name = '$pageview' AND timestamp >= {from:DateTime} AND timestamp < {to:DateTime}))) AS visits,
            arrayMap(x -> intDiv(x, 3600000), visits) AS halves,
            arrayFill((half, gap) -> gap > 1800000, halves, arrayDifference(arrayMap(x -> intDiv(x, 2), visits))) AS chains
          FROM {db:Identifier}.events
          WHERE project_id = {project:UUID} AND timestamp >= toDateTime(intDiv({from:DateTime}::UInt32 - 86400, 1800) * 1800, 'UTC')
            AND timestamp < toDateTime(intDiv({to:DateTime}::UInt32 + 174599, 1800) * 1800, 'UTC') AND NOT is_bot AND anonymous_id != ''
          GROUP BY xxh3(anonymous_id)
        )
      ) AS came, countIf(best.1 > 1) AS second, quantileExactInclusiveIf(0.5)(best.5, best.1 > 1) AS second_median,
      countIf(best.1 = 3) AS third, quantileExactInclusiveIf(0.5)(best.6, best.1 = 3) AS third_median
    FROM chains
  )
)
ORDER BY step.1
