import { type ClickhouseClient, identifier, settingsClause } from './client.js'
import { writing } from './upkeep-clients.js'

const BATCHES = 1000

/**
 * Completes inserts that died with the engine: their rows reached `events`, or some months of it, but not every table
 * that is computed from it. Without it a repeat of such an event would not be recognised. The engine makes `events`
 * whole before the first of the others begins, so that nothing else knows of rows that are not there. Only for an engine
 * that nobody else writes to: an insert under way elsewhere looks the same. Can run again when it died itself.
 */
export async function completeCrashedInserts(
  writer: ClickhouseClient,
  database: string,
  batches: readonly number[],
): Promise<void> {
  for (let at = 0; at < batches.length; at += BATCHES) {
    const query_params = { batches: batches.slice(at, at + BATCHES) }
    for (const query of completions(identifier(database))) await writer.command({ query, query_params })
  }
}

function completions(db: string): readonly string[] {
  const row = 'project_id, id_hash, received_at, timestamp, batch'
  const open = 'batch IN {batches:Array(UInt32)}'
  // Rows that an erasure has written down are on their way out, and nothing of them may come back.
  const rows = `${db}.events WHERE ${open}
  AND (project_id, sipHash64(event_id), received_at, timestamp, batch) NOT IN (SELECT ${row} FROM ${db}.erased_rows)`
  const settings = (): string => settingsClause({ ...writing(), max_partitions_per_insert_block: 0 })
  return [
    // Once each: two equal rows would be taken for twins, and the event for both of them.
    `INSERT INTO ${db}.event_ids (project_id, id_hash, body_hash, timestamp, received_at, batch, inserted_at) ${settings()}
SELECT project_id, sipHash64(event_id), body_hash, timestamp, received_at, batch, now64(3, 'UTC') FROM ${rows}
  AND (project_id, sipHash64(event_id), received_at, timestamp, batch) NOT IN (SELECT ${row} FROM ${db}.event_ids WHERE ${open})`,
    // Links say the same when they are there twice; marks that grow only make a day count raw.
    `INSERT INTO ${db}.identity_links (project_id, anonymous_id, user_id, timestamp, event_id) ${settings()}
SELECT project_id, anonymous_id, user_id, timestamp, event_id FROM ${rows}
  AND event_name = '$identify' AND anonymous_id != '' AND user_id != ''`,
    `INSERT INTO ${db}.marks (project_id, quarter, rows, last_at) ${settings()}
SELECT project_id, toStartOfFifteenMinutes(timestamp) AS quarter, 1, now64(3, 'UTC') FROM ${rows}
GROUP BY project_id, quarter`,
  ]
}
