-- Of the people who signed up in the 30 days, and never before: who saw a page in each week from then on.
-- Each event is stored once.
SELECT toString(toStartOfWeek(first, 1)) AS cohort, dateDiff('week', toStartOfWeek(first, 1), week) AS distance, count() AS people
FROM (
  SELECT if(owner != 0, owner, key) AS person,
    minIf(timestamp, event_name = 'signup') AS first, groupArrayIf(timestamp, event_name = '$pageview') AS views
  FROM (SELECT timestamp, event_name, if(user_id != '', xxh3('u', user_id), xxh3('a', anonymous_id)) AS key FROM {db:Identifier}.events
  WHERE project_id = {project:UUID} AND NOT is_bot AND (event_name = 'signup' OR event_name = '$pageview' AND timestamp >= {from:DateTime})) AS own
  LEFT JOIN (
      SELECT xxh3('a', anonymous_id) AS key, xxh3('u', argMin(user_id, (timestamp, event_id))) AS owner
      FROM {db:Identifier}.identity_links WHERE project_id = {project:UUID} GROUP BY anonymous_id
    ) AS links USING (key)

  GROUP BY person
  HAVING first >= {from:DateTime} AND first < {to:DateTime}
)
ARRAY JOIN arrayDistinct(arrayMap(view -> toStartOfWeek(view, 1), arrayFilter(view -> view >= first, views))) AS week
WHERE distance <= 4 AND week <= toDate({to:DateTime})
GROUP BY cohort, distance
ORDER BY cohort, distance
