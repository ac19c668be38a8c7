import { ATTRIBUTION_DIMENSIONS } from '@millimetric/schema/wire'
import {
  type AttributionPlan,
  CREDIT_PARTS,
  NO_TOUCH,
  TOUCH_PAUSE_MS,
} from '../../../ports/attribution-plan.js'
import type { Condition } from '../../../ports/conditions.js'
import { type Binder, createBinder, type Statement } from './binder.js'
import { propertyKey } from './conditions.js'
import { ofPeople } from './identity.js'
import type { Reading } from './reading.js'
import { eventRows } from './rows.js'
import { groupKeys } from './stats-part.js'

/**
 * Columns `whole` (1 = over all groups), `group_0…`, `credit`, `people`, `value`: the row over all groups first, then
 * one group more than the limit.
 *
 * Everything about one person is in arrays of entries, which sort into the order of time; each step goes over them once.
 * No step looks into an array by index from inside a lambda: that copies the array for each of its elements.
 */
export function attributionStatement(reading: Reading, plan: AttributionPlan): Statement {
  const binder = createBinder(plan.project_id)
  const parts = binder.bind('Int64', CREDIT_PARTS)
  const keys = groupKeys(plan.group_by)
  const groups = keys.map((name, index) => `share.1.${index + 1} AS ${name}`)
  const value = plan.model === 'linear' ? `sum(share.3) / ${parts}` : 'sum(share.3)'
  const { from, shares } = sharesOf(reading, plan, binder, parts)
  return {
    query: `SELECT ${groups.join(', ')}, grouping(group_0) AS whole, sum(share.2) AS credited, intDiv(credited, ${parts}) + (credited % ${parts}) / ${parts} AS credit,
  uniqExact(person) AS people, ${value} AS value
FROM (${from}) ARRAY JOIN ${shares} AS share
GROUP BY GROUPING SETS ((${keys.join(', ')}), ())
ORDER BY whole DESC, credited DESC, ${keys.join(', ')}
LIMIT ${binder.bind('UInt32', plan.limit + 2)}`,
    params: binder.params,
  }
}

/**
 * An entry begins with what it is sorted by: milliseconds, whether it is an event (the opening of a window comes before
 * the events of its millisecond), the rest of the moment, and what it is.
 */
const [MS, RECEIVED, SEQ, ID, WHAT] = [1, 3, 4, 5, 6]
const [OPENS, TOUCH, CONVERTS] = ['0', '1', '2']
/** Beside: medium `direct`; a hash of the six columns; the group; the value of the conversion. */
const [DIRECT, VERDICT, GROUP, WORTH] = [7, 8, 9, 10]

/** A list of steps, each a query over the one before: expressions that stand once are planned once. */
function chained(first: string, ...steps: readonly string[]): string {
  return steps.reduce((inner, columns) => `SELECT person, ${columns} FROM (${inner})`, first)
}

/** Rows of `person`, and as a list of each: what its conversions give to touches, as (group, parts, worth). */
interface Shares {
  readonly from: string
  readonly shares: string
}

function sharesOf(reading: Reading, plan: AttributionPlan, binder: Binder, parts: string): Shares {
  const pause = binder.bind('Int64', TOUCH_PAUSE_MS)
  const lookback = binder.bind('Int64', plan.lookback_ms)
  const arrived = `arrayFilter((e, before) -> e.${MS} - before.1 > ${pause} OR e.${VERDICT} != before.2, elsewhere,
      arrayShiftRight(arrayMap(e -> (e.${MS}, e.${VERDICT}), elsewhere), 1, (${NEVER}, toUInt64(0))))`
  const returned = `arrayFilter((e, before) -> e.${DIRECT} AND e.${MS} - before > ${pause}, seen,
      arrayShiftRight(arrayMap(e -> e.${MS}, seen), 1, ${NEVER}))`
  const opening = `arrayMap(e -> (e.${MS} - ${lookback}, 0, e.${RECEIVED}, e.${SEQ}, e.${ID}, ${OPENS}, e.${DIRECT}, e.${VERDICT}, e.${GROUP}, e.${WORTH}), done)`
  const needsOpening = plan.model === 'first' || plan.model === 'linear'
  const people = `SELECT person, arraySort(groupArrayIf(entry, entry.${WHAT} = ${TOUCH})) AS seen, groupArrayIf(entry, entry.${WHAT} = ${CONVERTS}) AS done
  FROM (${entries(reading, plan, binder)}) GROUP BY person`
  const line = chained(
    people,
    `done, seen, arrayFilter(e -> NOT e.${DIRECT}, seen) AS elsewhere`,
    `done, arrayConcat(${arrived}, ${returned}) AS touches`,
    `touches, arraySort(arrayConcat(touches, done${needsOpening ? `, ${opening}` : ''})) AS line`,
  )
  return plan.model === 'linear' ? linear(line, parts) : oneTouch(line, plan, binder, parts)
}

