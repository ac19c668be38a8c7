-- Event names, and the keys of their properties with the types of the values. Types by what their JSON text begins with.
-- Each event is stored once.
SELECT name, n, first, last, arraySlice(arraySort(x -> (-x.2, x.1), keys), 1, 50) AS properties FROM (
  SELECT toString(event_name) AS name, count() AS n, toUnixTimestamp64Milli(min(timestamp)) AS first, toUnixTimestamp64Milli(max(timestamp)) AS last
  FROM {db:Identifier}.events
  WHERE project_id = {project:UUID} AND timestamp >= {from:DateTime} AND timestamp < {to:DateTime} AND NOT is_bot
  GROUP BY name
  ORDER BY n DESC, name
  LIMIT 100
) AS names
LEFT JOIN (
  SELECT name, groupArray((key, n, first, last, [strings, n - strings - booleans - objects - arrays - nulls, booleans, objects, arrays, nulls])) AS keys FROM (
    SELECT name, pair.1 AS key, count() AS n, toUnixTimestamp64Milli(min(timestamp)) AS first, toUnixTimestamp64Milli(max(timestamp)) AS last,
      countIf(start = '"') AS strings, countIf(start IN ('t', 'f')) AS booleans, countIf(start = '{') AS objects, countIf(start = '[') AS arrays, countIf(start = 'n') AS nulls
    FROM (
      SELECT toString(event_name) AS name, timestamp, arrayJoin(JSONExtractKeysAndValuesRaw(properties)) AS pair, substring(pair.2, 1, 1) AS start
      FROM {db:Identifier}.events
      WHERE project_id = {project:UUID} AND timestamp >= {from:DateTime} AND timestamp < {to:DateTime} AND NOT is_bot AND properties != '{}'
    )
    GROUP BY name, key
  )
  GROUP BY name
) AS found USING (name)
ORDER BY n DESC, name
