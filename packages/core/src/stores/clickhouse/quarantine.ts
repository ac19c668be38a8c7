import type { EventKey, StoredEvent } from '../../ports/event-store.js'
import type { QuarantinedEvent } from '../../ports/quarantine-store.js'
import { identifier, settingsClause } from './client.js'
import { batchNumber, clickhouseTime } from './insert.js'
import type { Statement } from './sql/binder.js'

/** Every value is well-formed text or a time in range, so that this insert can't be refused for what it carries. */
export function quarantineStatement(
  database: string,
  token: string,
  events: readonly QuarantinedEvent[],
): string {
  const settings = settingsClause({
    insert_deduplication_token: token,
    insert_deduplicate: 1,
    async_insert: 0,
  })
  const rows = events.map((event) =>
    JSON.stringify({
      ...event,
      timestamp: clickhouseTime(event.timestamp),
      received_at: clickhouseTime(event.received_at),
      quarantined_at: clickhouseTime(event.quarantined_at),
    }),
  )
  return `INSERT INTO ${identifier(database)}.quarantine (project_id, event_id, anonymous_id, user_id, timestamp, received_at, quarantined_at, code, reason, row) ${settings} FORMAT JSONEachRow
${rows.join('\n')}`
}

/** The columns of a {@link QuarantinedEvent}, newest first. */
export function quarantinedStatement(database: string, projectId: string, limit: number): Statement {
  const ms = (column: string): string => `toUnixTimestamp64Milli(q.${column}) AS ${column}`
  return {
    query: `SELECT project_id, event_id, anonymous_id, user_id, ${ms('timestamp')}, ${ms('received_at')}, ${ms('quarantined_at')}, code, reason, row
FROM ${identifier(database)}.quarantine AS q
WHERE q.project_id = {project_id:String}
ORDER BY q.quarantined_at DESC, q.event_id
LIMIT {limit:UInt32}`,
    params: { project_id: projectId, limit },
  }
}

/**
 * Columns `landed` and `at`: rows of this batch among those of `events`, in `events` or in `event_ids`, and when the first
 * was stored. Both, because a view may have stored what the table did not, and the other way round. The rows say which
 * batch brought them.
 */
export function landedStatement(database: string, token: string, events: readonly StoredEvent[]): Statement {
  const db = identifier(database)
  return {
    query: `SELECT count() AS landed, toString(min(stored_at)) AS at FROM (
  SELECT e.stored_at AS stored_at FROM ${db}.events AS e
  WHERE e.project_id IN {project_ids:Array(UUID)} AND e.batch = {batch:UInt32}
    AND e.timestamp IN (SELECT fromUnixTimestamp64Milli(arrayJoin({times:Array(Int64)}), 'UTC'))
  UNION ALL
  SELECT i.stored_at AS stored_at FROM ${db}.event_ids AS i
  WHERE i.project_id IN {project_ids:Array(UUID)} AND i.batch = {batch:UInt32}
    AND i.id_hash IN (SELECT sipHash64(arrayJoin({event_ids:Array(String)})))
)`,
    params: {
      project_ids: [...new Set(events.map(({ project_id }) => project_id))],
      batch: batchNumber(token),
      times: [...new Set(events.map(({ timestamp }) => timestamp))],
      event_ids: events.map(({ event_id }) => event_id),
    },
  }
}

/** Whether rows of this key can be stored at all; one that can't would also make a lookup fail. */
export function isStorable({ project_id, event_id }: EventKey): boolean {
  return UUID.test(project_id) && typeof event_id === 'string' && event_id.isWellFormed()
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
