import type { EventRow } from '@millimetric/schema/wire'
import { AnalyticsError } from '../../errors.js'
import {
  type CallOptions,
  type EventKey,
  type EventStore,
  eventKeyName,
  type FrozenBatch,
  type QueryPlan,
  type QueryResults,
} from '../../ports/event-store.js'
import { type ClickhouseClient, type Connections, type Settings, settingsClause } from './client.js'
import { insertError, queryError } from './errors.js'
import { insertStatement } from './insert.js'
import { migrate, planMigrations } from './migrations.js'
import {
  eventsStatement,
  groupsStatement,
  knownStatement,
  type Statement,
  seriesStatement,
  sourcesStatement,
} from './sql.js'

/** Bounds of one read. What goes over fails with `query_too_expensive`; a part is never shown as the whole. */
export interface QueryLimits {
  /** Seconds. */
  maxExecutionTime: number
  maxRowsToRead: number
  /** Bytes. */
  maxMemoryUsage: number
}

export const QUERY_LIMITS: QueryLimits = {
  maxExecutionTime: 30,
  maxRowsToRead: 1_000_000_000,
  maxMemoryUsage: 4_000_000_000,
}

export interface ClickhouseEventStore extends EventStore {
  /** Creates or updates the tables; names the migrations applied now. Runs by itself on first use unless told not to. */
  migrate(): Promise<{ readonly applied: readonly string[] }>
  /** The SQL of all migrations. */
  plan(): string
}

export interface EventStoreParts {
  name: string
  database: string
  /** Opens the connections; called once, on first use. */
  connect(): Promise<Connections>
  migrateOnFirstUse: boolean
  limits: QueryLimits
}

type Plan<K extends QueryPlan['kind']> = Extract<QueryPlan, { kind: K }>

// Ids of one lookup travel as URL parameters, which servers bound at 1 MiB.
const IDS_PER_LOOKUP = 1000

/** The event store over any `@clickhouse/client` connection: a server, or chDB in process. */
export function createEventStore(parts: EventStoreParts): ClickhouseEventStore {
  const { database, limits } = parts
  let opening: Promise<Connections> | undefined
  let ready: Promise<Connections> | undefined
  let turn = 0

  const readSettings: Settings = {
    max_execution_time: limits.maxExecutionTime,
    max_rows_to_read: limits.maxRowsToRead,
    max_memory_usage: limits.maxMemoryUsage,
    read_overflow_mode: 'throw',
    timeout_overflow_mode: 'throw',
    result_overflow_mode: 'throw',
    // Quotes 64-bit numbers by default on some versions; then counts would come back as text.
    output_format_json_quote_64bit_integers: 0,
  }

  async function open(): Promise<Connections> {
    // A failed start must not stay: the server may come up later.
    opening ??= parts.connect().catch((error: unknown) => {
      opening = undefined
      throw error
    })
    return await opening
  }

  async function start(): Promise<Connections> {
    ready ??= (async () => {
      const connections = await open()
      if (parts.migrateOnFirstUse) await migrate(connections.writer, database)
      return connections
    })().catch((error: unknown) => {
      ready = undefined
      throw insertError(error)
    })
    return await ready
  }

  async function read<Row>(statement: Statement, options: CallOptions = {}): Promise<Row[]> {
    const { readers } = await start()
    const reader: ClickhouseClient = readers[turn++ % readers.length] ?? readers[0]
    try {
      const answer = await reader.query({
        query: `${statement.query}\n${settingsClause(readSettings)}`,
        query_params: statement.params,
        format: 'JSONEachRow',
        ...(options.signal === undefined ? {} : { abort_signal: options.signal }),
      })
      return await answer.json<Row>()
    } catch (error) {
      throw queryError(error)
    }
  }

  const answers: {
    [K in QueryPlan['kind']]: (plan: Plan<K>, options?: CallOptions) => Promise<QueryResults[K]>
  } = {
    async events(plan, options) {
      const rows = await read<EventRow>(eventsStatement(database, plan), options)
      return { ...raw(rows.length > plan.limit), rows: rows.slice(0, plan.limit) }
    },

    async stats(plan, options) {
      type Row = Record<string, string> & { value: number; bucket?: number }
      const groupOf = (row: Row): string[] => plan.group_by.map((_, index) => row[`group_${index}`] ?? '')
      const total = plan.group_by.length === 0
      if (plan.buckets === null || !total) {
        const totals = await read<Row>(groupsStatement(database, plan), options)
        const kept = totals.slice(0, plan.limit)
        const facts = raw(totals.length > plan.limit)
        if (plan.buckets === null) {
          return {
            ...facts,
            rows: kept.map((row) => ({ group: groupOf(row), bucket: null, value: row.value })),
          }
        }
        if (kept.length === 0) return { ...facts, rows: [] }
        const rows = await read<Row>(
          seriesStatement(database, plan, plan.buckets, kept.map(groupOf)),
          options,
        )
        return {
          ...facts,
          rows: rows.map((row) => ({ group: groupOf(row), bucket: row.bucket ?? 0, value: row.value })),
        }
      }
      const rows = await read<Row>(seriesStatement(database, plan, plan.buckets, []), options)
      return {
        ...raw(false),
        rows: rows.map((row) => ({ group: [], bucket: row.bucket ?? 0, value: row.value })),
      }
    },

    async sources(plan, options) {
      type Row = {
        group_source: string
        group_medium: string
        events: number
        uniques: number
        paid_events: number
      }
      const rows = await read<Row>(sourcesStatement(database, plan), options)
      return {
        ...raw(rows.length > plan.limit),
        rows: rows.slice(0, plan.limit).map(({ group_source, group_medium, ...numbers }) => ({
          source: group_source,
          medium: group_medium,
          ...numbers,
        })),
      }
    },
  }

  return {
    name: parts.name,
    capabilities: { exactUniques: true },

    async known(keys: readonly EventKey[], options?: CallOptions) {
      const found = new Set<string>()
      const lookups: Promise<void>[] = []
      for (let at = 0; at < keys.length; at += IDS_PER_LOOKUP) {
        const part = keys.slice(at, at + IDS_PER_LOOKUP)
        const statement = knownStatement(
          database,
          part.map(({ project_id }) => project_id),
          part.map(({ event_id }) => event_id),
        )
        lookups.push(
          read<EventKey>(statement, options).then((rows) => {
            for (const row of rows) found.add(eventKeyName(row))
          }),
        )
      }
      await Promise.all(lookups)
      return found
    },

    async insert(batch: FrozenBatch, options: CallOptions = {}) {
      if (batch.events.length === 0) return
      const { writer } = await start()
      try {
        await writer.command({
          query: insertStatement(database, batch),
          ...(options.signal === undefined ? {} : { abort_signal: options.signal }),
        })
      } catch (error) {
        throw insertError(error)
      }
    },

    async query(plan, options) {
      return await answers[plan.kind](plan, options)
    },

    async migrate() {
      const { writer } = await open()
      return await migrate(writer, database)
    },

    plan() {
      return planMigrations(database)
    },

    async close() {
      const connections = await opening?.catch(() => undefined)
      opening = Promise.reject(new AnalyticsError('storage_unavailable', 'The event store is closed.'))
      opening.catch(() => {})
      ready = undefined
      await connections?.close()
    },
  }
}

function raw(truncated: boolean): { truncated: boolean; estimated: boolean; answered_by: 'raw' } {
  return { truncated, estimated: false, answered_by: 'raw' }
}
