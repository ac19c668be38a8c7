import { TABLE_SETTINGS } from './events.js'

/**
 * Tables of erasure. `erasures` and `erased_rows` hold personal data, but only while the erasure runs; the other two
 * hold none and stay.
 */
export function privacyTables(db: string): readonly string[] {
  return [
    // Who is to be erased. In a table and not in the statements, because a mutation's text is kept by the server.
    `CREATE TABLE IF NOT EXISTS ${db}.erasures (
  erasure_id UUID,
  project_id UUID,
  kind LowCardinality(String),
  user_id String,
  anonymous_id String,
  until DateTime64(3, 'UTC')
) ENGINE = MergeTree
ORDER BY (erasure_id, project_id)
SETTINGS ${TABLE_SETTINGS}`,
    // The rows that go, by the keys of every table that has something of them.
    `CREATE TABLE IF NOT EXISTS ${db}.erased_rows (
  erasure_id UUID,
  project_id UUID,
  event_id String,
  id_hash UInt64,
  timestamp DateTime64(3, 'UTC'),
  received_at DateTime64(3, 'UTC'),
  batch UInt32,
  stored_at DateTime64(6, 'UTC'),
  quarter DateTime('UTC'),
  anonymous_id String,
  user_id String,
  is_link Bool
) ENGINE = MergeTree
ORDER BY (erasure_id, project_id)
SETTINGS ${TABLE_SETTINGS}`,
    `CREATE TABLE IF NOT EXISTS ${db}.tombstones (
  project_id UUID,
  hash FixedString(64),
  pepper_id String,
  until SimpleAggregateFunction(max, DateTime64(3, 'UTC'))
) ENGINE = AggregatingMergeTree
ORDER BY (project_id, hash, pepper_id)
SETTINGS ${TABLE_SETTINGS}`,
    `CREATE TABLE IF NOT EXISTS ${db}.erasure_records (
  project_id UUID,
  erasure_id UUID,
  subject LowCardinality(String),
  requested_at DateTime64(3, 'UTC'),
  verified_at DateTime64(3, 'UTC'),
  removed Map(String, UInt64)
) ENGINE = ReplacingMergeTree
ORDER BY (project_id, erasure_id)
SETTINGS ${TABLE_SETTINGS}`,
  ]
}
