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
  const shares = [...keys, 'parts', 'worth'].map((name, index) => `share.${index + 1} AS ${name}`)
  const value = plan.model === 'linear' ? `sum(worth) / ${parts}` : 'sum(worth)'
  return {
    query: `SELECT whole, ${keys.join(', ')}, intDiv(credited, ${parts}) + (credited % ${parts}) / ${parts} AS credit, people, value FROM (
  SELECT ${keys.join(', ')}, grouping(group_0) AS whole, sum(parts) AS credited, uniqExact(person) AS people, ${value} AS value
  FROM (SELECT person, ${shares.join(', ')} FROM (${sharesOf(reading, plan, binder, parts)}) ARRAY JOIN shares AS share)
  GROUP BY GROUPING SETS ((${keys.join(', ')}), ())
)
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

function sharesOf(reading: Reading, plan: AttributionPlan, binder: Binder, parts: string): string {
  const pause = binder.bind('Int64', TOUCH_PAUSE_MS)
  const lookback = binder.bind('Int64', plan.lookback_ms)
  const arrived = `arrayFilter((e, before) -> e.${MS} - before.1 > ${pause} OR e.${VERDICT} != before.2, elsewhere,
      arrayShiftRight(arrayMap(e -> (e.${MS}, e.${VERDICT}), elsewhere), 1, (${NEVER}, toUInt64(0))))`
  const returned = `arrayFilter((e, before) -> e.${DIRECT} AND e.${MS} - before > ${pause}, seen,
      arrayShiftRight(arrayMap(e -> e.${MS}, seen), 1, ${NEVER}))`
  const opening = `arrayMap(e -> (e.${MS} - ${lookback}, 0, e.${RECEIVED}, e.${SEQ}, e.${ID}, ${OPENS}, e.${DIRECT}, e.${VERDICT}, e.${GROUP}, e.${WORTH}), done)`
  const needsOpening = plan.model === 'first' || plan.model === 'linear'
  const touched = `SELECT person, arrayConcat(${arrived}, ${returned}) AS touches,
    arraySort(arrayConcat(touches, done${needsOpening ? `, ${opening}` : ''})) AS line
  FROM (SELECT person,
    arraySort(groupArrayIf(entry, entry.${WHAT} = ${TOUCH})) AS seen,
    arrayFilter(e -> NOT e.${DIRECT}, seen) AS elsewhere,
    groupArrayIf(entry, entry.${WHAT} = ${CONVERTS}) AS done
  FROM (${entries(reading, plan, binder)}) GROUP BY person)`
  return plan.model === 'linear' ? linear(touched, plan, parts) : oneTouch(touched, plan, binder, parts)
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
  const doers = `SELECT ${converted.person()} ${converted.from()}`
  return `SELECT ${seen.person()} AS person, ${entry(TOUCH, "e.medium = 'direct'", verdict, group, 'toFloat64(0)')} AS entry
  ${seen.from(["e.url != ''", `${seen.person()} IN (${doers})`])}
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

/** The conversions on the line, and for each the last touch (of a sort) that came before it, if any. */
const CONVERSIONS = `arrayFilter(e -> e.${WHAT} = ${CONVERTS}, line)`
const LAST = `arrayFilter((t, e) -> e.${WHAT} = ${CONVERTS}, arrayFill(e -> e.${WHAT} = ${TOUCH}, line), line)`
const LAST_NON_DIRECT = `arrayFilter((t, e) -> e.${WHAT} = ${CONVERTS}, arrayFill(e -> e.${WHAT} = ${TOUCH} AND NOT e.${DIRECT}, line), line)`
/** What comes first after the opening of each window; openings and conversions are in the same order. */
const FIRST = `arrayFilter((t, e) -> e.${WHAT} = ${OPENS}, arrayReverseFill(e -> e.${WHAT} = ${TOUCH}, line), line)`

/** Columns `person`, `shares`: (group…, parts, worth) of each conversion, which goes to one touch as a whole. */
function oneTouch(touched: string, plan: AttributionPlan, binder: Binder, parts: string): string {
  const since = `c.${MS} - ${binder.bind('Int64', plan.lookback_ms)}`
  const inWindow = (t: string): string => `${t}.${WHAT} = ${TOUCH} AND ${t}.${MS} >= ${since}`
  const share = (found: string): string =>
    `(${plan.group_by.map((_, index) => `(${found}).${index + 1}`).join(', ')}, ${parts}, c.${WORTH})`
  const shares = {
    last: `arrayMap((c, t) -> ${share(`if(${inWindow('t')}, t.${GROUP}, c.${GROUP})`)}, ${CONVERSIONS}, ${LAST})`,
    last_non_direct: `arrayMap((c, n, t) -> ${share(`multiIf(${inWindow('n')} AND NOT n.${DIRECT}, n.${GROUP}, ${inWindow('t')}, t.${GROUP}, c.${GROUP})`)}, ${CONVERSIONS}, ${LAST_NON_DIRECT}, ${LAST})`,
    first: `arrayMap((c, t) -> ${share(`if(t.${WHAT} = ${TOUCH} AND ${moment('t')} <= ${moment('c')}, t.${GROUP}, c.${GROUP})`)}, ${CONVERSIONS}, ${FIRST})`,
  }
  const { model } = plan
  if (model === 'linear') throw new TypeError('linear credits many touches')
  return `SELECT person, ${shares[model]} AS shares FROM (${touched})`
}

function moment(of: string): string {
  return `(${of}.${MS}, ${of}.${RECEIVED}, ${of}.${SEQ}, ${of}.${ID})`
}

/**
 * Columns `person`, `shares` with worth × parts. A conversion's part is put on the line where its window opens, and
 * taken off behind it: what has gathered at a touch is what the touch earned, of however many conversions.
 */
function linear(touched: string, plan: AttributionPlan, parts: string): string {
  const counted = (what: string): string =>
    `arrayFilter((n, e) -> e.${WHAT} = ${what}, arrayCumSum(e -> toInt64(e.${WHAT} = ${TOUCH}), line), line)`
  // Per conversion: its entry, the last touch before it, touches in its window, the part of each.
  const handed = `arrayMap((c, t, before, upto) -> (c, t, upto - before, if(upto = before, toInt64(0), intDiv(${parts}, upto - before))), ${CONVERSIONS}, ${LAST}, ${counted(OPENS)}, ${counted(CONVERTS)})`
  const place = (e: string): string => [MS, 2, RECEIVED, SEQ, ID, WHAT].map((at) => `${e}.${at}`).join(', ')
  const put = `arrayMap((e, h) -> (${place('e')}, h.4, h.1.${WORTH} * h.4, e.${GROUP}), arrayFilter(e -> e.${WHAT} = ${OPENS}, line), handed)`
  const taken = `arrayMap(h -> (${place('h.1')}, -h.4, -h.1.${WORTH} * h.4, h.1.${GROUP}), handed)`
  const earning = `arrayMap(t -> (${place('t')}, toInt64(0), toFloat64(0), t.${GROUP}), touches)`
  const columns = (group: string): string =>
    plan.group_by.map((_, index) => `${group}.${index + 1}`).join(', ')
  const earned = `arrayMap((d, gathered, worth) -> (${columns('d.9')}, if(d.6 = ${TOUCH}, gathered, toInt64(0)), worth), steps, arrayCumSum(d -> d.7, steps), arrayCumSum(d -> d.8, steps))`
  const rest = `if(h.3 = 0, ${parts}, ${parts} - h.3 * h.4)`
  const rests = `arrayMap(h -> (${columns(`if(h.3 = 0, h.1.${GROUP}, h.2.${GROUP})`)}, ${rest}, h.1.${WORTH} * ${rest}), handed)`
  return `SELECT person, ${handed} AS handed, arraySort(arrayConcat(${put}, ${taken}, ${earning})) AS steps,
  arrayFilter(s -> s.${plan.group_by.length + 1} > 0, arrayConcat(${earned}, ${rests})) AS shares
FROM (${touched})`
}
