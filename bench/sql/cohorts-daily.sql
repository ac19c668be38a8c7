-- People by the day of their first event ever, and how many came on that day and the seven after it. Days of a person are bits.
-- Each event is stored once.
WITH toDate({from:DateTime}) AS today, toUInt32(toDateTime(today, 'UTC')) AS began, intDiv({to:DateTime}::UInt32 - 1 - began, 86400) AS latest
SELECT today + day AS cohort, ifNull(size, 0) AS people,
  arrayMap(d -> if(began + (day + d) * 86400 > {to:DateTime}::UInt32, NULL, back[d + 1]), range(8)) AS returned
FROM (SELECT arrayJoin(range(toUInt32(latest) + 1)) AS day) AS days
LEFT JOIN (
  SELECT toUInt32(intDiv(first - began, 86400)) AS day, count() AS size, sumForEach(arrayMap(d -> toUInt64(if(d = 0, 1, bitTest(came, day + d))), range(8))) AS back
  FROM (
    SELECT min(first) AS first, groupBitOr(came) AS came FROM (
      SELECT anonymous_id, user_id, toUnixTimestamp(min(timestamp)) AS first,
        groupBitOr(if(timestamp < {from:DateTime}, 0, bitShiftLeft(1::UInt64, intDiv(toUnixTimestamp(timestamp) - began, 86400)))) AS came
      FROM {db:Identifier}.events
      WHERE project_id = {project:UUID} AND timestamp < toDateTime(began + (latest + 8) * 86400, 'UTC') AND NOT is_bot
      GROUP BY anonymous_id, user_id
    ) AS visitors
    LEFT JOIN (
      SELECT anonymous_id, argMin(user_id, (timestamp, event_id)) AS linked
      FROM {db:Identifier}.identity_links WHERE project_id = {project:UUID} GROUP BY anonymous_id
    ) AS links USING (anonymous_id)
    GROUP BY multiIf(user_id != '', sipHash64('u', user_id), linked != '', sipHash64('u', linked), sipHash64('a', anonymous_id))
    HAVING first >= {from:DateTime}::UInt32 AND first < {to:DateTime}::UInt32
  )
  GROUP BY day
) AS counts USING (day)
ORDER BY day
