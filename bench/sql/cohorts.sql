-- People by the week of their first event ever, and how many came in that week and the four after it. Weeks of a person are bits.
-- Each event is stored once.
WITH toMonday({from:DateTime}) AS monday, toUInt32(toDateTime(monday, 'UTC')) AS began, intDiv({to:DateTime}::UInt32 - 1 - began, 604800) AS latest
SELECT monday + week * 7 AS cohort, ifNull(size, 0) AS people,
  arrayMap(d -> if(began + (week + d) * 604800 > {to:DateTime}::UInt32, NULL, back[d + 1]), range(5)) AS returned
FROM (SELECT arrayJoin(range(toUInt32(latest) + 1)) AS week) AS weeks
LEFT JOIN (
  SELECT toUInt32(intDiv(first - began, 604800)) AS week, count() AS size,
    [toUInt64(size), countIf(bitTest(came, week + 1)), countIf(bitTest(came, week + 2)), countIf(bitTest(came, week + 3)), countIf(bitTest(came, week + 4))] AS back
  FROM (
    SELECT min(first) AS first, groupBitOr(came) AS came FROM (
      SELECT anonymous_id, user_id, toUnixTimestamp(min(timestamp)) AS first,
        groupBitOr(if(timestamp < {from:DateTime}, 0, bitShiftLeft(1::UInt64, intDiv(toUnixTimestamp(timestamp) - began, 604800)))) AS came
      FROM {db:Identifier}.events
      WHERE project_id = {project:UUID} AND timestamp < toDateTime(began + (latest + 5) * 604800, 'UTC') AND NOT is_bot
      GROUP BY anonymous_id, user_id
    ) AS visitors
    LEFT JOIN (
      SELECT anonymous_id, argMin(user_id, (timestamp, event_id)) AS linked
      FROM {db:Identifier}.identity_links WHERE project_id = {project:UUID} GROUP BY anonymous_id
    ) AS links USING (anonymous_id)
    GROUP BY multiIf(user_id != '', sipHash64('u', user_id), linked != '', sipHash64('u', linked), sipHash64('a', anonymous_id))
    HAVING first >= {from:DateTime}::UInt32 AND first < {to:DateTime}::UInt32
  )
  GROUP BY week
) AS counts USING (week)
ORDER BY week
