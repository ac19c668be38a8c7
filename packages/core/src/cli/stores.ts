import { join } from 'node:path'
import { AnalyticsError } from '../errors.js'
import { parseUrl } from '../parse-url.js'
import type { EventStore } from '../ports/event-store.js'
import type { KeyStore } from '../ports/key-store.js'

/** What migrations need beside the ports. */
export interface Migrating {
  migrate(): Promise<{ readonly applied: readonly string[] }>
  plan(): string
}

export interface Stores {
  events: EventStore & Migrating
  keys: KeyStore & Migrating
  /** Ends what was opened beside the stores themselves. */
  end(): Promise<void>
}

export interface Where {
  /** Directory of the embedded engines: `events` and `keys` below it. */
  data: string | undefined
  clickhouse: string | undefined
  database: string | undefined
  postgres: string | undefined
  pepper: string | undefined
}

/** Opens nothing yet: stores connect on first use. Drivers are loaded only when asked for. */
export async function findStores(where: Where): Promise<Stores> {
  const { keys, end } = await findKeys(where)
  return { events: await findEvents(where), keys, end }
}

async function findEvents({ data, clickhouse, database }: Where): Promise<Stores['events']> {
  const named = database === undefined ? {} : { database }
  if (clickhouse !== undefined) {
    const { clickhouseEvents } = await import('../stores/clickhouse/index.js')
    const url = parseUrl(clickhouse)
    const { username = '', password = '' } = url ?? {}
    if (url !== undefined) {
      url.username = ''
      url.password = ''
    }
    return clickhouseEvents({
      url: url?.href ?? clickhouse,
      ...(username === '' ? {} : { username: decodeURIComponent(username) }),
      ...(password === '' ? {} : { password: decodeURIComponent(password) }),
      ...named,
    })
  }
  if (data === undefined) throw missing()
  const { chdbEvents } = await import('../stores/chdb/index.js')
  return chdbEvents({ path: join(data, 'events'), ...named })
}

async function findKeys({
  data,
  postgres,
  pepper,
}: Where): Promise<{ keys: Stores['keys']; end(): Promise<void> }> {
  if (postgres !== undefined) {
    if (pepper === undefined) {
      throw new AnalyticsError(
        'invalid_options',
        'A Postgres key store needs the pepper of its keys: set API_KEY_PEPPER to what your server uses.',
      )
    }
    const [{ default: pg }, { postgresKeys }] = await Promise.all([
      import('pg').catch((cause: unknown) => {
        throw new AnalyticsError('missing_dependency', 'A Postgres key store needs: npm install pg kysely', {
          cause,
        })
      }),
      import('../stores/postgres/index.js'),
    ])
    const pool = new pg.Pool({ connectionString: postgres, max: 2 })
    return { keys: postgresKeys({ pool, pepper }), end: async () => await pool.end() }
  }
  if (data === undefined) throw missing()
  const { pgliteKeys } = await import('../stores/pglite/index.js')
  const keys = pgliteKeys({ path: join(data, 'keys'), ...(pepper === undefined ? {} : { pepper }) })
  return { keys, end: async () => {} }
}

function missing(): AnalyticsError {
  return new AnalyticsError(
    'invalid_options',
    'Say where the data is: --data DIR (embedded engines), or --clickhouse URL and --postgres URL ' +
      '(also CLICKHOUSE_URL and DATABASE_URL), or --url and --key of a running server.',
  )
}
