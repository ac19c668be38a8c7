-- Of the people of each source, the share that signed up in the range.
-- Each event is stored once.
SELECT source, uniqExact(person) AS people, uniqExactIf(person, person IN (
  SELECT multiIf(user_id != '', sipHash64('u', user_id), linked != '', sipHash64('u', linked), sipHash64('a', anonymous_id))
  FROM {db:Identifier}.events
  LEFT JOIN (
    SELECT anonymous_id, argMin(user_id, (timestamp, event_id)) AS linked
    FROM {db:Identifier}.identity_links WHERE project_id = {project:UUID} GROUP BY anonymous_id
  ) AS links USING (anonymous_id)
  WHERE project_id = {project:UUID} AND timestamp >= {from:DateTime} AND timestamp < {to:DateTime} AND NOT is_bot AND event_name = 'signup'
)) / people AS conversion_rate FROM (
  SELECT source, multiIf(user_id != '', sipHash64('u', user_id), linked != '', sipHash64('u', linked), sipHash64('a', anonymous_id)) AS person
  FROM {db:Identifier}.events
  LEFT JOIN (
    SELECT anonymous_id, argMin(user_id, (timestamp, event_id)) AS linked
    FROM {db:Identifier}.identity_links WHERE project_id = {project:UUID} GROUP BY anonymous_id
  ) AS links USING (anonymous_id)
  WHERE project_id = {project:UUID} AND timestamp >= {from:DateTime} AND timestamp < {to:DateTime} AND NOT is_bot
)
GROUP BY source
ORDER BY people DESC, source
