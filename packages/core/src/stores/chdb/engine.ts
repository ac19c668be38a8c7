import { mkdir } from 'node:fs/promises'
import { resolve } from 'node:path'
import { AnalyticsError } from '../../errors.js'
import { type ClickhouseClient, type Connections, identifier } from '../clickhouse/client.js'
import { createStoredIds } from '../clickhouse/stored-ids.js'
import { ask as askEngine } from '../clickhouse/upkeep-clients.js'
import { createConnectionPool } from './connection-pool.js'
import { joinHolders } from './holders.js'
import { mergesGiveWay, threadPriorities } from './thread-priority.js'

type ClientConnection = NonNullable<
  NonNullable<Parameters<typeof import('@clickhouse/client').createClient>[0]>['connection']
>

/** The one engine of the process: chDB binds a single data directory, for as long as it has a connection. */
interface Engine {
  readonly path: string
  readonly connections: Promise<Connections>
  users: number
  /** Resolves when its last user has left and nothing of it is under way; undefined while it has users. */
  closed: Promise<void> | undefined
}

// On globalThis, because a module that is loaded again (hot reload, two copies of the package) must find the
// engine that is open: a second one in the same process is refused.
const HOLDER: symbol = Symbol.for('millimetric.chdb.engine')

function heldEngine(): Engine | undefined {
  return Reflect.get(globalThis, HOLDER)
}

function hold(engine: Engine | undefined): void {
  Reflect.set(globalThis, HOLDER, engine)
}

/** Joins the engine of this path, opening it for the first user; each user closes once. */
export async function acquireEngine(path: string): Promise<Connections> {
  const directory = resolve(path)
  const held = heldEngine()
  if (held !== undefined && held.closed === undefined && held.path !== directory) {
    throw new AnalyticsError(
      'store_in_use',
      `chDB holds one data directory per process, and this process already uses ${held.path}. ` +
        'Use one path (databases keep data apart), or a ClickHouse server: clickhouseEvents({ url }).',
    )
  }
  const engine = held !== undefined && held.closed === undefined ? held : openAfter(held?.closed, directory)
  hold(engine)
  engine.users += 1
  try {
    const connections = await engine.connections
    return { ...connections, close: once(async () => await release(engine)) }
  } catch (error) {
    engine.users -= 1
    drop(engine)
    throw error
  }
}

/** What the one before has under way could not be seen by what this one reads of its tables. */
function openAfter(closed: Promise<void> | undefined, directory: string): Engine {
  const connections = (closed ?? Promise.resolve()).then(async () => await open(directory))
  return { path: directory, connections, users: 0, closed: undefined }
}

async function release(engine: Engine): Promise<void> {
  engine.users -= 1
  if (engine.users > 0) return
  const closing = engine.connections.then(async (connections) => await connections.close())
  engine.closed = closing.then(
    () => drop(engine),
    () => drop(engine),
  )
  await closing
}

function drop(engine: Engine): void {
  if (heldEngine() === engine) hold(undefined)
}

async function open(directory: string): Promise<Connections> {
  const { createClient, createChdbConnection } = await importEngine()
  await mkdir(directory, { recursive: true })
  const holder = joinHolders(directory)
  const connect = async (...settings: string[]): Promise<ClickhouseClient> => {
    const client: ClickhouseClient = createClient({
      // chdb types its connection by its own copy of the client's interface; a private member of an
      // unrelated class makes the two copies incompatible by name, not by shape.
      connection: createChdbConnection({ path: directory }) as unknown as ClientConnection,
    })
    // A statement that binds thousands of ids is longer than the engine takes for one.
    await client.command({ query: `SET ${['max_query_size=67108864', ...settings].join(', ')}` })
    return client
  }
  try {
    // Behind a heavy report `SELECT 1` waited four seconds. So writes have a connection of their own, and so have the
    // lookups that events wait for, and what ends a report.
    const { reports, others, areSet } = threadPriorities()
    const writer = createConnectionPool([await connect(...others)])
    const quick = createConnectionPool([await connect(...others)])
    const reader = createConnectionPool(
      [await connect(...reports), await connect(...reports)],
      areSet ? mergesGiveWay : undefined,
    )
    holder.opened()
    return {
      writer,
      readers: [reader],
      quick,
      embedded: true,
      writes: () => (holder.isAlone() ? writer.ended() : undefined),
      storedIds: eachOnce((database) => {
        const clients = { db: identifier(database), writer, reader }
        const ask = async <Row>(query: string, params: Record<string, unknown>): Promise<Row[]> =>
          await askEngine<Row>(clients, query, params)
        return createStoredIds(clients.db, { ask, isAlone: holder.isAlone })
      }),
      close: async () => {
        try {
          for (const client of [reader, quick, writer]) await client.close()
        } finally {
          holder.leave()
        }
      },
    }
  } catch (cause) {
    holder.leave()
    throw new AnalyticsError(
      'store_in_use',
      `chDB could not open ${directory}: ${reason(cause)} If another process has it open, call that process ` +
        '(HTTP, or the CLI with --url and a key), or use a ClickHouse server: clickhouseEvents({ url }).',
      { cause },
    )
  }
}

function reason(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  return `${text.slice(0, 300).replace(/\s+/g, ' ').replace(/\.$/, '')}.`
}

function once(action: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined
  return () => {
    done ??= action()
    return done
  }
}

function eachOnce<T>(make: (name: string) => T): (name: string) => T {
  const made = new Map<string, T>()
  return (name) => {
    const found = made.get(name) ?? make(name)
    made.set(name, found)
    return found
  }
}

async function importEngine(): Promise<{
  createClient: typeof import('@clickhouse/client').createClient
  createChdbConnection: typeof import('chdb/connection').createChdbConnection
}> {
  try {
    const [{ createClient }, { createChdbConnection }] = await Promise.all([
      import('@clickhouse/client'),
      import('chdb/connection'),
    ])
    return { createClient, createChdbConnection }
  } catch (cause) {
    throw new AnalyticsError(
      'missing_dependency',
      'chdbEvents needs the embedded engine: npm install chdb @clickhouse/client. It has builds for Linux ' +
        '(x64 and arm64, glibc) and macOS; elsewhere use a ClickHouse server: clickhouseEvents({ url }).',
      { cause },
    )
  }
}
