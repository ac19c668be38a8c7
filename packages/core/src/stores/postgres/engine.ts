import { namePeppers } from '../../crypto/pepper.js'
import { AnalyticsError } from '../../errors.js'
import type { KeyStoreChange, Pepper } from '../../ports/key-store.js'
import type { Database } from './database.js'
import { type AcquireConnection, type KyselyModule, sqlDialect } from './dialect.js'
import { storeFailure } from './failure.js'
import { closed, sqlKeyStore } from './key-store.js'
import { type ListeningClient, listen } from './listener.js'
import { migrate, migrationPlan } from './migrations.js'
import type { SqlKeyStore } from './sql-key-store.js'
import type { Tables } from './tables.js'

export interface Link {
  readonly acquire: AcquireConnection
  /** Absent where changes of other processes can't be heard. */
  readonly connectListener?: (() => Promise<ListeningClient>) | undefined
  close(): Promise<void>
}

export interface SqlKeyStoreOptions<L extends Link> {
  readonly name: string
  readonly schema: string
  /** As of the port. */
  readonly openingMs?: number | undefined
  /** Migrate on first use. */
  readonly autoMigrate: boolean
  /** The configured peppers, the current one first; asked for once. */
  pepperValues(link: () => Promise<L>): Promise<readonly [string, ...string[]]>
  /** Called on first use, and again after it failed. */
  connect(): Promise<L>
}

interface Opened<L> extends Database {
  readonly link: L
}

/** Opens on first use, then keeps open; a failed opening is tried again by the next call. */
export function createSqlKeyStore<L extends Link>(options: SqlKeyStoreOptions<L>): SqlKeyStore {
  const { name, schema, autoMigrate, connect } = options
  let connecting: Promise<Opened<L>> | undefined
  let ready: Promise<unknown> | undefined
  let naming: Promise<readonly [Pepper, ...Pepper[]]> | undefined
  let closing: Promise<void> | undefined

  function opened(): Promise<Opened<L>> {
    if (closing !== undefined) return Promise.reject(closed())
    connecting ??= open().catch((error) => {
      connecting = undefined
      throw error
    })
    return connecting
  }

  async function open(): Promise<Opened<L>> {
    const kysely = await loadKysely()
    const link = await connect()
    const db = new kysely.Kysely<Tables>({ dialect: sqlDialect(kysely, link.acquire) }).withSchema(schema)
    return { kysely, db, schema, link }
  }

  async function run<T>(operation: (database: Database) => Promise<T>): Promise<T> {
    try {
      const database = await opened()
      if (autoMigrate) {
        ready ??= migrate(database.kysely, database.db, schema, { policies: false }).catch((error) => {
          ready = undefined
          throw error
        })
        await ready
      }
      return await operation(database)
    } catch (error) {
      throw storeFailure(error)
    }
  }

  async function peppers(): Promise<readonly [Pepper, ...Pepper[]]> {
    try {
      naming ??= options.pepperValues(async () => (await opened()).link).then(namePeppers)
      return await naming
    } catch (error) {
      naming = undefined
      throw storeFailure(error)
    }
  }

  const stops = new Set<() => Promise<void>>()

  async function watch(onChange: (change: KeyStoreChange) => void): Promise<() => Promise<void>> {
    try {
      const { link } = await opened()
      const { connectListener: connectTo } = link
      if (connectTo === undefined) return async () => {}
      const stop = await listen({ connect: connectTo, schema, onChange })
      stops.add(stop)
      return async () => {
        stops.delete(stop)
        await stop()
      }
    } catch (error) {
      throw storeFailure(error)
    }
  }

  async function close(): Promise<void> {
    await Promise.all([...stops].map((stop) => stop()))
    // A failed opening left nothing to close.
    const database = await connecting?.catch(() => undefined)
    await database?.link.close()
  }

  return {
    ...sqlKeyStore({
      name,
      run,
      peppers,
      close() {
        closing ??= close()
        return closing
      },
    }),
    openingMs: options.openingMs,
    watch,
    async migrate() {
      try {
        const { kysely, db } = await opened()
        return { applied: await migrate(kysely, db, schema, { policies: true }) }
      } catch (error) {
        throw storeFailure(error)
      }
    },
    plan: () => migrationPlan(schema),
  }
}

/** A schema name that needs no quoting; throws `invalid_options` otherwise. */
export function requireSchema(schema: string): string {
  if (/^[a-z_][a-z0-9_]{0,62}$/.test(schema) && !schema.startsWith('pg_')) return schema
  throw new AnalyticsError(
    'invalid_options',
    'schema must be 1–63 of a-z, 0-9 and "_", not starting with a digit.',
  )
}

async function loadKysely(): Promise<KyselyModule> {
  try {
    return await import('kysely')
  } catch (cause) {
    throw new AnalyticsError('missing_dependency', 'The key store needs Kysely: npm install kysely', {
      cause,
    })
  }
}
