-- Where events came from: events, visitors and the paid share by source and medium.
-- Each event is stored once.
SELECT source, medium, count() AS events,
  uniqExact(visitor) AS uniques, countIf(medium = 'paid') / events AS paid_share
FROM {db:Identifier}.events
WHERE project_id = {project:UUID} AND timestamp >= {from:DateTime} AND timestamp < {to:DateTime} AND NOT is_bot
GROUP BY source, medium
ORDER BY events DESC, source, medium
LIMIT 50
