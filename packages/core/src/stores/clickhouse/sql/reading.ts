import { identifier } from '../client.js'
import type { Statement } from './binder.js'

/** How rows are read: `distinct` leaves out the later rows of twins, and is needed only while there are any. */
export interface Reading {
  readonly database: string
  readonly distinct: boolean
  /** Epoch milliseconds; older links do not count. */
  readonly kept_from: number
}

/**
 * Rows of `event_ids` that are not the first of their id: two processes stored one event in the same instant. Only
 * what was inserted since the last sweep can have twins, so this reads a handful of rows.
 */
export function laterTwins(database: string): string {
  const ids = `${identifier(database)}.event_ids`
  return `SELECT id_hash, received_at, timestamp, batch FROM (
  SELECT id_hash, received_at, timestamp, batch,
    row_number() OVER (PARTITION BY id_hash ORDER BY received_at, timestamp, batch) AS place
  FROM ${ids} AS t
  WHERE ${unsweptIds(database)}
) WHERE place > 1`
}

/** Column `twins`: how many ids of the project have more than one row. */
export function twinsStatement(database: string, projectId: string): Statement {
  return {
    query: `SELECT count() AS twins FROM (
  SELECT t.id_hash FROM ${identifier(database)}.event_ids AS t WHERE ${unsweptIds(database)} GROUP BY t.id_hash HAVING count() > 1
)`,
    params: { project_id: projectId },
  }
}

/** Rows `t` of ids that came since the last sweep, older rows of the same ids included. */
function unsweptIds(database: string): string {
  const db = identifier(database)
  return `t.project_id = {project_id:UUID} AND t.id_hash IN (
    SELECT r.id_hash FROM ${db}.event_ids AS r
    WHERE r.project_id = {project_id:UUID} AND r.inserted_at > (SELECT max(swept_until) FROM ${db}.sweeps)
  )`
}

/** Condition that keeps the first row of every id; `row` is the alias of `events`. */
export function firstOfItsId({ database, distinct }: Reading, row: string): readonly string[] {
  if (!distinct) return []
  const key = ['event_id', 'received_at', 'timestamp', 'batch'].map((name) => `${row}.${name}`)
  key[0] = `sipHash64(${key[0]})`
  return [`(${key.join(', ')}) NOT IN (${laterTwins(database)})`]
}
