-- Pageviews and visitors of pages seen on a phone from two countries.
-- Each event is stored once.
SELECT path, count() AS pageviews, uniqExact(visitor) AS uniques
FROM {db:Identifier}.events
WHERE project_id = {project:UUID} AND timestamp >= {from:DateTime} AND timestamp < {to:DateTime} AND NOT is_bot
  AND event_name = '$pageview' AND device_type = 'mobile' AND country IN ('DE', 'FR')
GROUP BY path
ORDER BY pageviews DESC, path
LIMIT 100