/** Before every moment there is; far from the edge of the type. */
const NEVER = '-toInt64(1e15)'

/** Columns `person`, `entry`: events with a url of the people who converted, and the conversions. */
function entries(reading: Reading, plan: AttributionPlan, binder: Binder): string {
  const { include_bots, visible = [] } = plan
  const since = plan.from - plan.lookback_ms - TOUCH_PAUSE_MS
  const named: Condition = { op: 'is', field: 'event_name', values: [plan.conversion.event] }
  const converted = eventRows(
    reading,
    { ...plan, filters: [named, ...plan.conversion.where, ...plan.filters] },
    binder,
  )
  const seen = eventRows(
    reading,
    { from: Math.max(since, plan.kept_from ?? 0, 0), to: plan.to, include_bots, visible, filters: [] },
    binder,
  )
  const key = plan.value === null ? undefined : propertyKey(plan.value)
  const worth = key === undefined ? 'toFloat64(0)' : `ifNull(${converted.number(key)}, toFloat64(0))`
  const verdict = `sipHash64(${ATTRIBUTION_DIMENSIONS.map((name) => `e.${name}`).join(', ')})`
  const group = plan.group_by.map((name) => `toString(${seen.text(name)})`)
  const nobody = plan.group_by.map((name) => binder.bind('String', NO_TOUCH[name]))
  const doers = `SELECT DISTINCT ${converted.person()} AS person ${converted.from()}`
  return `SELECT ${seen.person()} AS person, ${entry(TOUCH, "e.medium = 'direct'", verdict, group, 'toFloat64(0)')} AS entry
  ${seen.from(["e.url != ''", ofPeople(reading, doers, binder)])}
  UNION ALL
  SELECT ${converted.person()} AS person, ${entry(CONVERTS, 'toUInt8(1)', 'toUInt64(0)', nobody, worth)} AS entry
  ${converted.from()}`
}

function entry(
  what: string,
  direct: string,
  verdict: string,
  group: readonly string[],
  worth: string,
): string {
  const moment =
    'toUnixTimestamp64Milli(e.timestamp), 1, toUnixTimestamp64Milli(e.received_at), e.seq, e.event_id'
  return `tuple(${moment}, ${what}, ${direct}, ${verdict}, tuple(${group.join(', ')}), ${worth})`
}

/** Those of a list beside the line that stand at its entries of one sort. */
function at(what: string, list: string): string {
  return `arrayFilter((x, e) -> e.${WHAT} = ${what}, ${list}, line)`
}

const CONVERSIONS = `arrayFilter(e -> e.${WHAT} = ${CONVERTS}, line) AS conversions`
/** For each conversion the last touch (of a sort) before it, or what else there is: so it is looked at again. */
const LAST = `${at(CONVERTS, `arrayFill(e -> e.${WHAT} = ${TOUCH}, line)`)} AS last`
const LAST_NON_DIRECT = `${at(CONVERTS, `arrayFill(e -> e.${WHAT} = ${TOUCH} AND NOT e.${DIRECT}, line)`)} AS last_non_direct`
/** What comes first after the opening of each window; openings and conversions are in the same order. */
const FIRST = `${at(OPENS, `arrayReverseFill(e -> e.${WHAT} = ${TOUCH}, line)`)} AS first`

