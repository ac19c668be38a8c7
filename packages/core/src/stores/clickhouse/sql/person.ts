import { TIMESTAMP_RANGE } from '@millimetric/schema/limits'
import type { PersonPlan } from '../../../ports/query-plan.js'
import { MOMENT } from '../schema/events.js'
import { type Binder, createBinder, type Statement } from './binder.js'
import { EVENT_ROW, eventMoment, olderThan } from './events.js'
import { EVENT_ACTOR, identifies, links } from './identity.js'
import type { Reading } from './reading.js'
import { eventRows } from './rows.js'

/** Column `linked`: the user that the plan's anonymous id belongs to; no row when it is nobody's, or the asker sees no link. */
export function linkedUserStatement(reading: Reading, plan: PersonPlan): Statement {
  const binder = createBinder(plan.project_id)
  const seen = seenLinks(reading, plan, binder, 'l.anonymous_id, l.linked')
  const visitor = `l.anonymous_id = ${binder.bind('String', plan.anonymous_id)}`
  return {
    query: `SELECT l.linked AS linked FROM ${links(reading, binder)} AS l WHERE ${[visitor, ...seen].join(' AND ')}`,
    params: binder.params,
  }
}

/**
 * One row of the anonymous ids that identified as this user: `linked` to it, and `others`, of which the asker sees to whom they
 * are linked; both ascending.
 */
export function devicesStatement(reading: Reading, plan: PersonPlan, userId: string): Statement {
  const binder = createBinder(plan.project_id)
  const others = ['NOT v.own', ...seenLinks(reading, plan, binder, 'v.anonymous_id, v.whose')].join(' AND ')
  return {
    query: `SELECT arraySort(groupArrayIf(v.anonymous_id, v.own)) AS linked, arraySort(groupArrayIf(v.anonymous_id, ${others})) AS others
FROM (${devices(reading, plan, userId, binder)}) AS v`,
    params: binder.params,
  }
}

/** Columns `anonymous_id`, `whose` it is, and `own`: 1 when it is this user's. */
function devices(reading: Reading, plan: PersonPlan, userId: string, binder: Binder): string {
  const user = binder.bind('String', userId)
  const seen = seenLinks(reading, plan, binder, `i.anonymous_id, ${user}`)
  return `SELECT i.anonymous_id AS anonymous_id, argMin(i.user_id, (i.timestamp, i.event_id)) AS whose, whose = ${user} AS own
FROM ${identifies(reading, binder)}
  AND i.anonymous_id IN (SELECT i.anonymous_id FROM ${identifies(reading, binder)} AND i.user_id = ${user})
  ${seen.map((condition) => `AND ${condition}`).join(' ')}
GROUP BY anonymous_id`
}

/** Conditions on a visitor and a user: that the asker may see some `$identify` of both, at any time that is kept. */
function seenLinks(
  reading: Reading,
  { visible = [] }: Pick<PersonPlan, 'visible'>,
  binder: Binder,
  pair: string,
): string[] {
  if (visible.length === 0) return []
  const kept = { from: reading.kept_from, to: TIMESTAMP_RANGE.max }
  const rows = eventRows(reading, { ...kept, visible, filters: [], include_bots: true }, binder)
  const said = rows.from(["e.event_name = '$identify'", "e.user_id != ''", "e.anonymous_id != ''"])
  return [`(${pair}) IN (SELECT e.anonymous_id, e.user_id ${said})`]
}

/** Who somebody is: a user with the visitors that are linked to it, or a visitor who is nobody. */
export interface Person {
  /** Empty for a visitor. */
  readonly user_id: string
  readonly anonymous_ids: readonly string[]
}

/** Visitors that a statement brings along; more are found by itself, again. */
const MOST_DEVICES = 100
/** UTF-16 code units of them: the text of a statement is bounded, and so are its values. */
const LONGEST_DEVICES = 16_384

