import type { PersonPlan } from '../../../ports/query-plan.js'
import { MOMENT } from '../schema/events.js'
import { createBinder, type Statement } from './binder.js'
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
    query: `SELECT a.anonymous_id AS anonymous_id, l.linked = ${user} AS own
FROM (SELECT DISTINCT i.anonymous_id AS anonymous_id FROM ${identifies(reading, binder)} AND i.user_id = ${user}) AS a
INNER JOIN ${links(reading, binder)} AS l ON l.anonymous_id = a.anonymous_id
ORDER BY anonymous_id`,
    params: binder.params,
  }
}

/** Columns `events`, and `first`, `last` as (milliseconds, source, medium, campaign, channel) with `touches`. */
export function touchesStatement(
  reading: Reading,
  plan: PersonPlan,
  userId: string,
  anonymousIds: readonly string[],
): Statement {
  const binder = createBinder(plan.project_id)
  const rows = eventRows(reading, { ...plan, filters: [], include_bots: true }, binder)
  const visitor = `e.user_id = '' AND e.anonymous_id IN ${binder.bind('Array(String)', anonymousIds)}`
  const own = userId === '' ? visitor : `(e.user_id = ${binder.bind('String', userId)} OR ${visitor})`
  const touch = 'tuple(toUnixTimestamp64Milli(timestamp), source, medium, campaign, channel)'
  return {
    query: `SELECT count() AS events, countIf(url != '') AS touches,
  argMinIf(${touch}, ${MOMENT}, url != '') AS first, argMaxIf(${touch}, ${MOMENT}, url != '') AS last
${rows.from([own])}`,
    params: binder.params,
  }
}
