import { AnalyticsError } from '../../errors.js'
import { ask, type Clients } from './upkeep-clients.js'

const POLL_MS = 100
const LONGEST_POLL_MS = 2000
const GIVE_UP_MS = 1_800_000

/**
 * Waits until no mutation of these tables is under way. They are started without waiting and waited for here, because
 * then they run side by side, and no connection is blocked that events have to go through. Errors:
 * `storage_unavailable` after half an hour; the mutations go on.
 */
export async function waitForMutations(clients: Clients, tables: readonly string[]): Promise<void> {
  let pause = POLL_MS
  for (let waited = 0; waited < GIVE_UP_MS; waited += pause) {
    const [open] = await ask<{ n: number; reason: string }>(
      clients,
      `SELECT count() AS n, anyLast(latest_fail_reason) AS reason FROM system.mutations
WHERE concat('\`', database, '\`') = {database:String} AND table IN {tables:Array(String)} AND NOT is_done`,
      { database: clients.db, tables },
    )
    if (open === undefined || open.n === 0) return
    await new Promise((resolve) => setTimeout(resolve, pause))
    pause = Math.min(pause * 1.5, LONGEST_POLL_MS)
  }
  throw new AnalyticsError('storage_unavailable', 'ClickHouse has not finished the deletes yet.')
}
