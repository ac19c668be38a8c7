/**
 * The part of a `@clickhouse/client` that is used here, described structurally, so that its types stay out of
 * our public ones and the package stays an optional peer.
 */
export interface ClickhouseClient {
  command(params: {
    query: string
    query_params?: Record<string, unknown>
    abort_signal?: AbortSignal
  }): Promise<unknown>
  query(params: {
    query: string
    format: 'JSONEachRow'
    query_params?: Record<string, unknown>
    abort_signal?: AbortSignal
  }): Promise<{ json<T>(): Promise<T[]> }>
  close(): Promise<void>
}

/** What a process knows that alone writes to a table of ids: most ids that come are new, and need no lookup. */
export interface StoredIds {
  /** Before their insert is sent: while it is under way nobody can see them in the table. */
  add(eventIds: Iterable<string>): void
  /**
   * Those that may be stored; the others surely are not. All may be until the table was read, which begins with the first
   * call, and once another thread has the engine open.
   */
  among<Key extends { readonly event_id: string }>(keys: readonly Key[]): readonly Key[]
}

/** Open connections: one that writes, and some that read, so that no report stands in the way of an insert. */
export interface Connections {
  readonly writer: ClickhouseClient
  readonly readers: readonly [ClickhouseClient, ...ClickhouseClient[]]
  /** The engine dies with this process: what its last end cut off is completed before anything is asked. */
  readonly embedded?: boolean
  /**
   * How many writes there were; undefined while one is under way. While it stays the same nobody has written, mutations
   * under way aside. Absent where others write too.
   */
  readonly writes?: () => number | undefined
  /** Of one database; absent where others write too. */
  readonly storedIds?: (database: string) => StoredIds
  /** A cluster of shards and replicas. */
  readonly sharded?: boolean
  /** For what must not stand behind a report: lookups of events on their way in, and ends of reports. A reader if absent. */
  readonly quick?: ClickhouseClient
  close(): Promise<void>
}

export type Settings = Readonly<Record<string, string | number>>

/**
 * Of every statement that asks. Sorting a set and holding it against each mark of the primary index takes longer than
 * reading the column, once the set is large: ids of a minute's import, a million, 2 s instead of 0.1.
 */
export const ASKING: Settings = { use_index_for_in_with_subqueries_max_values: 30_000 }

/**
 * `SETTINGS a=1, b='x'` of one statement. Settings are never handed to the client: in process they would
 * become `SET`, which stays for every later statement of the connection. A deduplication token that stayed
 * once swallowed the acknowledged inserts of other tables.
 */
export function settingsClause(settings: Settings): string {
  const pairs = Object.entries(settings).map(([name, value]) => `${name}=${literal(value)}`)
  return `SETTINGS ${pairs.join(', ')}`
}

function literal(value: string | number): string {
  if (typeof value === 'number') return String(value)
  // Values are ours (tokens, modes); anything that would need escaping is a mistake, not an input.
  if (!/^[\w.-]*$/.test(value)) throw new TypeError(`not a plain setting: ${value}`)
  return `'${value}'`
}

/** Quotes a database or table name; only plain names pass, so no name can end the quotes. */
export function identifier(name: string): string {
  if (!/^[A-Za-z_]\w{0,127}$/.test(name)) throw new TypeError(`not a plain name: ${name}`)
  return `\`${name}\``
}
