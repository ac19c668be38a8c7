import { AnalyticsError } from '../../errors.js'
import type { CallOptions, EventKey, EventStore, FrozenBatch } from '../../ports/event-store.js'
import type { QuarantinedEvent } from '../../ports/quarantine-store.js'
import type { QueryPlan } from '../../ports/query-plan.js'
import { createAnswers } from './answers.js'
import { type Connections, identifier } from './client.js'
import { type ClusterOptions, clusterConnections } from './cluster.js'
import { completeCrashedInserts } from './crashed-inserts.js'
import { createErasures } from './erasures.js'
import { insertError, startError, writeError } from './errors.js'
import { batchNumber, insertStatement } from './insert.js'
import { findKnown } from './known.js'
import { migrate, planMigrations } from './migrations.js'
import { isStorable, landedStatement, quarantinedStatement, quarantineStatement } from './quarantine.js'
import { createReader, type QueryLimits } from './reader.js'
import { buildDays, changedSince, dropOldGenerations } from './rollup-days.js'
import { removeTwins } from './twins.js'
import { createVerdicts, isRewriting } from './verdicts.js'

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
  cluster?: ClusterOptions | undefined
}

export const ROLLUP_FROM_ROWS = 200_000
const DROP_GENERATIONS_EVERY_MS = 3_600_000

// Ids and times of one lookup travel as URL parameters, which servers bound at 1 MiB.
const ROWS_PER_LOOKUP = 1000

/** The event store over any `@clickhouse/client` connection: a server, or chDB in process. */
export function createEventStore(parts: EventStoreParts): ClickhouseEventStore {
  const { database, limits } = parts
  let opening: Promise<Connections> | undefined
  let ready: Promise<Connections> | undefined
  const rebuilt = new Set<string>()
  let droppedAt = Date.now()

  async function connect(): Promise<Connections> {
    const connections = await parts.connect()
    return parts.cluster === undefined ? connections : clusterConnections(connections, parts.cluster)
  }

  async function open(): Promise<Connections> {
    // A failed start must not stay: the server may come up later.
    opening ??= connect().catch((error: unknown) => {
      opening = undefined
      throw error
    })
    return await opening
  }

  async function start(): Promise<Connections> {
    ready ??= (async () => {
      const connections = await open()
      if (parts.migrateOnFirstUse) await migrate(connections.writer, database)
      await connections.openInserts?.settle(database, async (batches) => {
        await completeCrashedInserts(connections.writer, database, batches)
      })
      return connections
    })().catch((error: unknown) => {
      ready = undefined
      throw startError(error)
    })
    return await ready
  }

  const read = createReader(start, limits)
  const lookUp = createReader(start, limits, 'quick')
  const answers = createAnswers(read, database, parts.rollupFromRows)

  return {
    name: parts.name,
    capabilities: { exactUniques: true },
    ...createErasures(start, database),
    ...createVerdicts(start, read, database),

    async known(keys: readonly EventKey[], options?: CallOptions) {
      // A key that no row can have would make the lookup of all the others fail.
      return await findKnown(lookUp, database, keys.filter(isStorable), options)
    },

    async insert(batch: FrozenBatch, options: CallOptions = {}) {
      if (batch.events.length === 0) return
      const { writer, openInserts } = await start()
      const query = written(() => insertStatement(database, batch))
      const number = batchNumber(batch.token)
      try {
        await openInserts?.begin(database, number)
        await writer.command({
          query,
          ...(options.signal === undefined ? {} : { abort_signal: options.signal }),
        })
      } catch (error) {
        // It stays open: some of it may be stored, until the same batch succeeds or the next start completes it.
        throw insertError(error)
      }
      await openInserts?.end(database, number)
    },

    async landed({ token, events }, options) {
      const storable = events.filter((event) => isStorable(event) && Number.isInteger(event.timestamp))
      for (let at = 0; at < storable.length; at += ROWS_PER_LOOKUP) {
        const statement = landedStatement(database, token, storable.slice(at, at + ROWS_PER_LOOKUP))
        const [row] = await lookUp<{ landed: number }>(statement, options)
        if ((row?.landed ?? 0) > 0) return true
      }
      const { openInserts } = await start()
      await openInserts?.end(database, batchNumber(token))
      return false
    },

    async quarantine(token, events) {
      if (events.length === 0) return
      const { writer } = await start()
      const query = written(() => quarantineStatement(database, token, events))
      try {
        await writer.command({ query })
      } catch (error) {
        throw insertError(error)
      }
    },

    async quarantined(projectId, limit) {
      return await read<QuarantinedEvent>(quarantinedStatement(database, projectId, limit))
    },

    async removeTwins() {
      const { writer, readers } = await start()
      return await removeTwins({ db: identifier(database), writer, reader: readers[0] })
    },

    async changedSince(since) {
      return await changedSince(read, database, since)
    },

    async buildDays(projectId, days) {
      const { writer } = await start()
      if (await isRewriting(read, database, projectId)) return 0
      const builder = { writer, read, database, fromRows: parts.rollupFromRows / 100, rebuilt }
      const built = await buildDays(builder, projectId, days)
      if (Date.now() - droppedAt > DROP_GENERATIONS_EVERY_MS) {
        droppedAt = Date.now()
        await dropOldGenerations(builder)
      }
      return built
    },

    async query<K extends QueryPlan['kind']>(plan: Extract<QueryPlan, { kind: K }>, options?: CallOptions) {
      return await answers[plan.kind](plan, options)
    },

    async migrate() {
      const { writer } = await open()
      return await migrate(writer, database)
    },

    plan() {
      return planMigrations(database, parts.cluster)
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

function written(write: () => string): string {
  try {
    return write()
  } catch (error) {
    throw writeError(error)
  }
}
