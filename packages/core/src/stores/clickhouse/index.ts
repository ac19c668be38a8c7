import { AnalyticsError } from '../../errors.js'
import { requireOptionNames } from '../../option-names.js'
import { parseUrl } from '../../parse-url.js'
import type { ClickhouseClient, Connections } from './client.js'
import type { ClusterOptions } from './cluster.js'
import { type ClickhouseEventStore, createEventStore, ROLLUP_FROM_ROWS } from './event-store.js'
import { QUERY_LIMITS, type QueryLimits } from './reader.js'
import { withinRequestLimits } from './request-limits.js'

export type { ClickhouseClient } from './client.js'
export type { ClusterOptions } from './cluster.js'
export type { ClickhouseEventStore } from './event-store.js'
export type { QueryLimits } from './reader.js'

export interface ClickhouseOptions {
  /** A client of `@clickhouse/client` (or `client-web`); it stays the caller's and is not closed. */
  client?: ClickhouseClient
  /** Instead of `client`: where the server is, for example `http://localhost:8123`. */
  url?: string
  username?: string
  password?: string
  /** Created when absent; `millimetric` by default. */
  database?: string
  /** Create and update the tables on first use; true by default. */
  migrate?: boolean
  limits?: Partial<QueryLimits>
  /** Rows of a range from which a rollup may answer; 200,000 by default. Changes speed, never an answer. */
  rollupFromRows?: number
  /** A self-hosted cluster of shards and replicas (docs/scale-out.md). ClickHouse Cloud needs none. */
  cluster?: ClusterOptions
}

const NAMES: Readonly<Record<keyof ClickhouseOptions, true>> = {
  client: true,
  url: true,
  username: true,
  password: true,
  database: true,
  migrate: true,
  limits: true,
  rollupFromRows: true,
  cluster: true,
}

/** Events on a ClickHouse server. Nothing is opened before first use. */
export function clickhouseEvents(options: ClickhouseOptions): ClickhouseEventStore {
  requireOptionNames('clickhouseEvents', options ?? {}, NAMES)
  const { client, url } = options ?? {}
  requireOptionNames('clickhouseEvents: limits', options?.limits, QUERY_LIMITS)
  requireOptionNames('clickhouseEvents: cluster', options?.cluster, { name: true })
  if (url !== undefined) requireUrl(url)
  if ((client === undefined) === (url === undefined)) {
    throw new AnalyticsError('invalid_options', 'clickhouseEvents takes either { client } or { url }.')
  }
  return createEventStore({
    name: 'clickhouse',
    database: options.database ?? 'millimetric',
    migrateOnFirstUse: options.migrate ?? true,
    limits: { ...QUERY_LIMITS, ...options.limits },
    rollupFromRows: options.rollupFromRows ?? ROLLUP_FROM_ROWS,
    cluster: options.cluster,
    connect: async () => (client === undefined ? await dial(options) : borrowed(client)),
  })
}

/** The message holds nothing of the URL: it may carry a password. */
function requireUrl(url: string): void {
  if (/^https?:$/.test(parseUrl(url)?.protocol ?? '')) return
  throw new AnalyticsError(
    'invalid_options',
    'clickhouseEvents: url must be the HTTP interface of the server, for example http://localhost:8123.',
  )
}

function borrowed(client: ClickhouseClient): Connections {
  return connectionsOf(client, async () => {})
}

function connectionsOf(client: ClickhouseClient, close: () => Promise<void>): Connections {
  const fitting = withinRequestLimits(client)
  return { writer: fitting, readers: [fitting], close }
}

async function dial({ url, username, password, limits }: ClickhouseOptions): Promise<Connections> {
  const { maxExecutionTime } = { ...QUERY_LIMITS, ...limits }
  const { createClient, ClickHouseLogLevel } = await importClient()
  const client = createClient({
    ...(url === undefined ? {} : { url }),
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    application: 'millimetric',
    // Below the keep-alive of every server (3 s in the cloud), or a reused socket is reset under an insert.
    keep_alive: { enabled: true, idle_socket_ttl: 2500 },
    // The server ends what takes too long, and says why; a client that hangs up first would not know.
    ...(maxExecutionTime > 0 ? { request_timeout: (maxExecutionTime + 10) * 1000 } : {}),
    // Failures are reported through onDiagnostic, once; the client would print statements to the console.
    log: { level: ClickHouseLogLevel.OFF },
    compression: { response: true, request: false },
  })
  return connectionsOf(client, async () => await client.close())
}

async function importClient(): Promise<typeof import('@clickhouse/client')> {
  try {
    return await import('@clickhouse/client')
  } catch (cause) {
    throw new AnalyticsError(
      'missing_dependency',
      'clickhouseEvents({ url }) needs the ClickHouse client: npm install @clickhouse/client',
      { cause },
    )
  }
}
