import { AnalyticsError } from '../../errors.js'
import { ask, type Clients } from './upkeep-clients.js'

/** Seconds for inserts of somebody whose statements this user may not see. */
const UNSEEN_S = 30

/**
 * Moment of the server's clock, as text: every insert that began before has ended. Rows carry the time at which their
 * insert began and are seen when it ends, however long that takes, so nothing younger than this may be passed by.
 * `unseen`: with no regard to inserts that may be hidden from this user.
 */
export async function settledUntil(clients: Clients, unseen: 'heeded' | 'none' = 'heeded'): Promise<string> {
  // A second for the difference between two clocks, and for what is registered a little after it began.
  const [row] = await ask<{ settled: string }>(
    clients,
    `SELECT toString(least(now64(6, 'UTC') - INTERVAL ${unseen === 'heeded' ? UNSEEN_S : 0} SECOND,
  ifNull(minOrNull(now64(6, 'UTC') - toIntervalMicrosecond(toInt64(p.elapsed * 1000000)) - INTERVAL 1 SECOND), now64(6, 'UTC')))) AS settled
FROM system.processes AS p WHERE p.query_kind = 'Insert' AND match(p.query, {insert:String})`,
    { insert: `(?i)^\\s*INSERT INTO \`?${clients.db.replaceAll('`', '')}\`?\\.` },
  )
  if (row === undefined) throw new AnalyticsError('storage_unavailable', 'ClickHouse does not tell the time.')
  return row.settled
}

/** Moment of the server's clock, as text, up to which earlier sweeps have looked. */
export async function sweptUntil(clients: Clients, marginSeconds = 0): Promise<string> {
  const [row] = await ask<{ swept: string }>(
    clients,
    `SELECT toString(max(swept_until) - INTERVAL {margin:UInt32} SECOND) AS swept FROM ${clients.db}.sweeps`,
    { margin: marginSeconds },
  )
  return row?.swept ?? '1970-01-01 00:00:00'
}
