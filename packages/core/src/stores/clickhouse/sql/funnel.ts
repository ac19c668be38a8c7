import { TIMESTAMP_RANGE } from '@millimetric/schema/limits'
import { type FunnelPlan, funnelReach } from '../../../ports/funnel-plan.js'
import { type Binder, createBinder, instant, type Statement } from './binder.js'
import { EVENT_PLACE, IN_SESSION, lookRange } from './fragments.js'
import { EVENT_ACTOR, owners, personOf } from './identity.js'
import type { Reading } from './reading.js'
import { eventRows, type Rows } from './rows.js'
import { sessionWalks } from './walks.js'

/**
 * How a moment becomes something to sort by. `packed`: one 128-bit number of times, seq and steps, without the event id,
 * so that equal times and seq are told apart by nothing: `ties` says whether there were such. `exact`: with the id, at
 * twice the time.
 */
export type Sorting = 'packed' | 'exact'

/** Ten steps, and whether the event counts. */
const MASK_BITS = 11
const COUNTS = 1024
const SEQ_BITS = 32
/** Holds every millisecond of TIMESTAMP_RANGE. */
const TIME_BITS = 42
/** What 64 bits leave beside a time: the place among a person's events. */
const PLACE_BITS = 22

/**
 * Columns `is_total`, `value`, `count_0…`, `times_1…` ([median, p90] in milliseconds, nulls over nobody) and `ties`: the
 * row of everybody first, then one a group.
 */
export function funnelStatement(reading: Reading, plan: FunnelPlan, sorting: Sorting): Statement {
  const binder = createBinder(plan.project_id)
  const depths = plan.steps.map((_, depth) => depth)
  const counts = depths.map((depth) => `countIf(at_${depth} > 0) AS count_${depth}`)
  const times = depths
    .slice(1)
    .map(
      (depth) =>
        `quantilesExactInclusiveIf(0.5, 0.9)(time_${depth} - time_${depth - 1}, at_${depth} > 0) AS times_${depth}`,
    )
  const grouped = plan.group_by !== null
  return {
    query: `SELECT ${grouped ? 'grouping(value)' : '1'} AS is_total, ${grouped ? 'value' : "'' AS value"}, ${[...counts, ...times].join(', ')}, max(has_ties) AS ties
FROM ${grouped && plan.group_by?.of === 'first_touch' ? touched(reading, plan, sorting, binder) : `(${furthest(reading, plan, sorting, binder)})`}
${grouped ? 'GROUP BY GROUPING SETS ((), (value))' : ''}
ORDER BY is_total DESC, count_0 DESC, value
LIMIT ${binder.bind('UInt32', plan.limit + 2)}`,
    params: binder.params,
  }
}

/** Chains with `value` of the first touch of whom they are: found by visitor, of whom there are far fewer than events. */
function touched(reading: Reading, plan: FunnelPlan, sorting: Sorting, binder: Binder): string {
  const { include_bots, visible = [], kept_from = TIMESTAMP_RANGE.min } = plan
  const rows = eventRows(
    reading,
    { from: kept_from, to: TIMESTAMP_RANGE.max, include_bots, visible, filters: [] },
    binder,
  )
  const field = rows.text(plan.group_by?.field ?? 'source')
  return `(
SELECT c.*, t.value AS value FROM (${furthest(reading, plan, sorting, binder)}) AS c
LEFT JOIN (
SELECT ${personOf('e.actor')} AS person, argMin(e.value, e.place) AS value
FROM (
SELECT ${EVENT_ACTOR} AS actor, toString(argMin(${field}, ${EVENT_PLACE})) AS value, min(${EVENT_PLACE}) AS place
${rows.from(["e.url != ''"])}
GROUP BY actor
) AS e LEFT JOIN ${owners(reading, binder)} AS l ON l.actor = e.actor
GROUP BY person
) AS t ON t.person = c.carried)`
}

/**
 * One row a person or session that took the first step: `at_0…` (place of the event that was the step, 0 = none), `time_0…`
 * (its milliseconds), `carried` (what the first event brought along, as `value` when it is text) and `has_ties`.
 *
 * `found_k` holds, for each event in order, the start of the chain that reaches step k with it, else 0, and `last_k` the
 * start of the last such chain so far. Of all chains that could go on, the one with the latest start is the best: it
 * has most time left. Starts are numbers of time and place, which grow from event to event, so none is like another.
 * Every line here is one pass over the arrays: a lambda must not catch an array, which copies it for each element.
 */
