import { AnalyticsError } from '../../errors.js'
import type { CallOptions, EventKey, EventStore, FrozenBatch, StoredEvent } from '../../ports/event-store.js'
import type { QuarantinedEvent } from '../../ports/quarantine-store.js'
import type { QueryPlan } from '../../ports/query-plan.js'
import { createAnswers } from './answers.js'
import { type Connections, identifier } from './client.js'
import { type ClusterOptions, clusterConnections } from './cluster.js'
import { completeBatch, completeLeft } from './crashed-inserts.js'
import { createErasures } from './erasures.js'
import { insertError, startError, writeError } from './errors.js'
import { insertStatement } from './insert.js'
import { findKnown } from './known.js'
import { migrate, planMigrations } from './migrations.js'
import { isStorable, landedStatement, quarantinedStatement, quarantineStatement } from './quarantine.js'
import { createReader, type QueryLimits } from './reader.js'
import { mayForget } from './repeat-safety.js'
import { buildDays, changedSince, dropOldGenerations } from './rollup-days.js'
import { removeTwins } from './twins.js'
import type { Clients } from './upkeep-clients.js'
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
const ROWS_PER_LOOKUP = 500

/** The event store over any `@clickhouse/client` connection: a server, or chDB in process. */
export function createEventStore(parts: EventStoreParts): ClickhouseEventStore {
  const { database, limits, rollupFromRows } = parts
  if (!Number.isSafeInteger(rollupFromRows) || rollupFromRows < 0) {
    throw new AnalyticsError(
      'invalid_options',
      `${parts.name}: rollupFromRows must be a whole number of rows; got ${String(rollupFromRows)}.`,
    )
  }
  let opening: Promise<Connections> | undefined
  let ready: Promise<Connections> | undefined
  const rebuilt = new Set<string>()
  /** Batches that were sent, though perhaps not stored. */
  const sent = new WeakSet<FrozenBatch>()
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
      if (connections.embedded) await completeLeft(clientsOf(connections))
      return connections
    })().catch((error: unknown) => {
      ready = undefined
      throw startError(error)
    })
    return await ready
  }

  function clientsOf({ writer, readers: [reader], sharded }: Connections): Clients {
    return { db: identifier(database), writer, reader, sharded }
  }

  const read = createReader(start, limits)
  const lookUp = createReader(start, limits, 'quick')
  const answer = createAnswers(createReader(start, limits, 'answers'), database, rollupFromRows, async () =>
    (await start()).writes?.(),
  )

  function noteIds({ storedIds }: Connections, { events }: FrozenBatch): void {
    storedIds?.(database).add(events.map(({ event_id }) => event_id))
  }

  /** When the first row of the batch was stored, by the server's clock; undefined when none is. */
  async function landedAt(
    { token, events }: FrozenBatch,
    options?: CallOptions,
  ): Promise<string | undefined> {
    const storable = events.filter((event) => isStorable(event) && Number.isInteger(event.timestamp))
    const found: string[] = []
    for (let at = 0; at < storable.length; at += ROWS_PER_LOOKUP) {
      const statement = landedStatement(database, token, storable.slice(at, at + ROWS_PER_LOOKUP))
      const [row] = await lookUp<{ landed: number; at: string }>(statement, options)
      if (row !== undefined && row.landed > 0) found.push(row.at)
    }
    return found.sort()[0]
  }

  async function complete(batch: FrozenBatch, without: ReadonlySet<StoredEvent>): Promise<void> {
    const connections = await start()
    try {
      noteIds(connections, batch)
      await completeBatch(clientsOf(connections), database, batch, without)
    } catch (error) {
      throw insertError(error)
    }
  }

  return {
    name: parts.name,
    capabilities: { exactUniques: true },
    ...createErasures(start, database),
    ...createVerdicts(start, read, database),

    async known(keys: readonly EventKey[], options?: CallOptions) {
      const ids = (await start()).storedIds?.(database)
      // A key that no row can have would make the lookup of all the others fail.
      const storable = keys.filter(isStorable)
      return await findKnown(lookUp, database, ids?.among(storable) ?? storable, options)
    },

    async insert(batch: FrozenBatch, options: CallOptions = {}) {
      if (batch.events.length === 0) return
      const connections = await start()
      const query = written(() => insertStatement(database, batch))
      noteIds(connections, batch)
      if (sent.has(batch)) {
        const at = await landedAt(batch, options)
        if (at !== undefined && (await mayForget(clientsOf(connections), at)))
          return await complete(batch, new Set())
      }
      sent.add(batch)
      try {
        await connections.writer.command({
          query,
          ...(options.signal === undefined ? {} : { abort_signal: options.signal }),
        })
      } catch (error) {
        throw insertError(error)
      }
    },

    async landed(batch, options) {
      return (await landedAt(batch, options)) !== undefined
    },

    complete,

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
      return await removeTwins(clientsOf(await start()))
    },

    async changedSince(since) {
      return await changedSince(read, database, since)
    },

    async buildDays(projectId, days) {
      const clients = clientsOf(await start())
      if (await isRewriting(read, database, projectId)) return 0
      const builder = { clients, read, database, fromRows: Math.floor(rollupFromRows / 100), rebuilt }
      const built = await buildDays(builder, projectId, days)
      if (Date.now() - droppedAt > DROP_GENERATIONS_EVERY_MS) {
        droppedAt = Date.now()
        await dropOldGenerations(builder)
      }
      return built
    },

    async query<K extends QueryPlan['kind']>(plan: Extract<QueryPlan, { kind: K }>, options?: CallOptions) {
      return await answer(plan, { ...options, began: options?.began ?? performance.now() })
    },

    async migrate() {
      try {
        const { writer } = await open()
        return await migrate(writer, database)
      } catch (error) {
        throw startError(error)
      }
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
