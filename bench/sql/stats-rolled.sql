-- Events and visitors by UTC day, empty days too: from raw events, where ours may answer from a rollup.
-- Each event is stored once.
SELECT toDate(timestamp) AS day, count() AS count,
  uniqExact(visitor) AS uniques
FROM {db:Identifier}.events
WHERE project_id = {project:UUID} AND timestamp >= {from:DateTime} AND timestamp < {to:DateTime} AND NOT is_bot
GROUP BY day
ORDER BY day WITH FILL FROM toDate({from:DateTime}) TO toDate({to:DateTime} - 1) + 1
