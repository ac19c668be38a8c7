import { TABLE_SETTINGS } from './events.js'

/** Dimensions that a rollup keeps apart. */
export const ROLLUP_DIMENSIONS = ['event_name', 'source', 'medium', 'channel'] as const

/** Rows of one rollup day from rows of `events`. */
export function rollupOf(rows: string): string {
  return `SELECT ${ROLLUP_DIMENSIONS.join(', ')}, is_bot,
  count() AS events,
  uniqExactState(visitor) AS visitors
FROM ${rows}
GROUP BY ${ROLLUP_DIMENSIONS.join(', ')}, is_bot`
}

/**
 * A cache of whole days, never the truth. A day is an interval of instants, so that each zone has its own. Its
 * rows carry a generation; `rollup_days` points at the one that counts and says which marks it was built from.
 */
export function rollupTables(db: string): readonly string[] {
  return [
    `CREATE TABLE IF NOT EXISTS ${db}.daily_rollup (
  project_id UUID,
  day_start DateTime('UTC'),
  day_end DateTime('UTC'),
  generation UInt64,
  ${ROLLUP_DIMENSIONS.map((name) => `${name} LowCardinality(String)`).join(',\n  ')},
  is_bot Bool,
  events UInt64,
  visitors AggregateFunction(uniqExact, UInt64)
) ENGINE = MergeTree
PARTITION BY toYYYYMM(day_start)
ORDER BY (project_id, day_start, generation, ${ROLLUP_DIMENSIONS.join(', ')}, is_bot)
SETTINGS ${TABLE_SETTINGS}`,
    `CREATE TABLE IF NOT EXISTS ${db}.rollup_days (
  project_id UUID,
  day_start DateTime('UTC'),
  day_end DateTime('UTC'),
  generation UInt64,
  marks UInt64
) ENGINE = ReplacingMergeTree(generation)
PARTITION BY toYYYYMM(day_start)
ORDER BY (project_id, day_start, day_end)
SETTINGS ${TABLE_SETTINGS}`,
  ]
}
