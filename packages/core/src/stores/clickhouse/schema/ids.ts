import { TABLE_SETTINGS } from './events.js'

// Ids are random, so a lookup reads one granule an id and part: small granules in few parts. With the usual 8192 rows a
// thousand ids among ten million read all of them; with 256, finding the granules takes as long as reading them (74 ms of
// CPU, 37 with 1024); a partition a month would multiply the parts.
const POINT_READS =
  'index_granularity = 1024, min_compress_block_size = 8192, max_compress_block_size = 16384'

/**
 * One narrow row per stored event, for "is this id stored?" and for finding twins: rows of one id that two
 * processes inserted in the same instant. `swept_until` is the `stored_at` up to which everything is complete and twins
 * have been removed; `removed` counts rows that went so.
 */
export function idTables(db: string): readonly string[] {
  return [
    `CREATE TABLE IF NOT EXISTS ${db}.event_ids (
  project_id UUID,
  id_hash UInt64,
  body_hash UInt64,
  timestamp DateTime64(3, 'UTC'),
  received_at DateTime64(3, 'UTC'),
  batch UInt32,
  stored_at DateTime64(6, 'UTC'),
  INDEX stored_at stored_at TYPE minmax GRANULARITY 1
) ENGINE = MergeTree
ORDER BY (project_id, id_hash)
SETTINGS ${TABLE_SETTINGS}, ${POINT_READS}`,
    `CREATE MATERIALIZED VIEW IF NOT EXISTS ${db}.event_ids_mv TO ${db}.event_ids AS
SELECT project_id, sipHash64(event_id) AS id_hash, body_hash, timestamp, received_at, batch, stored_at
FROM ${db}.events`,
    `CREATE TABLE IF NOT EXISTS ${db}.sweeps (
  swept_until SimpleAggregateFunction(max, DateTime64(6, 'UTC')),
  removed SimpleAggregateFunction(sum, UInt64)
) ENGINE = AggregatingMergeTree
ORDER BY tuple()`,
  ]
}
