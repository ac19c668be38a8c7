import { TABLE_SETTINGS } from './events.js'

/** Every `$identify` that carries both ids. Which one links is decided at query time, never by rewriting rows. */
export function linkTables(db: string): readonly string[] {
  return [
    `CREATE TABLE IF NOT EXISTS ${db}.identity_links (
  project_id UUID,
  anonymous_id String,
  user_id String,
  timestamp DateTime64(3, 'UTC'),
  received_at DateTime64(3, 'UTC'),
  event_id String
) ENGINE = MergeTree
PARTITION BY toYYYYMM(timestamp)
ORDER BY (project_id, anonymous_id, timestamp, event_id)
SETTINGS ${TABLE_SETTINGS}`,
    `CREATE MATERIALIZED VIEW IF NOT EXISTS ${db}.identity_links_mv TO ${db}.identity_links AS
SELECT project_id, anonymous_id, user_id, timestamp, received_at, event_id
FROM ${db}.events
WHERE event_name = '$identify' AND anonymous_id != '' AND user_id != ''`,
  ]
}
