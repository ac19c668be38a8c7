import { identifier } from '../client.js'
import type { Statement } from './binder.js'

/** How rows are read: `distinct` leaves out the later rows of twins, and is needed only while there are any. */
export interface Reading {
  readonly database: string
  readonly distinct: boolean
  /** Epoch milliseconds; older links do not count. */
  readonly kept_from: number
}

/** Which row of an id counts: the first in this order. `stored_at` tells apart rows that are equal in all else. */
export const TWIN_ORDER = 'received_at, timestamp, batch, stored_at'

/**
 * Rows of `events` that are not the first of their id: two processes stored one event in the same instant, or a batch came
 * again when its token was forgotten. Places are given among the events themselves, so that exactly one row of each id
 * is left, whatever the ids say. Those tell at which times to look, and only what came since the last sweep can have
 * twins, so this reads a handful of rows.
 */
function laterTwins(database: string): string {
  return `SELECT id_hash, received_at, timestamp, batch, stored_at FROM (
  SELECT sipHash64(w.event_id) AS id_hash, w.received_at AS received_at, w.timestamp AS timestamp, w.batch AS batch,
    w.stored_at AS stored_at, row_number() OVER (PARTITION BY id_hash ORDER BY ${TWIN_ORDER}) AS place
  FROM ${identifier(database)}.events AS w
  WHERE w.project_id = {project_id:UUID}
    AND (w.timestamp, sipHash64(w.event_id)) IN (SELECT arrayJoin(groupArray(t.timestamp)), t.id_hash FROM ${twinIds(database)})
) WHERE place > 1`
}

/**
 * Columns `twins`, how many rows of the project are not the only one of their id, and `swept`: how many rows sweeps took
 * away, and from when on the next look may look. In this order: the engine answers one after the other, and a sweep between
 * them removed what it says it removed.
 */
export function twinsStatement(database: string, projectId: string, since?: string): Statement {
  const db = identifier(database)
  const swept =
    since === undefined
      ? `(SELECT max(swept_until) FROM ${db}.sweeps)`
      : `toDateTime64({since:String}, 6, 'UTC')`
  return {
    query: `SELECT (
    SELECT count() - uniqExact(t.id_hash) FROM ${db}.event_ids AS t
    WHERE t.project_id = {project_id:UUID} AND t.id_hash IN (
      SELECT r.id_hash FROM ${db}.event_ids AS r WHERE r.project_id = {project_id:UUID} AND r.stored_at > ${swept}
    )
  ) AS twins, (SELECT (sum(removed), toString(max(swept_until))) FROM ${db}.sweeps) AS swept`,
    params: { project_id: projectId, ...(since === undefined ? {} : { since }) },
  }
}

/** `event_ids AS t …` grouped by id: those that came since the last sweep and have more than one row, older ones included. */
function twinIds(database: string): string {
  const db = identifier(database)
  return `${db}.event_ids AS t WHERE t.project_id = {project_id:UUID} AND t.id_hash IN (
    SELECT r.id_hash FROM ${db}.event_ids AS r
    WHERE r.project_id = {project_id:UUID} AND r.stored_at > (SELECT max(swept_until) FROM ${db}.sweeps)
  ) GROUP BY t.id_hash HAVING count() > 1`
}

/** Condition that keeps the first row of every id; `row` is the alias of `events`. */
export function firstOfItsId({ database, distinct }: Reading, row: string): readonly string[] {
  if (!distinct) return []
  const key = ['received_at', 'timestamp', 'batch', 'stored_at'].map((name) => `${row}.${name}`)
  return [`(sipHash64(${row}.event_id), ${key.join(', ')}) NOT IN (${laterTwins(database)})`]
}
