-- Of the people of each source, the share that signed up in the range.
-- Each event is stored once.
SELECT source, uniqExact(person) AS people, uniqExactIf(person, person IN (
  SELECT if(linked != 0, linked, key)
  FROM (SELECT if(owner != 0, owner, visitor) AS key FROM {db:Identifier}.events
  WHERE project_id = {project:UUID} AND timestamp >= {from:DateTime} AND timestamp < {to:DateTime} AND NOT is_bot AND event_name = 'signup') AS own
  LEFT JOIN (
      SELECT sipHash64('a', anonymous_id) AS key, sipHash64('u', argMin(user_id, (timestamp, event_id))) AS linked
      FROM {db:Identifier}.identity_links WHERE project_id = {project:UUID} GROUP BY anonymous_id
    ) AS links USING (key)
)) / people AS conversion_rate FROM (
  SELECT source, if(linked != 0, linked, key) AS person
  FROM (SELECT source, if(owner != 0, owner, visitor) AS key FROM {db:Identifier}.events
  WHERE project_id = {project:UUID} AND timestamp >= {from:DateTime} AND timestamp < {to:DateTime} AND NOT is_bot) AS own
  LEFT JOIN (
      SELECT sipHash64('a', anonymous_id) AS key, sipHash64('u', argMin(user_id, (timestamp, event_id))) AS linked
      FROM {db:Identifier}.identity_links WHERE project_id = {project:UUID} GROUP BY anonymous_id
    ) AS links USING (key)
)
GROUP BY source
ORDER BY people DESC, source
