import type { PersonPlan } from '../../../ports/event-store.js'
import { identifier } from '../client.js'
import { MOMENT } from '../schema/events.js'
import { KEPT, links } from './identity.js'
import { eventRows, firstOfItsId, type Reading, type Statement } from './statement.js'

/** Column `linked`: the user that the plan's anonymous id belongs to; no row when it is nobody's. */
export function linkedUserStatement(reading: Reading, plan: PersonPlan): Statement {
  return {
    query: `SELECT linked FROM ${links(reading)} WHERE anonymous_id = {anonymous_id:String}`,
    params: { project_id: plan.project_id, anonymous_id: plan.anonymous_id, kept_from: reading.kept_from },
  }
}

/** Columns `anonymous_id`, `own`: ids that identified as this user; `own` tells those linked to it. */
export function identifiedStatement(reading: Reading, projectId: string, userId: string): Statement {
  const db = identifier(reading.database)
  const conditions = [
    'i.project_id = {project_id:UUID}',
    KEPT,
    "i.event_name = '$identify'",
    "i.anonymous_id != ''",
    'i.user_id = {user_id:String}',
    ...firstOfItsId(reading, 'i'),
  ]
  const rows = reading.distinct
    ? `${db}.events AS i WHERE ${conditions.join(' AND ')}`
    : `${db}.identity_links AS i WHERE i.project_id = {project_id:UUID} AND ${KEPT} AND i.user_id = {user_id:String}`
  return {
    query: `SELECT a.anonymous_id AS anonymous_id, l.linked = {user_id:String} AS own
FROM (SELECT DISTINCT i.anonymous_id AS anonymous_id FROM ${rows}) AS a
INNER JOIN ${links(reading)} AS l ON l.anonymous_id = a.anonymous_id
ORDER BY anonymous_id`,
    params: { project_id: projectId, user_id: userId, kept_from: reading.kept_from },
  }
}

/** Columns `events`, and `first`, `last` as (milliseconds, source, medium, campaign, channel) with `touches`. */
export function touchesStatement(
  reading: Reading,
  plan: PersonPlan,
  userId: string,
  anonymousIds: readonly string[],
): Statement {
  const { query, params } = eventRows(reading, { ...plan, filters: [], include_bots: true })
  const own =
    userId === ''
      ? "e.user_id = '' AND e.anonymous_id IN {anonymous_ids:Array(String)}"
      : "(e.user_id = {user_id:String} OR e.user_id = '' AND e.anonymous_id IN {anonymous_ids:Array(String)})"
  const touch = 'tuple(toUnixTimestamp64Milli(timestamp), source, medium, campaign, channel)'
  return {
    query: `SELECT count() AS events, countIf(url != '') AS touches,
  argMinIf(${touch}, ${MOMENT}, url != '') AS first, argMaxIf(${touch}, ${MOMENT}, url != '') AS last
${query} AND ${own}`,
    params: { ...params, user_id: userId, anonymous_ids: anonymousIds },
  }
}