function furthest(reading: Reading, plan: FunnelPlan, sorting: Sorting, binder: Binder): string {
  const depths = plan.steps.map((_, depth) => depth)
  const deepest = [...depths].reverse()
  const window = binder.bind('UInt64', plan.window_ms)
  const found = depths.flatMap((depth) => {
    if (depth === 0) return ['arrayMap((key, mask) -> if(bitTest(mask, 0), key, 0), keys, masks) AS found_0']
    const before = plan.order === 'strict' ? `found_${depth - 1}` : `last_${depth - 1}`
    const last =
      plan.order === 'strict'
        ? []
        : [`arrayFill(start -> start != 0, found_${depth - 1}) AS last_${depth - 1}`]
    return [
      ...last,
      `arrayMap((key, mask, start) -> if(bitTest(mask, ${depth}) AND start != 0 AND ${timeOf('key')} - ${timeOf('start')} <= ${window}, start, 0), keys, masks, arrayPushFront(arrayPopBack(${before}), 0)) AS found_${depth}`,
    ]
  })
  const first = deepest.map((depth) => `arrayFirst(start -> start != 0, found_${depth})`)
  const start = `multiIf(${first
    .slice(0, -1)
    .map((one) => `${one} != 0, ${one}`)
    .join(', ')}, ${first.at(-1)})`
  const carries = plan.group_by !== null
  const name = plan.group_by?.of === 'first_step' ? 'value' : 'carried'
  return `SELECT ${[
    ...depths.map((depth) => `indexOf(found_${depth}, chosen) AS at_${depth}`),
    ...depths.map((depth) => `toInt64(${timeOf(`keys[at_${depth}]`)}) AS time_${depth}`),
    ...(carries ? [`values[at_0] AS ${name}`] : []),
    'has_ties',
  ].join(', ')}
FROM (SELECT *, ${start} AS chosen
FROM (SELECT *, ${found.join(', ')}
FROM (${sorted(reading, plan, sorting, binder)})))`
}

/** `keys`, `masks`, `values` of the events of each person or session, in order; and `has_ties`. */
function sorted(reading: Reading, plan: FunnelPlan, sorting: Sorting, binder: Binder): string {
  const exact = sorting === 'exact'
  const carries = plan.group_by !== null
  const places = `arrayMap(place -> bitAnd(place, ${2 ** PLACE_BITS - 1}), arrayEnumerate(items))`
  const ties = exact
    ? '0'
    : `arrayExists((item, before) -> bitShiftRight(item, ${MASK_BITS}) = bitShiftRight(before, ${MASK_BITS}), items, arrayPushFront(arrayPopBack(items), toUInt128(0)))`
  return `SELECT arraySort(items_found) AS items,
  arrayMap((item, place) -> bitOr(bitShiftLeft(${timeIn('item', sorting)}, ${PLACE_BITS}), toUInt64(place)), items, ${places}) AS keys,
  arrayMap(item -> ${maskIn('item', sorting)}, items) AS masks,
  ${carries ? 'arraySort((value, item) -> item, values_found, items_found) AS values,' : ''}
  ${ties} AS has_ties
FROM (${plan.scope === 'session' ? ofSessions(reading, plan, sorting, binder) : ofPersons(reading, plan, sorting, binder)})`
}

/** `items_found` and `values_found` of each person who took the first step. */
function ofPersons(reading: Reading, plan: FunnelPlan, sorting: Sorting, binder: Binder): string {
  const { from, to, include_bots, visible = [], filters } = plan
  const rows = eventRows(
    reading,
    { from, to: funnelReach(plan), include_bots, visible, filters, asked: { from, to } },
    binder,
  )
  const { mask, looked, itemOf, carried } = stepEvent(rows, plan, sorting, binder)
  const columns = [
    `${rows.person()} AS unit`,
    `${mask} AS mask`,
    `${itemOf(mask)} AS item`,
    ...(carried === undefined ? [] : [`${carried} AS carried`]),
  ]
  return `SELECT groupArray(item) AS items_found${carried === undefined ? '' : ', groupArray(carried) AS values_found'}
FROM (SELECT ${columns.join(', ')}
${rows.from(looked)})
GROUP BY unit
HAVING max(bitTest(mask, 0))`
}

