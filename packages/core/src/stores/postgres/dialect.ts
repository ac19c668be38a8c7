import type { CompiledQuery, DatabaseConnection, Dialect, Driver, QueryResult } from 'kysely'

export type KyselyModule = typeof import('kysely')

/** One connection, held by one user at a time. */
export interface SqlConnection {
  query<R>(text: string, values: unknown[]): Promise<{ rows: R[]; affected: number | undefined }>
  /** `broken`: the state of the connection is unknown, nobody may use it again. */
  release(broken: boolean): void
}

export type AcquireConnection = () => Promise<SqlConnection>

/** Kysely on any source of Postgres connections. */
export function sqlDialect(kysely: KyselyModule, acquire: AcquireConnection): Dialect {
  return {
    createAdapter: () => new kysely.PostgresAdapter(),
    createQueryCompiler: () => new kysely.PostgresQueryCompiler(),
    createIntrospector: (db) => new kysely.PostgresIntrospector(db),
    createDriver: () => new SqlDriver(kysely, acquire),
  }
}

class SqlDriver implements Driver {
  readonly #kysely: KyselyModule
  readonly #acquire: AcquireConnection

  constructor(kysely: KyselyModule, acquire: AcquireConnection) {
    this.#kysely = kysely
    this.#acquire = acquire
  }

  async init(): Promise<void> {}
  async destroy(): Promise<void> {}

  async acquireConnection(): Promise<HeldConnection> {
    return new HeldConnection(await this.#acquire())
  }

  async beginTransaction(connection: HeldConnection): Promise<void> {
    await this.#control(connection, 'begin')
  }

  async commitTransaction(connection: HeldConnection): Promise<void> {
    await this.#control(connection, 'commit')
  }

  async rollbackTransaction(connection: HeldConnection): Promise<void> {
    await this.#control(connection, 'rollback')
  }

  async releaseConnection(connection: HeldConnection): Promise<void> {
    connection.release()
  }

  async #control(connection: HeldConnection, statement: string): Promise<void> {
    try {
      await connection.executeQuery(this.#kysely.CompiledQuery.raw(statement))
    } catch (error) {
      // An unfinished transaction must not go back into a pool that the host shares with us.
      connection.broken = true
      throw error
    }
  }
}

class HeldConnection implements DatabaseConnection {
  broken = false
  readonly #connection: SqlConnection

  constructor(connection: SqlConnection) {
    this.#connection = connection
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    const { rows, affected } = await this.#connection.query<R>(query.sql, [...query.parameters])
    return affected === undefined ? { rows } : { rows, numAffectedRows: BigInt(affected) }
  }

  // biome-ignore lint/correctness/useYield: Kysely asks for a generator.
  async *streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new Error('Streaming is not supported.')
  }

  release(): void {
    this.#connection.release(this.broken)
  }
}
