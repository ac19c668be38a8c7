-- Of the people of each source, the share that signed up in the range.
-- Each event is stored once.
SELECT source, uniqExact(person) AS people, uniqExactIf(person, person IN (
  SELECT if(owner != 0, owner, key)
  FROM (SELECT source, event_name, if(user_id != '', xxh3('u', user_id), xxh3('a', anonymous_id)) AS key FROM {db:Identifier}.events
  WHERE project_id = {project:UUID} AND timestamp >= {from:DateTime} AND timestamp < {to:DateTime} AND NOT is_bot AND event_name = 'signup') AS own
  LEFT JOIN (
      SELECT xxh3('a', anonymous_id) AS key, xxh3('u', argMin(user_id, (timestamp, event_id))) AS owner
      FROM {db:Identifier}.identity_links WHERE project_id = {project:UUID} GROUP BY anonymous_id
    ) AS links USING (key)

)) / people AS conversion_rate FROM (
  SELECT source, if(owner != 0, owner, key) AS person
  FROM (SELECT source, event_name, if(user_id != '', xxh3('u', user_id), xxh3('a', anonymous_id)) AS key FROM {db:Identifier}.events
  WHERE project_id = {project:UUID} AND timestamp >= {from:DateTime} AND timestamp < {to:DateTime} AND NOT is_bot) AS own
  LEFT JOIN (
      SELECT xxh3('a', anonymous_id) AS key, xxh3('u', argMin(user_id, (timestamp, event_id))) AS owner
      FROM {db:Identifier}.identity_links WHERE project_id = {project:UUID} GROUP BY anonymous_id
    ) AS links USING (key)

)
GROUP BY source
ORDER BY people DESC, source