/** `FROM … WHERE …` of the person's events `e`. Of all other rows two numbers are read. */
function ownRows(
  reading: Reading,
  plan: PersonPlan,
  { user_id, anonymous_ids }: Person,
  more: readonly string[],
  binder: Binder,
): string {
  const rows = eventRows(reading, { ...plan, filters: [], include_bots: true }, binder)
  if (user_id === '') {
    const visitor = binder.bind('String', anonymous_ids[0] ?? '')
    return rows.from([
      ...more,
      `${EVENT_ACTOR} = sipHash64('a', ${visitor})`,
      `e.user_id = '' AND e.anonymous_id = ${visitor}`,
    ])
  }
  const user = `sipHash64('u', ${binder.bind('String', user_id)})`
  const few =
    anonymous_ids.length <= MOST_DEVICES &&
    anonymous_ids.reduce((sum, { length }) => sum + length, 0) <= LONGEST_DEVICES
  const actors = few
    ? [user, ...anonymous_ids.map((id) => `sipHash64('a', ${binder.bind('String', id)})`)].join(', ')
    : `SELECT sipHash64('a', v.anonymous_id) FROM (${devices(reading, plan, user_id, binder)}) AS v WHERE v.own UNION ALL SELECT ${user}`
  return rows.from([
    ...more,
    `${EVENT_ACTOR} IN (${actors})`,
    `e.user_id IN ('', ${binder.bind('String', user_id)})`,
  ])
}

/**
 * Rows as the wire shows them with `moment` for the place of each, newest first; one more than the limit. A page of
 * everything is read in the order of the table, so that the engine stops early. One person's events are so few that it would go
 * through all columns of the range for them: ordered by an expression it finds them first.
 */
export function timelineStatement(reading: Reading, plan: PersonPlan, person: Person): Statement {
  const binder = createBinder(plan.project_id)
  return {
    query: `SELECT ${EVENT_ROW},
  ${eventMoment()} AS moment
${ownRows(reading, plan, person, olderThan(plan.after, binder), binder)}
ORDER BY moment DESC, e.event_id DESC
LIMIT ${binder.bind('UInt32', plan.limit + 1)}`,
    params: binder.params,
  }
}

/**
 * Columns `events`, `first_ms`, `last_ms`; `first`, `last` as (milliseconds, source, medium, campaign, channel) with
 * `touches`; `traits`: (key, JSON text) of the properties of `$identify` events, of each key what was said last.
 */
export function personStatement(reading: Reading, plan: PersonPlan, person: Person): Statement {
  const binder = createBinder(plan.project_id)
  const touch = `tuple(toUnixTimestamp64Milli(e.timestamp), ${TOUCH_COLUMNS.map((name) => `toString(e.${name})`).join(', ')})`
  return {
    query: `SELECT sum(own) AS events, min(from_ms) AS first_ms, max(to_ms) AS last_ms, sum(landed) AS touches,
  minIf(earliest, landed > 0).2 AS first, maxIf(latest, landed > 0).2 AS last,
  arrayFilter((pair, n) -> n = 1,
    arrayFlatten(arrayMap(s -> JSONExtractKeysAndValuesRaw(s.2), arrayReverseSort(groupArrayIf((at, said), said != '')))) AS pairs,
    arrayEnumerateUniq(arrayMap(pair -> pair.1, pairs))) AS traits
FROM (
  SELECT if(e.event_name = '$identify', e.properties, '') AS said, max(${MOMENT}) AS at, count() AS own, countIf(e.url != '') AS landed,
    toUnixTimestamp64Milli(min(e.timestamp)) AS from_ms, toUnixTimestamp64Milli(max(e.timestamp)) AS to_ms,
    minIf((${MOMENT}, ${touch}), e.url != '') AS earliest, maxIf((${MOMENT}, ${touch}), e.url != '') AS latest
  ${ownRows(reading, plan, person, [], binder)}
  GROUP BY said
)`,
    params: binder.params,
  }
}

const TOUCH_COLUMNS = ['source', 'medium', 'campaign', 'channel'] as const
