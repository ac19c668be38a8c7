import { AnalyticsError } from '../../errors.js'
import { type ClickhouseClient, identifier } from './client.js'
import { ask, type Clients, EVERY_PROJECT } from './upkeep-clients.js'

/** Batches that a table remembers by their token. */
export const WINDOW = 10_000

interface Table {
  name: string
  /** `MergeTree ORDER BY … SETTINGS a = 1, b = 2`. */
  engine_full: string
}

/**
 * Fails with `unsafe_schema` when a table would store a repeated batch again: it was made by hand, or by something else,
 * without a window. Every retry would then count twice, silently (measured: 9 rows for 3).
 */
export async function requireRepeatSafe(
  client: ClickhouseClient,
  database: string,
  tables: readonly string[],
): Promise<void> {
  const answer = await client.query({
    query: `SELECT name, engine_full FROM system.tables WHERE database = {database:String} AND name IN {tables:Array(String)} ORDER BY name`,
    query_params: { database, tables },
    format: 'JSONEachRow',
  })
  const unsafe = (await answer.json<Table>()).filter((table) => !isRepeatSafe(table.engine_full))
  if (unsafe.length === 0) return
  const names = unsafe.map(({ name }) => `${database}.${name}`)
  const cures = unsafe.map(
    ({ name }) =>
      `ALTER TABLE ${identifier(database)}.${identifier(name)} MODIFY SETTING non_replicated_deduplication_window = ${WINDOW};`,
  )
  throw new AnalyticsError(
    'unsafe_schema',
    `These tables do not remember repeated batches, so that every retry would be counted twice: ${names.join(', ')}. ` +
      `They were not made by these migrations as they are. Run: ${cures.join(' ')}`,
    { details: { tables: names } },
  )
}

/** Plain engines remember nothing unless told to; replicated and shared ones do unless told not to. */
export function isRepeatSafe(engine: string): boolean {
  return windowOf(engine) > 0
}

// What replicated engines remember by themselves; newer versions remember more.
const LEAST_WINDOW = 100
// Seconds; the cloud forgets by time, too.
const SURELY_KNOWN_S = 600

function windowOf(engine: string): number {
  const kind = /^(\w*)MergeTree\b/.exec(engine)?.[1]
  // A distributed table stores nothing itself.
  if (kind === undefined) return Number.POSITIVE_INFINITY
  const replicated = kind.startsWith('Replicated') || kind.startsWith('Shared')
  const window = replicated ? 'replicated_deduplication_window' : 'non_replicated_deduplication_window'
  const set = new RegExp(`\\b${window}\\s*=\\s*(\\d+)`).exec(engine)?.[1]
  if (set !== undefined) return Number(set)
  return replicated ? LEAST_WINDOW : 0
}

/**
 * Whether the server may have forgotten the token of a batch of which rows were stored at this moment of its clock. Every
 * insert takes one place of the window for each month it brings to `events`, so that a few backfills can fill it.
 */
export async function mayForget(clients: Clients, at: string): Promise<boolean> {
  const tables = await ask<Table>(
    clients,
    `SELECT name, engine_full FROM system.tables
WHERE concat('\`', database, '\`') = {database:String} AND replaceRegexpOne(name, '_local$', '') IN ('events', 'event_ids', 'identity_links', 'marks')`,
    { database: clients.db },
  )
  const half = Math.floor(Math.min(WINDOW, ...tables.map((table) => windowOf(table.engine_full))) / 2)
  const [since] = await ask<{ old: number; inserts: number }>(
    clients,
    `SELECT toDateTime64({at:String}, 6, 'UTC') < now64(6, 'UTC') - INTERVAL ${SURELY_KNOWN_S} SECOND AS old, count() AS inserts FROM (
  SELECT DISTINCT _partition_id, batch, stored_at FROM ${clients.db}.events
  WHERE ${EVERY_PROJECT} stored_at >= toDateTime64({at:String}, 6, 'UTC') LIMIT {half:UInt32}
)`,
    { at, half },
  )
  return since === undefined || since.old === 1 || since.inserts >= half
}
