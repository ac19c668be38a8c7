import { type ClickhouseClient, identifier, settingsClause } from './client.js'
import { fragmentsOf } from './schema/sessions.js'
import { writing } from './upkeep-clients.js'

/**
 * Completes what an engine that died in the middle of an insert left behind: rows that reached `events` but not every
 * table that is computed from it. Without it a repeat of such an event would not be recognised. Only for an engine that
 * nobody else writes to: an insert under way elsewhere looks the same.
 */
export async function completeCrashedInserts(writer: ClickhouseClient, database: string): Promise<void> {
  const db = identifier(database)
  // An insert is sent again for some seconds at most, so what was cut off was received in the last minutes.
  const recent = `received_at >= (SELECT max(received_at) - INTERVAL 5 MINUTE FROM ${db}.events)`
  const row = 'project_id, sipHash64(event_id), received_at, timestamp, batch'
  const settings = (): string => settingsClause({ ...writing(), max_partitions_per_insert_block: 0 })
  const statements = [
    `INSERT INTO ${db}.event_ids (project_id, id_hash, body_hash, timestamp, received_at, batch, inserted_at) ${settings()}
SELECT project_id, sipHash64(event_id), body_hash, timestamp, received_at, batch, now64(3, 'UTC') FROM ${db}.events
WHERE ${recent} AND (${row}) NOT IN (SELECT project_id, id_hash, received_at, timestamp, batch FROM ${db}.event_ids WHERE ${recent})`,
    // Links and fragments say the same when they are there twice; marks that grow only make a day count raw.
    `INSERT INTO ${db}.identity_links (project_id, anonymous_id, user_id, timestamp, event_id) ${settings()}
SELECT project_id, anonymous_id, user_id, timestamp, event_id FROM ${db}.events
WHERE ${recent} AND event_name = '$identify' AND anonymous_id != '' AND user_id != ''`,
    `INSERT INTO ${db}.marks (project_id, quarter, rows, last_at) ${settings()}
SELECT project_id, toStartOfFifteenMinutes(timestamp) AS quarter, 1, now64(3, 'UTC') FROM ${db}.events
WHERE ${recent} GROUP BY project_id, quarter`,
    `INSERT INTO ${db}.sessions ${settings()}
${fragmentsOf(`${db}.events WHERE ${recent} AND session_id != ''`)}`,
  ]
  for (const query of statements) await writer.command({ query })
}
