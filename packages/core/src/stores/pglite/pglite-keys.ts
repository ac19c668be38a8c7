import { randomHex } from '#crypto'
import { type PepperOption, requirePepper } from '../../crypto/pepper.js'
import { AnalyticsError } from '../../errors.js'
import { requireOptionNames } from '../../option-names.js'
import { createSqlKeyStore } from '../postgres/engine.js'
import type { SqlKeyStore } from '../postgres/sql-key-store.js'
import { openPglite } from './database.js'

// The first start makes a database; on a busy machine that takes its time, and there is no network that could hang.
const OPENING_MS = 120_000

export interface PgliteKeysOptions {
  /** Directory of the database, made when missing; absent = in memory, gone with the process. */
  readonly path?: string | undefined
  /**
   * Default: a random pepper, kept in `<path>/pepper` (mode 0600). Bring your own to keep it apart from the data.
   */
  readonly pepper?: PepperOption | undefined
}

/**
 * Projects and keys in Postgres inside this process, through `@electric-sql/pglite` and `kysely`. One process
 * at a time may open a directory (`store_in_use`); within it, all stores on one path share one instance. Opens
 * nothing until first use. PGlite never calls fsync: what is stored survives the end of the process, kill -9
 * included, but not surely a power cut; use {@link postgresKeys} where it must.
 */
export function pgliteKeys(options: PgliteKeysOptions = {}): SqlKeyStore {
  requireOptionNames('pgliteKeys', options, { path: true, pepper: true })
  const { path, pepper } = options
  if (path !== undefined && (typeof path !== 'string' || path === '' || path.includes('\0'))) {
    throw new AnalyticsError('invalid_options', 'path must be the path of a directory.')
  }
  const given = pepper === undefined ? undefined : requirePepper(pepper)
  return createSqlKeyStore({
    name: 'pglite',
    schema: 'millimetric',
    openingMs: OPENING_MS,
    autoMigrate: true,
    connect: () => openPglite(path),
    async pepperValues(link) {
      if (given !== undefined) return given
      // Opening comes first: only the holder of the directory may make its pepper.
      return [(await (await link()).keptPepper()) ?? randomHex(32)]
    },
  })
}
