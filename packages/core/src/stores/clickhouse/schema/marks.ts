import { TABLE_SETTINGS } from './events.js'

/**
 * How many rows were ever inserted per quarter of an hour of event time. A rollup day remembers the sum it was
 * built from; when the sums differ, something arrived or was taken away since, and raw events answer.
 */
export function markTables(db: string): readonly string[] {
  return [
    `CREATE TABLE IF NOT EXISTS ${db}.marks (
  project_id UUID,
  quarter DateTime('UTC'),
  rows SimpleAggregateFunction(sum, UInt64),
  last_at SimpleAggregateFunction(max, DateTime64(3, 'UTC'))
) ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(quarter)
ORDER BY (project_id, quarter)
SETTINGS ${TABLE_SETTINGS}`,
    `CREATE MATERIALIZED VIEW IF NOT EXISTS ${db}.marks_mv TO ${db}.marks AS
SELECT project_id, toStartOfFifteenMinutes(timestamp) AS quarter, count() AS rows, now64(3, 'UTC') AS last_at
FROM ${db}.events
GROUP BY project_id, quarter`,
  ]
}
