import type { FrozenBatch, StoredEvent } from '../../ports/event-store.js'
import { identifier, settingsClause } from './client.js'
import { refused } from './errors.js'
import { EVENT_COLUMNS } from './schema/events.js'

const NAMES = Object.keys(EVENT_COLUMNS).filter((name): name is keyof StoredEvent => name !== 'batch')
const COLUMNS = [...NAMES, 'batch'].join(', ')
const COLUMN_NAMES: ReadonlySet<string> = new Set(NAMES)
const TIMES: ReadonlySet<string> = new Set(['timestamp', 'received_at', 'client_timestamp'])

/**
 * The whole INSERT of a batch, rows included, as one statement: it works over HTTP and in process, and its
 * settings end with it. `token` is another one only for what of the batch is surely not stored.
 */
export function insertStatement(database: string, batch: FrozenBatch, token: string = batch.token): string {
  const settings = settingsClause({
    insert_deduplication_token: token,
    insert_deduplicate: 1,
    // The views' targets must forget repeats too; the default changed between versions.
    deduplicate_blocks_in_dependent_materialized_views: 1,
    // On by default since 26.x; it would answer for other people's rows and change what a token covers.
    async_insert: 0,
    input_format_skip_unknown_fields: 0,
    // Null is a mistake and not the column's default, which for a time is 1970.
    input_format_null_as_default: 0,
    date_time_input_format: 'basic',
    // A backfill may span many months; each event's time has been bounded before it came here.
    max_partitions_per_insert_block: 0,
  })
  const number = batchNumber(batch.token)
  const { events } = batch
  for (const event of events) requireWritable(event)
  const columns: unknown[][] = NAMES.map((name) => columnOf(events, name))
  columns.push(events.map(() => number))
  return `INSERT INTO ${identifier(database)}.events (${COLUMNS}) ${settings} FORMAT JSONCompactColumns\n${JSON.stringify(columns)}`
}

/** 32 bits of the token (FNV-1a): tells apart rows of one id that two processes inserted in the same millisecond. */
export function batchNumber(token: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < token.length; i++) hash = Math.imul(hash ^ token.charCodeAt(i), 0x01000193)
  return hash >>> 0
}

/** Numbers that the engine would store as other numbers without a word: 2 ** 40 as 0, the year 2200 as 2063. */
function requireRange(event: StoredEvent, column: 'seq' | 'body_hash' | 'timestamp' | 'received_at'): void {
  const value = event[column]
  if (Number.isInteger(value) && value >= 0 && value <= LARGEST[column]) return
  throw refused('NUMBER_OUT_OF_RANGE', `The number of column ${column} is out of range.`, { certain: true })
}

const LARGEST = {
  seq: 2 ** 32 - 1,
  body_hash: Number.MAX_SAFE_INTEGER,
  timestamp: 2 ** 32 * 1000 - 1,
  received_at: 2 ** 32 * 1000 - 1,
} as const

function requireWritable(event: StoredEvent): void {
  requireRange(event, 'seq')
  requireRange(event, 'body_hash')
  requireRange(event, 'timestamp')
  requireRange(event, 'received_at')
  if (Object.keys(event).length > NAMES.length) requireKnown(event)
}

/** Nothing that a hook added is left out without a word. */
function requireKnown(event: StoredEvent): void {
  if (Object.keys(event).every((name) => COLUMN_NAMES.has(name))) return
  throw refused('INCORRECT_DATA', 'The event has a column that its table lacks.', { certain: true })
}

/**
 * The values of a column, because columns are read faster than rows: a row that names its columns is twice the text, and one
 * that does not still takes a tenth more of the insert.
 */
function columnOf(events: readonly StoredEvent[], name: keyof StoredEvent): unknown[] {
  if (TIMES.has(name))
    return events.map(({ [name]: ms }) => (typeof ms === 'number' ? clickhouseTime(ms) : null))
  return events.map((event) => {
    const value = event[name]
    if (value !== undefined) return value
    requireKnown(event)
    return emptyOf(name)
  })
}

/** What a hook took away is empty. */
function emptyOf(name: string): false | '' {
  return name === 'is_bot' ? false : ''
}

// Text, because a number means ticks to one reader and seconds to another.
export function clickhouseTime(ms: number): string {
  const iso = new Date(ms).toISOString()
  return `${iso.slice(0, 10)} ${iso.slice(11, 23)}`
}
