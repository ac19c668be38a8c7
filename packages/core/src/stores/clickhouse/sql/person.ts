import { TIMESTAMP_RANGE } from '@millimetric/schema/limits'
import type { PersonIds, PersonPlan } from '../../../ports/query-plan.js'
import { MOMENT } from '../schema/events.js'
import { type Binder, createBinder, type Statement } from './binder.js'
import { identifies, links } from './identity.js'
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

type Sight = Pick<PersonPlan, 'visible'>

/** `anonymous_id`, `own` of those who identified as this user, as far as the asker sees. */
function identified(reading: Reading, sight: Sight, userId: string, binder: Binder): string {
  const user = binder.bind('String', userId)
  const seen = seenLinks(reading, sight, binder, `i.anonymous_id, ${user}`)
  return `SELECT i.anonymous_id AS anonymous_id, argMin(i.user_id, (i.timestamp, i.event_id)) = ${user} AS own
FROM ${identifies(reading, binder)}
  AND i.anonymous_id IN (SELECT i.anonymous_id FROM ${identifies(reading, binder)} AND i.user_id = ${user})
  ${seen.map((condition) => `AND ${condition}`).join(' ')}
GROUP BY anonymous_id`
}

/** Conditions on a visitor and a user: that the asker may see some `$identify` of both, at any time that is kept. */
function seenLinks(reading: Reading, { visible = [] }: Sight, binder: Binder, pair: string): string[] {
  if (visible.length === 0) return []
  const kept = { from: reading.kept_from, to: TIMESTAMP_RANGE.max }
  const rows = eventRows(reading, { ...kept, visible, filters: [], include_bots: true }, binder)
  const said = rows.from(["e.event_name = '$identify'", "e.user_id != ''", "e.anonymous_id != ''"])
  return [`(${pair}) IN (SELECT e.anonymous_id, e.user_id ${said})`]
}

/**
 * Condition on rows `e`: the events of this person. Of all other rows one number is read. `visitors`: a subquery of the hashes
 * of the user's visitors, where there is one already.
 */
export function ownRows(
  reading: Reading,
  sight: Sight,
  { user_id, anonymous_id }: PersonIds,
  binder: Binder,
  visitors?: string,
): string {
  if (user_id === '') {
    const visitor = binder.bind('String', anonymous_id)
    return `e.actor = sipHash64('a', ${visitor}) AND e.user_id = '' AND e.anonymous_id = ${visitor}`
  }
  const user = binder.bind('String', user_id)
  const own =
    visitors ??
    `SELECT sipHash64('a', v.anonymous_id) FROM (${identified(reading, sight, user_id, binder)}) AS v WHERE v.own`
  return `e.actor IN (${own} UNION ALL SELECT sipHash64('u', ${user})) AND e.user_id IN ('', ${user})`
}

/**
 * Columns `ids`: (anonymous id, 1 when it is linked to this user) of those that identified as this user, ascending; `events`,
 * `first_ms`, `last_ms`; `first`, `last` as (milliseconds, source, medium, campaign, channel) with `touches`; `traits`:
 * (key, JSON text) of the properties of `$identify` events, of each key what was said last.
 */
export function personStatement(reading: Reading, plan: PersonPlan, person: PersonIds): Statement {
  const binder = createBinder(plan.project_id)
  // Found before all else, and once. A server may name the parts of a tuple, unless its type is said.
  const pairs =
    person.user_id === ''
      ? '[]'
      : `(SELECT arraySort(groupArray((v.anonymous_id, v.own))) FROM (${identified(reading, plan, person.user_id, binder)}) AS v)`
  const visitors = "SELECT sipHash64('a', arrayJoin(arrayMap(id -> id.1, arrayFilter(id -> id.2, ids))))"
  const rows = eventRows(reading, { ...plan, filters: [], include_bots: true }, binder)
  const touch = `tuple(toUnixTimestamp64Milli(e.timestamp), ${TOUCH_COLUMNS.map((name) => `toString(e.${name})`).join(', ')})`
  return {
    query: `WITH CAST(${pairs}, 'Array(Tuple(String, UInt8))') AS ids
SELECT ids, sum(own) AS events, min(from_ms) AS first_ms, max(to_ms) AS last_ms, sum(landed) AS touches,
  minIf(earliest, landed > 0).2 AS first, maxIf(latest, landed > 0).2 AS last,
  arrayFilter((pair, n) -> n = 1,
    arrayFlatten(arrayMap(s -> JSONExtractKeysAndValuesRaw(s.2), arrayReverseSort(groupArrayIf((at, said), said != '')))) AS pairs,
    arrayEnumerateUniq(arrayMap(pair -> pair.1, pairs))) AS traits
FROM (
  SELECT if(e.event_name = '$identify', e.properties, '') AS said, max(${MOMENT}) AS at, count() AS own, countIf(e.url != '') AS landed,
    toUnixTimestamp64Milli(min(e.timestamp)) AS from_ms, toUnixTimestamp64Milli(max(e.timestamp)) AS to_ms,
    minIf((${MOMENT}, ${touch}), e.url != '') AS earliest, maxIf((${MOMENT}, ${touch}), e.url != '') AS latest
  ${rows.from([ownRows(reading, plan, person, binder, visitors)])}
  GROUP BY said
)`,
    params: binder.params,
  }
}

const TOUCH_COLUMNS = ['source', 'medium', 'campaign', 'channel'] as const
