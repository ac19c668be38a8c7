import { AnalyticsError } from '../../errors.js'
import {
  type CallOptions,
  type EventKey,
  type EventStore,
  eventKeyName,
  type FrozenBatch,
  type QueryPlan,
} from '../../ports/event-store.js'
import { createAnswers } from './answers.js'
import type { Connections } from './client.js'
import { createErasures } from './erasures.js'
import { insertError } from './errors.js'
import { insertStatement } from './insert.js'
import { migrate, planMigrations } from './migrations.js'
import { createReader, type QueryLimits } from './reader.js'
import { buildDays, changedSince } from './rollup-days.js'
import { knownStatement } from './sql/events.js'
import { removeTwins } from './twins.js'

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
  /** Rows of a range from which a rollup may answer; below, counting raw events is faster. */
  rollupFromRows: number
}

export const ROLLUP_FROM_ROWS = 200_000

// Ids of one lookup travel as URL parameters, which servers bound at 1 MiB.
const IDS_PER_LOOKUP = 1000

/** The event store over any `@clickhouse/client` connection: a server, or chDB in process. */
export function createEventStore(parts: EventStoreParts): ClickhouseEventStore {
  const { database, limits } = parts
  let opening: Promise<Connections> | undefined
  let ready: Promise<Connections> | undefined

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

  const read = createReader(start, limits)
  const answers = createAnswers(read, database, parts.rollupFromRows)

  return {
    name: parts.name,
    capabilities: { exactUniques: true },
    ...createErasures(start, database),

    async known(keys: readonly EventKey[], options?: CallOptions) {
      const found = new Map<string, number>()
      const lookups: Promise<void>[] = []
      for (let at = 0; at < keys.length; at += IDS_PER_LOOKUP) {
        const part = keys.slice(at, at + IDS_PER_LOOKUP)
        const statement = knownStatement(
          database,
          part.map(({ project_id }) => project_id),
          part.map(({ event_id }) => event_id),
        )
        lookups.push(
          read<EventKey & { body_hash: number }>(statement, options).then((rows) => {
            for (const row of rows) found.set(eventKeyName(row), row.body_hash)
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

    async removeTwins() {
      const { writer } = await start()
      return await removeTwins(writer, read, database)
    },

    async changedSince(since) {
      return await changedSince(read, database, since)
    },

    async buildDays(projectId, days) {
      const { writer } = await start()
      return await buildDays(
        { writer, read, database, fromRows: parts.rollupFromRows / 100 },
        projectId,
        days,
      )
    },

    async query<K extends QueryPlan['kind']>(plan: Extract<QueryPlan, { kind: K }>, options?: CallOptions) {
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
