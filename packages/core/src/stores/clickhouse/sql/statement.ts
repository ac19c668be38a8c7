import type { Filter, FilterField } from '../../../ports/event-store.js'
import { identifier } from '../client.js'

/** A statement with its bound values. Values are never part of the text. */
export interface Statement {
  readonly query: string
  readonly params: Record<string, unknown>
}

/** The only names that can stand in a statement for a dimension or filter. */
export const COLUMN: { readonly [F in FilterField]: string } = {
  event_name: 'event_name',
  source: 'source',
  medium: 'medium',
  campaign: 'campaign',
  channel: 'channel',
  country: 'country',
  device_type: 'device_type',
  browser: 'browser',
  os: 'os',
  path: 'path',
  hostname: 'hostname',
  referrer_host: 'referrer_host',
  user_id: 'user_id',
  anonymous_id: 'anonymous_id',
}

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

export interface RowScope {
  readonly project_id: string
  readonly from: number
  readonly to: number
  readonly filters: readonly Filter[]
  readonly include_bots: boolean
}

/** `FROM events AS e WHERE …`: rows of the project and range; every raw read of events starts here. */
export function eventRows(reading: Reading, plan: RowScope): Statement {
  const params: Record<string, unknown> = { project_id: plan.project_id, from: plan.from, to: plan.to }
  const conditions = [
    'e.project_id = {project_id:UUID}',
    "e.timestamp >= fromUnixTimestamp64Milli({from:Int64}, 'UTC')",
    "e.timestamp < fromUnixTimestamp64Milli({to:Int64}, 'UTC')",
    ...(plan.include_bots ? [] : ['NOT e.is_bot']),
    ...filterConditions(plan.filters, 'e', params),
    ...firstOfItsId(reading, 'e'),
  ]
  return {
    query: `FROM ${identifier(reading.database)}.events AS e WHERE ${conditions.join(' AND ')}`,
    params,
  }
}

/** One condition a filter; binds its values into `params`. */
export function filterConditions(
  filters: readonly Filter[],
  row: string,
  params: Record<string, unknown>,
): readonly string[] {
  return filters.map((filter, index) => {
    params[`filter_${index}`] = filter.values
    return `${row}.${COLUMN[filter.field]} IN {filter_${index}:Array(String)}`
  })
}
