import type { Kysely } from 'kysely'
import type { KeyStore, Pepper } from '../../ports/key-store.js'
import type { KyselyModule } from './dialect.js'
import type { Tables } from './tables.js'

/** An open database: the schema is set on `db` and spelled out in `schema` for statements in plain SQL. */
export interface Database {
  readonly kysely: KyselyModule
  readonly db: Kysely<Tables>
  readonly schema: string
}

export type Operations = Omit<KeyStore, 'name' | 'peppers' | 'watch' | 'close'>

export interface Engine {
  readonly name: string
  peppers(): Promise<readonly [Pepper, ...Pepper[]]>
  /** Runs one operation on the open database. */
  run<T>(operation: (database: Database) => Promise<T>): Promise<T>
  close(): Promise<void>
}

/** Anything else compared with a uuid column would be an error instead of no match. */
export function isUuid(text: string): boolean {
  return /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text)
}

/** Nothing else is looked for: a server that logs what is bound must not log a key that came as the name of a project. */
export function isSlug(text: string): boolean {
  return /^[a-z0-9-]{1,63}$/.test(text)
}

/** Postgres text can't hold U+0000, so nothing equal to such a text is stored. */
export function isStorable(text: string): boolean {
  return !text.includes('\0')
}
