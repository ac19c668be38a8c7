import type { ExportPlan } from '../../../ports/export-plan.js'
import { type Binder, createBinder, instant, type Statement } from './binder.js'
import { EVENT_ROW, eventMoment, isoText } from './events.js'
import type { Reading } from './reading.js'
import { eventRows } from './rows.js'

const EXPORT_ROW = `${EVENT_ROW},
  ${isoText('e.received_at')} AS received_at,
  if(isNull(e.client_timestamp), NULL, ${isoText('ifNull(e.client_timestamp, e.timestamp)')}) AS client_timestamp,
  e.seq AS seq, nullIf(e.hostname, '') AS hostname, nullIf(e.referrer_host, '') AS referrer_host,
  nullIf(e.term, '') AS term, nullIf(e.content, '') AS content,
  nullIf(e.sdk_name, '') AS sdk_name, nullIf(e.sdk_version, '') AS sdk_version`

/**
 * Rows of an export, oldest first, with `moment` for the place of each; one more than the limit.
 *
 * `cut`: looks first how far in time so many rows reach, how many those are is the last part of `moment`, and reads no further.
 * Without it, columns of every later part are opened for one row each: a page takes half as long again.
 */
export function exportStatement(reading: Reading, plan: ExportPlan, cut: boolean): Statement {
  const binder = createBinder(plan.project_id)
  const rows = eventRows(reading, plan, binder)
  const later = laterThan(plan.after, binder)
  const most = binder.bind('UInt32', plan.limit + 1)
  const reach = `SELECT (max(timestamp), count()) FROM (SELECT e.timestamp AS timestamp ${rows.from(later)} ORDER BY timestamp LIMIT ${most})`
  return {
    query: `${cut ? `WITH (${reach}) AS reach` : ''}
SELECT ${EXPORT_ROW},
  ${eventMoment(cut ? ['reach.2'] : [])} AS moment
${rows.from([...later, ...(cut ? ['e.timestamp <= reach.1'] : [])])}
ORDER BY e.timestamp, e.received_at, e.seq, e.event_id
LIMIT ${most}`,
    params: binder.params,
  }
}

/** Conditions on rows `e`. */
function laterThan(after: ExportPlan['after'], binder: Binder): string[] {
  if (after === null) return []
  const [timestamp, received_at] = [after.timestamp, after.received_at].map((ms) => instant(binder, ms))
  return [
    // Says nothing that the other does not, but the primary key can skip by it what earlier pages brought.
    `e.timestamp >= ${timestamp}`,
    `(e.timestamp, e.received_at, e.seq, e.event_id) > (${timestamp}, ${received_at}, ${binder.bind('UInt32', after.seq)}, ${binder.bind('String', after.event_id)})`,
  ]
}
