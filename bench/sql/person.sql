-- A user's devices, and what they did in the range, crawlers' events too: count, ends, first and last touch, what was last said of
-- them, and the newest hundred events as the wire shows them.
-- Each event is stored once.
WITH (
  SELECT (arraySort(groupArrayIf(anonymous_id, linked = 'u5')), arraySort(groupArrayIf(anonymous_id, linked != 'u5'))) FROM (
    SELECT anonymous_id, argMin(user_id, (timestamp, event_id)) AS linked
    FROM {db:Identifier}.identity_links
    WHERE project_id = {project:UUID} AND anonymous_id IN (
      SELECT anonymous_id FROM {db:Identifier}.identity_links WHERE project_id = {project:UUID} AND user_id = 'u5'
    )
    GROUP BY anonymous_id
  )
) AS devices
SELECT devices.1 AS anonymous_ids, devices.2 AS conflicts,
  length(rows) AS events, if(events = 0, NULL, rows[-1].1) AS first_seen, if(events = 0, NULL, rows[1].1) AS last_seen,
  arrayMap(x -> (x.1, x.5, x.6, x.7, x.8), arraySlice(landed, -1)) AS first_touch, arrayMap(x -> (x.1, x.5, x.6, x.7, x.8), arraySlice(landed, 1, 1)) AS last_touch,
  arraySort(arrayFilter((pair, n) -> n = 1, arrayFlatten(arrayMap(x -> JSONExtractKeysAndValuesRaw(x.21), arrayFilter(x -> x.9 = '$identify', rows))) AS pairs,
    arrayEnumerateUniq(arrayMap(pair -> pair.1, pairs)))) AS traits,
  arrayMap(x -> (concat(replaceOne(toString(fromUnixTimestamp64Milli(x.1, 'UTC')), ' ', 'T'), 'Z'), x.4, x.9, nullIf(x.10, ''), nullIf(x.11, ''), nullIf(x.12, ''), x.5, x.6, nullIf(x.7, ''), x.8,
    x.13, x.14, nullIf(x.15, ''), nullIf(x.16, ''), nullIf(x.17, ''), x.18, x.19, x.20, x.22, x.23, x.21), arraySlice(rows, 1, 100)) AS timeline
FROM (
  SELECT arrayReverseSort(x -> (x.1, x.2, x.3, x.4), groupArray((toUnixTimestamp64Milli(timestamp), received_at, seq, event_id, toString(source), toString(medium), toString(campaign), toString(channel),
      toString(event_name), anonymous_id, user_id, session_id, toString(source_confidence), toString(source_rule_id), referrer, url, path, toString(country), toString(device_type), toString(browser),
      properties, toString(os), is_bot))) AS rows,
    arrayFilter(x -> x.16 != '', rows) AS landed
  FROM {db:Identifier}.events
  WHERE project_id = {project:UUID} AND timestamp >= {from:DateTime} AND timestamp < {to:DateTime}
    AND (user_id = 'u5' OR user_id = '' AND has(devices.1, anonymous_id))
)
