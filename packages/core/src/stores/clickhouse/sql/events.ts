import type { EventsPlan, SourcesPlan } from '../../../ports/query-plan.js'
import { identifier } from '../client.js'
import { type Binder, createBinder, instant, type Statement } from './binder.js'
import { EVENT_VISITOR } from './identity.js'
import type { Reading } from './reading.js'
import { eventRows } from './rows.js'

/** A moment as ISO 8601 in UTC with milliseconds. */
export function isoText(column: string): string {
  return `formatDateTime(${column}, '%Y-%m-%dT%H:%i:%S.') || leftPad(toString(toUnixTimestamp64Milli(${column}) % 1000), 3, '0') || 'Z'`
}

/** An event as the wire shows it. Columns are named with their table: beside two joined ones a name alone is ambiguous. */
export const EVENT_ROW: string = `
  ${isoText('e.timestamp')} AS timestamp,
  e.event_id AS event_id, e.event_name AS event_name,
  nullIf(e.anonymous_id, '') AS anonymous_id, nullIf(e.user_id, '') AS user_id, nullIf(e.session_id, '') AS session_id,
  e.source AS source, e.medium AS medium, nullIf(e.campaign, '') AS campaign, e.channel AS channel,
  e.source_confidence AS source_confidence, e.source_rule_id AS source_rule_id,
  nullIf(e.referrer, '') AS referrer, nullIf(e.url, '') AS url, nullIf(e.path, '') AS path,
  e.country AS country, e.device_type AS device_type, e.browser AS browser, e.os AS os, e.is_bot AS is_bot,
  e.properties AS properties`

/** Place of a row without its id, as `Placed` has it, with what else a page says. */
export function eventMoment(more: readonly string[] = []): string {
  return `(${['toUnixTimestamp64Milli(e.timestamp)', 'toUnixTimestamp64Milli(e.received_at)', 'e.seq', ...more].join(', ')})`
}

/** Conditions on rows `e`. */
export function olderThan(after: EventsPlan['after'], binder: Binder): string[] {
  if (after === null || after === undefined) return []
  const [timestamp, received_at] = [after.timestamp, after.received_at].map((ms) => instant(binder, ms))
  return [
    // Said twice: the comparison of tuples is exact, that of the time alone tells which parts need not be read.
    `e.timestamp <= ${timestamp}`,
    `(e.timestamp, e.received_at, e.seq, e.event_id) < (${timestamp}, ${received_at}, ${binder.bind('UInt32', after.seq)}, ${binder.bind('String', after.event_id)})`,
  ]
}

/** Rows as the wire shows them with `moment` for the place of each, newest first; one more than the limit. */
export function eventsStatement(reading: Reading, plan: EventsPlan): Statement {
  const binder = createBinder(plan.project_id)
  const rows = eventRows(reading, plan, binder)
  return {
    query: `SELECT ${EVENT_ROW},
  ${eventMoment()} AS moment
${rows.from(olderThan(plan.after, binder))}
ORDER BY e.timestamp DESC, e.received_at DESC, e.seq DESC, e.event_id DESC
LIMIT ${binder.bind('UInt32', plan.limit + 1)}`,
    params: binder.params,
  }
}

/** Columns `group_source`, `group_medium`, `events`, `uniques`, `paid_events`; one row more than the limit. */
export function sourcesStatement(reading: Reading, plan: SourcesPlan): Statement {
  const binder = createBinder(plan.project_id)
  const rows = eventRows(reading, plan, binder)
  const medium = plan.breakdown === 'source_medium' ? 'e.medium' : "''"
  return {
    query: `SELECT e.source AS group_source, ${medium} AS group_medium, count() AS events,
  uniqExact(${EVENT_VISITOR}) AS uniques, countIf(e.medium = 'paid') AS paid_events
${rows.from()}
GROUP BY group_source, group_medium
ORDER BY events DESC, group_source, group_medium
LIMIT ${binder.bind('UInt32', plan.limit + 1)}`,
    params: binder.params,
  }
}

/** Columns `id_hash` (decimal text) and `body_hash` of those ids of a project that are stored. */
export function knownStatement(database: string, projectId: string, eventIds: readonly string[]): Statement {
  return {
    query: `SELECT toString(i.id_hash) AS id_hash, argMin(i.body_hash, (i.received_at, i.timestamp, i.batch)) AS body_hash
FROM ${identifier(database)}.event_ids AS i
WHERE i.project_id = {project_id:UUID} AND i.id_hash IN (SELECT sipHash64(arrayJoin({event_ids:Array(String)})))
GROUP BY i.id_hash`,
    params: { project_id: projectId, event_ids: eventIds },
  }
}

/** Columns `event_id` and `id_hash`: names for the hashes that a lookup found, which is rare. */
export function namesStatement(eventIds: readonly string[], hashes: readonly string[]): Statement {
  return {
    query: `SELECT event_id, toString(sipHash64(event_id)) AS id_hash FROM (SELECT arrayJoin({event_ids:Array(String)}) AS event_id)
WHERE id_hash IN {hashes:Array(String)}`,
    params: { event_ids: eventIds, hashes },
  }
}
