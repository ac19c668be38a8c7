import { AnalyticsError } from '../../errors.js'
import { type ClickhouseClient, identifier } from './client.js'

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
  const kind = /^(\w*)MergeTree\b/.exec(engine)?.[1]
  // A distributed table stores nothing itself.
  if (kind === undefined) return true
  const replicated = kind.startsWith('Replicated') || kind.startsWith('Shared')
  const window = replicated ? 'replicated_deduplication_window' : 'non_replicated_deduplication_window'
  const set = new RegExp(`\\b${window}\\s*=\\s*(\\d+)`).exec(engine)?.[1]
  return set === undefined ? replicated : Number(set) > 0
}
