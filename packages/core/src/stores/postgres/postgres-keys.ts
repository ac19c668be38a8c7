import { type PepperOption, requirePepper } from '../../crypto/pepper.js'
import { AnalyticsError } from '../../errors.js'
import { requireOptionNames } from '../../option-names.js'
import type { SqlConnection } from './dialect.js'
import { createSqlKeyStore, requireSchema } from './engine.js'
import type { ListeningClient } from './listener.js'
import type { SqlKeyStore } from './sql-key-store.js'

/** What the store uses of a `Pool` of the `pg` package. */
export interface PostgresPool {
  connect(): Promise<PostgresClient>
  on(event: 'error', listener: (error: Error) => void): unknown
  /** What its connections are made with; needed to hear of revocations of other processes. */
  readonly options?: object | undefined
}

export interface PostgresClient {
  query<R>(text: string, values: unknown[]): Promise<{ rows: R[]; rowCount: number | null }>
  on(event: 'error', listener: (error: Error) => void): unknown
  removeListener(event: 'error', listener: (error: Error) => void): unknown
  release(broken?: boolean): void
}

export interface PostgresKeysOptions {
  /** A `pg` Pool. It stays the host's: `close()` does not end it. */
  readonly pool: PostgresPool
  readonly pepper: PepperOption
  /**
   * Postgres schema that holds the tables projects, api_keys, usage_meter, ip_salts and migrations. Default
   * `millimetric`, so that they never meet tables of the host.
   */
  readonly schema?: string | undefined
  /** Create and upgrade the tables on first use. Default true; false when `migrate()` runs at deployment. */
  readonly migrate?: boolean | undefined
  /**
   * Hear of revocations and changes that other processes make, by LISTEN on one connection of its own beside the
   * pool (made by the `pg` package with the pool's options). Default true; false behind a pooler that shares
   * connections between transactions, where nothing would be heard. Without it they are felt when cached copies
   * expire (`keyCacheTtlMs`).
   */
  readonly listen?: boolean | undefined
}

const NAMES: Readonly<Record<keyof PostgresKeysOptions, true>> = {
  pool: true,
  pepper: true,
  schema: true,
  migrate: true,
  listen: true,
}

/**
 * Projects and keys in Postgres 15 or newer, through `pg` and `kysely`. Opens nothing until first use. Throws
 * `invalid_options` for a pepper under 16 characters or a bad schema name.
 */
export function postgresKeys(options: PostgresKeysOptions): SqlKeyStore {
  requireOptionNames('postgresKeys', options ?? {}, NAMES)
  const { pool } = options ?? {}
  if (typeof pool?.connect !== 'function') {
    throw new AnalyticsError('invalid_options', 'pool must be a Pool of the pg package: new pg.Pool({ … }).')
  }
  const pepperValues = requirePepper(options.pepper)
  return createSqlKeyStore({
    name: 'postgres',
    schema: requireSchema(options.schema ?? 'millimetric'),
    autoMigrate: options.migrate ?? true,
    pepperValues: async () => pepperValues,
    async connect() {
      guard(pool)
      const { options: poolOptions } = pool
      return {
        acquire: () => acquire(pool),
        ...(poolOptions === undefined || options.listen === false
          ? {}
          : { connectListener: () => connectListener(poolOptions) }),
        async close() {},
      }
    },
  })
}

async function connectListener(poolOptions: object): Promise<ListeningClient> {
  const { default: pg } = await import('pg')
  return new pg.Client({ keepAlive: true, ...poolOptions })
}

const guarded = new WeakSet<PostgresPool>()

/** A pool without a listener ends the host's process when an idle connection breaks. */
function guard(pool: PostgresPool): void {
  if (guarded.has(pool)) return
  guarded.add(pool)
  pool.on('error', ignore)
}

async function acquire(pool: PostgresPool): Promise<SqlConnection> {
  const client = await pool.connect()
  // So does a client that breaks while it is held; its query rejects as well, and that is reported.
  client.on('error', ignore)
  return {
    async query<R>(text: string, values: unknown[]) {
      const { rows, rowCount } = await client.query<R>(text, values)
      return { rows, affected: rowCount ?? undefined }
    },
    release(broken) {
      client.removeListener('error', ignore)
      client.release(broken)
    },
  }
}

function ignore(): void {}
