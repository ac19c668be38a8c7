import type { KeyStore } from '../../ports/key-store.js'

/** A key store in Postgres, with what only the concrete store can do. */
export interface SqlKeyStore extends KeyStore {
  /**
   * Brings the tables to the latest version; safe from any number of processes at once. Also makes the policies of
   * Supabase's roles where those came after the tables.
   */
  migrate(): Promise<{ readonly applied: readonly string[] }>
  /** The SQL that `migrate` runs on an empty database. */
  plan(): string
}
