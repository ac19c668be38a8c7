-- Purchases, revenue and the median price by plan.
-- Each event is stored once.
SELECT JSONExtractString(properties, 'plan') AS plan, count() AS count, ifNull(sum(price), 0) AS revenue, quantileExactInclusive(0.5)(price) AS median FROM (
  SELECT properties, JSONExtract(properties, 'price', 'Nullable(Float64)') AS price
  FROM {db:Identifier}.events
  WHERE project_id = {project:UUID} AND timestamp >= {from:DateTime} AND timestamp < {to:DateTime} AND NOT is_bot AND event_name = 'purchase'
)
GROUP BY plan
ORDER BY count DESC, plan
