import type { ExportPlan } from '../../../ports/export-plan.js'
import { createBinder, instant, type Statement } from './binder.js'
import { EVENT_ROW, isoText } from './events.js'
import type { Reading } from './reading.js'
import { eventRows } from './rows.js'

const EXPORT_ROW = `${EVENT_ROW},
  ${isoText('e.received_at')} AS received_at,
  if(isNull(e.client_timestamp), NULL, ${isoText('ifNull(e.client_timestamp, e.timestamp)')}) AS client_timestamp,
  e.seq AS seq, nullIf(e.hostname, '') AS hostname, nullIf(e.referrer_host, '') AS referrer_host,
  nullIf(e.term, '') AS term, nullIf(e.content, '') AS content,
  nullIf(e.sdk_name, '') AS sdk_name, nullIf(e.sdk_version, '') AS sdk_version`

/**
 * Rows of an export, oldest first, with `moment` for the place of each; one more than the limit. The bound on the time
 * alone says nothing that the other does not, but the primary key can skip by it what earlier pages brought.
 */
export function exportStatement(reading: Reading, plan: ExportPlan): Statement {
  const binder = createBinder(plan.project_id)
  const rows = eventRows(reading, plan, binder)
  const { after } = plan
  const later =
    after === null
      ? []
      : [
          `e.timestamp >= ${instant(binder, after.timestamp)}`,
          `(e.timestamp, e.received_at, e.seq, e.event_id) > (${instant(binder, after.timestamp)}, ${instant(binder, after.received_at)}, ${binder.bind('UInt32', after.seq)}, ${binder.bind('String', after.event_id)})`,
        ]
  return {
    query: `SELECT ${EXPORT_ROW},
  (toUnixTimestamp64Milli(e.timestamp), toUnixTimestamp64Milli(e.received_at), e.seq) AS moment
${rows.from(later)}
ORDER BY e.timestamp, e.received_at, e.seq, e.event_id
LIMIT ${binder.bind('UInt32', plan.limit + 1)}`,
    params: binder.params,
  }
}
