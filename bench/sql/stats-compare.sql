-- Events and visitors by source, beside those of the period before: as many months before whole months, else as long.
-- Each event is stored once.
WITH if(toStartOfMonth({from:DateTime}) = {from:DateTime} AND toStartOfMonth({to:DateTime}) = {to:DateTime},
  toDateTime(addMonths(toDate({from:DateTime}), -dateDiff('month', {from:DateTime}, {to:DateTime})), 'UTC'), {from:DateTime} - ({to:DateTime} - {from:DateTime})) AS before
SELECT source, countIf(timestamp >= {from:DateTime}) AS count, uniqExactIf(visitor, timestamp >= {from:DateTime}) AS uniques,
  countIf(timestamp < {from:DateTime}) AS count_before, uniqExactIf(visitor, timestamp < {from:DateTime}) AS uniques_before
FROM (
  SELECT source, timestamp, visitor AS visitor
  FROM {db:Identifier}.events
  WHERE project_id = {project:UUID} AND timestamp >= before AND timestamp < {to:DateTime} AND NOT is_bot
)
GROUP BY source
HAVING count > 0
ORDER BY count DESC, source
LIMIT 100