/** Likewise of each session: a join of events with their sessions costs half as much again. */
function ofSessions(reading: Reading, plan: FunnelPlan, sorting: Sorting, binder: Binder): string {
  const { from, to, include_bots, visible = [], filters } = plan
  const asked = { from, to }
  const reach = { from, to: funnelReach(plan) }
  const rows = eventRows(
    reading,
    { ...lookRange(reach, reading), include_bots, visible, filters: [], asked, near: reach },
    binder,
  )
  const { mask, looked, itemOf, carried } = stepEvent(rows, plan, sorting, binder)
  const counts = [
    `e.timestamp >= ${instant(binder, reach.from)} AND e.timestamp < ${instant(binder, reach.to)}`,
    ...filters.map(rows.condition),
    ...looked,
  ].join(' AND ')
  // Events that do not count are there for the sessions alone, which their times decide.
  const item = itemOf(
    `if(${counts}, bitOr(${mask}, ${COUNTS}), toUInt16(0))`,
    `if(${counts}, e.event_id, '')`,
  )
  const carries = carried !== undefined
  const own = (step: string): string => (carries ? `${step}.1` : step)
  const walks = sessionWalks(rows.from([IN_SESSION]), carries ? `tuple(${item}, ${carried})` : item, (step) =>
    timeIn(own(step), sorting),
  )
  const found = carries
    ? 'arrayMap(step -> step.1, taken) AS items_found, arrayMap(step -> step.2, taken) AS values_found'
    : 'taken AS items_found'
  return `SELECT ${found}
FROM (SELECT arrayFilter(step -> bitAnd(${maskIn(own('step'), sorting)}, ${COUNTS}) != 0, walk) AS taken FROM (${walks}))
WHERE arrayExists(step -> bitTest(${maskIn(own('step'), sorting)}, 0), taken)`
}

/** As SQL of a row: which steps it matches, as bits; whether it is looked at; what it is in order, with such bits; what it brings along. */
interface StepEvent {
  readonly mask: string
  readonly looked: readonly string[]
  itemOf(mask: string, id?: string): string
  readonly carried?: string
}

function stepEvent(rows: Rows, plan: FunnelPlan, sorting: Sorting, binder: Binder): StepEvent {
  const { group_by } = plan
  const matches = plan.steps.map(({ event, where }) => {
    const named = { op: 'is', field: 'event_name', values: [event] } as const
    return [named, ...where].map(rows.condition).join(' AND ')
  })
  const bits = matches.map((match, depth) =>
    depth === 0
      ? `toUInt16(${match} AND e.timestamp < ${instant(binder, plan.to)})`
      : `bitShiftLeft(toUInt16(${match}), ${depth})`,
  )
  const mask = `toUInt16(${bits.reduce((sum, bit) => `bitOr(${sum}, ${bit})`)})`
  const [sent, received] = ['e.timestamp', 'e.received_at'].map(
    (time) => `toUInt64(toUnixTimestamp64Milli(${time}))`,
  )
  const itemOf = (bits: string, id = 'e.event_id'): string =>
    sorting === 'exact'
      ? `tuple(${sent}, ${received}, e.seq, ${id}, ${bits})`
      : `bitOr(bitOr(bitShiftLeft(toUInt128(${sent}), ${TIME_BITS + SEQ_BITS + MASK_BITS}), bitShiftLeft(toUInt128(${received}), ${SEQ_BITS + MASK_BITS})), bitOr(bitShiftLeft(toUInt128(e.seq), ${MASK_BITS}), toUInt128(${bits})))`
  // What is between steps breaks a strict chain, so there it is looked at too; beyond the range as well, where `mask` knows
  // no first step.
  const identifies = matches.filter((_, depth) => plan.steps[depth]?.event === '$identify')
  const names = binder.bind('Array(String)', [...new Set(plan.steps.map(({ event }) => event))])
  const looked =
    plan.order === 'strict'
      ? [`(${["e.event_name != '$identify'", ...identifies].join(' OR ')})`]
      : [`e.event_name IN ${names}`, `${mask} != 0`]
  if (group_by === null) return { mask, looked, itemOf }
  const value = group_by.of === 'first_touch' ? rows.person() : `toString(${rows.text(group_by.field)})`
  const none = group_by.of === 'first_touch' ? '0' : "''"
  return { mask, looked, itemOf, carried: `if(bitTest(${mask}, 0), ${value}, ${none})` }
}

/** Milliseconds of an item. */
function timeIn(item: string, sorting: Sorting): string {
  return sorting === 'exact'
    ? `${item}.1`
    : `toUInt64(bitShiftRight(${item}, ${TIME_BITS + SEQ_BITS + MASK_BITS}))`
}

function maskIn(item: string, sorting: Sorting): string {
  return sorting === 'exact' ? `${item}.5` : `toUInt16(bitAnd(${item}, ${2 ** MASK_BITS - 1}))`
}

/** Milliseconds of a key. */
function timeOf(key: string): string {
  return `bitShiftRight(${key}, ${PLACE_BITS})`
}