/** Each conversion goes to one touch as a whole. */
function oneTouch(line: string, plan: AttributionPlan, binder: Binder, parts: string): Shares {
  const since = `c.${MS} - ${binder.bind('Int64', plan.lookback_ms)}`
  const inWindow = (t: string): string => `${t}.${WHAT} = ${TOUCH} AND ${t}.${MS} >= ${since}`
  const share = (group: string): string => `(${group}, ${parts}, c.${WORTH})`
  const credited = {
    last: {
      lists: [LAST],
      shares: `arrayMap((c, t) -> ${share(`if(${inWindow('t')}, t.${GROUP}, c.${GROUP})`)}, conversions, last)`,
    },
    last_non_direct: {
      lists: [LAST, LAST_NON_DIRECT],
      shares: `arrayMap((c, n, t) -> ${share(`multiIf(NOT n.${DIRECT} AND ${inWindow('n')}, n.${GROUP}, ${inWindow('t')}, t.${GROUP}, c.${GROUP})`)}, conversions, last_non_direct, last)`,
    },
    first: {
      lists: [FIRST],
      shares: `arrayMap((c, t) -> ${share(`if(t.${WHAT} = ${TOUCH} AND ${moment('t')} <= ${moment('c')}, t.${GROUP}, c.${GROUP})`)}, conversions, first)`,
    },
  }
  const { model } = plan
  if (model === 'linear') throw new TypeError('linear credits many touches')
  const { lists, shares } = credited[model]
  return { from: chained(line, [CONVERSIONS, ...lists].join(', ')), shares }
}

function moment(of: string): string {
  return `(${of}.${MS}, ${of}.${RECEIVED}, ${of}.${SEQ}, ${of}.${ID})`
}

/**
 * Worth is times parts here. A conversion's part is put on the line where its window opens, and
 * taken off behind it: what has gathered at a touch is what the touch earned, of however many conversions.
 */
function linear(line: string, parts: string): Shares {
  // Per conversion: its entry, the last touch before it, touches in its window, the part of each.
  const handed = `arrayMap((c, t, n) -> (c, t, n, if(n = 0, toInt64(0), intDiv(${parts}, n))), conversions, last, arrayMap((before, upto) -> upto - before, opened, closed)) AS handed`
  const place = (e: string): string =>
    [MS, 2, RECEIVED, SEQ, ID, WHAT].map((part) => `${e}.${part}`).join(', ')
  const put = `arrayMap((e, h) -> (${place('e')}, h.4, h.1.${WORTH} * h.4, e.${GROUP}), openings, handed)`
  const taken = `arrayMap(h -> (${place('h.1')}, -h.4, -h.1.${WORTH} * h.4, h.1.${GROUP}), handed)`
  const earning = `arrayMap(t -> (${place('t')}, toInt64(0), toFloat64(0), t.${GROUP}), touches)`
  const earned = `arrayMap((d, gathered, worth) -> (d.9, if(d.6 = ${TOUCH}, gathered, toInt64(0)), worth), steps, arrayCumSum(d -> d.7, steps), arrayCumSum(d -> d.8, steps))`
  const rests = `arrayMap((h, g, rest) -> (g, rest, h.1.${WORTH} * rest), handed,
    arrayMap(h -> if(h.3 = 0, h.1.${GROUP}, h.2.${GROUP}), handed), arrayMap(h -> ${parts} - h.3 * h.4, handed))`
  const from = chained(
    line,
    `touches, line, arrayCumSum(e -> toInt64(e.${WHAT} = ${TOUCH}), line) AS counted`,
    `touches, ${CONVERSIONS}, ${LAST}, arrayFilter(e -> e.${WHAT} = ${OPENS}, line) AS openings, ${at(OPENS, 'counted')} AS opened, ${at(CONVERTS, 'counted')} AS closed`,
    `touches, openings, ${handed}`,
    `handed, arraySort(arrayConcat(${put}, ${taken}, ${earning})) AS steps`,
  )
  return { from, shares: `arrayFilter(share -> share.2 > 0, arrayConcat(${earned}, ${rests}))` }
}
