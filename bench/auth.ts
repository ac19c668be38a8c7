import { createAnalytics } from '../packages/core/src/analytics.js'
import { memoryEvents } from '../packages/core/src/stores/memory/index.js'
import { postgresKeys } from '../packages/core/src/stores/postgres/index.js'
import { createTestDatabase } from '../packages/core/test/keys/postgres-server.js'
import { measureFlood } from './auth/flood.js'
import { measureLimits } from './auth/limits.js'
import { measureOverhead } from './auth/overhead.js'
import { measureRefusals } from './auth/refusals.js'
import { countStatements } from './auth/statements.js'

/**
 * What authentication costs, and what a flood of bogus keys does to Postgres, memory and good keys: each through the
 * whole handler.
 */
export async function run(): Promise<void> {
  const database = await createTestDatabase()
  if (database === undefined) throw new Error('The bench needs a Postgres.')
  const { pool, statements } = countStatements(database.pool())
  const analytics = createAnalytics({
    events: memoryEvents(),
    keys: postgresKeys({ pool, pepper: 'a pepper for the bench' }),
    rateLimits: { track: null, batch: null },
    onDiagnostic: (diagnostic) => console.error(diagnostic),
  })
  await measureOverhead(analytics)
  await measureRefusals(analytics)
  await measureFlood(analytics, statements)
  measureLimits()
  await analytics.close()
  await database.close()
}
