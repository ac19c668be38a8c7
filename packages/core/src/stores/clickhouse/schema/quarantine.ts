import { TABLE_SETTINGS } from './events.js'

/**
 * Events that no insert took. Only text columns that hold anything: a refused event may have a project id that is no
 * UUID. The ids stand apart from `row` so that an erasure finds them.
 */
export function quarantineTables(db: string): readonly string[] {
  return [
    `CREATE TABLE IF NOT EXISTS ${db}.quarantine (
  project_id String,
  event_id String,
  anonymous_id String,
  user_id String,
  timestamp DateTime64(3, 'UTC'),
  received_at DateTime64(3, 'UTC'),
  quarantined_at DateTime64(3, 'UTC'),
  code LowCardinality(String),
  reason String,
  row String CODEC(ZSTD(1))
) ENGINE = MergeTree
ORDER BY (project_id, quarantined_at, event_id)
SETTINGS ${TABLE_SETTINGS}`,
  ]
}
