import { TIMESTAMP_RANGE } from '@millimetric/schema/limits'
import type { PersonIds, PersonPlan } from '../../../ports/query-plan.js'
import { MOMENT } from '../schema/events.js'
import { type Binder, createBinder, type Statement } from './binder.js'
import { identifies, links } from './identity.js'
import type { Reading } from './reading.js'
import { eventRows } from './rows.js'

/** Column `linked`: the user that the plan's anonymous id belongs to; no row when it is nobody's. */
export function linkedUserStatement(reading: Reading, plan: PersonPlan): Statement {
  const binder = createBinder(plan.project_id)
  return {
    query: `SELECT linked FROM ${links(reading, binder)} WHERE anonymous_id = ${binder.bind('String', plan.anonymous_id)}`,
    params: binder.params,
  }
}

/** Columns `anonymous_id`, `own`: ids that identified as this user; `own` tells those linked to it. */
export function identifiedStatement(reading: Reading, projectId: string, userId: string): Statement {
  const binder = createBinder(projectId)
  const user = binder.bind('String', userId)
  return {
    query: `SELECT i.anonymous_id AS anonymous_id, argMin(i.user_id, (i.timestamp, i.event_id)) = ${user} AS own
FROM ${identifies(reading, binder)}
  AND i.anonymous_id IN (SELECT i.anonymous_id FROM ${identifies(reading, binder)} AND i.user_id = ${user})
GROUP BY anonymous_id
ORDER BY anonymous_id`,
    params: binder.params,
  }
}

/** Condition on rows `e`: the events of these ids. */
export function ownRows({ user_id, anonymous_ids }: PersonIds, binder: Binder): string {
  const visitor = `e.user_id = '' AND e.anonymous_id IN ${binder.bind('Array(String)', anonymous_ids)}`
  return user_id === '' ? visitor : `(e.user_id = ${binder.bind('String', user_id)} OR ${visitor})`
}

/**
 * Columns `events`, `first_ms`, `last_ms`; `first`, `last` as (milliseconds, source, medium, campaign, channel) with `touches`;
 * `identified`: the properties of `$identify` events, different ones once each, by when they were last said.
 */
export function personStatement(reading: Reading, plan: PersonPlan, person: PersonIds): Statement {
  const binder = createBinder(plan.project_id)
  const rows = eventRows(reading, { ...plan, filters: [], include_bots: true }, binder)
  const touch = `tuple(toUnixTimestamp64Milli(e.timestamp), ${TOUCH_COLUMNS.map((name) => `toString(e.${name})`).join(', ')})`
  return {
    query: `SELECT sum(own) AS events, min(from_ms) AS first_ms, max(to_ms) AS last_ms, sum(landed) AS touches,
  minIf(earliest, landed > 0).2 AS first, maxIf(latest, landed > 0).2 AS last,
  arrayMap(s -> s.2, arraySort(groupArrayIf((at, said), said != ''))) AS identified
FROM (
  SELECT if(e.event_name = '$identify', e.properties, '') AS said, max(${MOMENT}) AS at, count() AS own, countIf(e.url != '') AS landed,
    toUnixTimestamp64Milli(min(e.timestamp)) AS from_ms, toUnixTimestamp64Milli(max(e.timestamp)) AS to_ms,
    minIf((${MOMENT}, ${touch}), e.url != '') AS earliest, maxIf((${MOMENT}, ${touch}), e.url != '') AS latest
  ${rows.from([ownRows(person, binder)])}
  GROUP BY said
)`,
    params: binder.params,
  }
}

const TOUCH_COLUMNS = ['source', 'medium', 'campaign', 'channel'] as const

/** Column `id`: anonymous ids of which the asker may see that they identified as the user, at any time that is kept. */
export function toldIdsStatement(reading: Reading, plan: PersonPlan, userId: string): Statement {
  const binder = createBinder(plan.project_id)
  const { visible = [] } = plan
  const kept = { from: reading.kept_from, to: TIMESTAMP_RANGE.max }
  const rows = eventRows(reading, { ...kept, visible, filters: [], include_bots: true }, binder)
  return {
    query: `SELECT DISTINCT e.anonymous_id AS id
${rows.from(["e.event_name = '$identify'", `e.user_id = ${binder.bind('String', userId)}`, "e.anonymous_id != ''"])}
ORDER BY id`,
    params: binder.params,
  }
}
