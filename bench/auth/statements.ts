import type { Pool } from 'pg'
import type { PostgresPool } from '../../packages/core/src/stores/postgres/index.js'

/** The pool, and how many statements went through it so far. */
export function countStatements(real: Pool): { pool: PostgresPool; statements: () => number } {
  let count = 0
  return {
    statements: () => count,
    pool: {
      async connect() {
        const client = await real.connect()
        return {
          async query<R>(text: string, values: unknown[]) {
            count++
            const { rows, rowCount } = await client.query(text, values)
            const read: R[] = rows
            return { rows: read, rowCount }
          },
          on: (event, listener) => client.on(event, listener),
          removeListener: (event, listener) => client.removeListener(event, listener),
          release: (broken) => client.release(broken),
        }
      },
      on: (event, listener) => real.on(event, listener),
    },
  }
}
