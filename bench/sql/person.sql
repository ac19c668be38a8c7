-- A user's devices, and what they did in the range, crawlers' events too: count, ends, first touch, and the newest hundred events.
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
  count() AS events, if(events = 0, NULL, toUnixTimestamp64Milli(min(timestamp))) AS first_seen, if(events = 0, NULL, toUnixTimestamp64Milli(max(timestamp))) AS last_seen,
  argMinIf(source, (timestamp, received_at, seq, event_id), url != '') AS first_source,
  arraySlice(arrayMap(x -> (x.4, x.5, x.6), arrayReverseSort(x -> (x.1, x.2, x.3, x.4), groupArray((timestamp, received_at, seq, event_id, toString(event_name), nullIf(path, ''))))), 1, 100) AS timeline
FROM {db:Identifier}.events
WHERE project_id = {project:UUID} AND timestamp >= {from:DateTime} AND timestamp < {to:DateTime}
  AND (user_id = 'u5' OR user_id = '' AND has(devices.1, anonymous_id))
