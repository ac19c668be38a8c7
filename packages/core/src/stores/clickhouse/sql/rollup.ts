import type { Metric } from '@millimetric/schema/wire'
import { fieldsOf, someCondition } from '../../../ports/conditions.js'
import type { Day } from '../../../ports/event-store.js'
import { isSessionMetric, type StatsPlan } from '../../../ports/stats-plan.js'
import { identifier } from '../client.js'
import { ROLLUP_DIMENSIONS } from '../schema/rollup.js'
import type { Binder, Statement } from './binder.js'
import { conditionSql, rowColumns } from './conditions.js'
import { EVENT_VISITOR } from './identity.js'
import type { Reading } from './reading.js'
import { eventRows } from './rows.js'
import {
  bucketOf,
  EVENT_SECOND,
  grouped,
  groupKeys,
  onlyGroups,
  type StatsPart,
  sinceFirst,
} from './stats-part.js'

export interface FreshDay extends Day {
  readonly generation: string
}

/** Days that a rollup answers for, and what raw events must still answer. */
export interface RolledDays {
  readonly fresh: readonly FreshDay[]
  readonly gaps: readonly Day[]
}

const KEPT: ReadonlySet<string> = new Set<string>(ROLLUP_DIMENSIONS)
const METRICS: ReadonlySet<Metric> = new Set<Metric>(['count', 'uniques', 'pageviews'])

/** Days of the plan that lie in its range whole, when a rollup can answer its question about events at all. */
export function rollupDays(plan: StatsPlan): readonly Day[] {
  const { days, buckets, visible = [] } = plan
  const ofEvents = plan.metrics.filter((metric) => !isSessionMetric(metric))
  if (days === null || ofEvents.length === 0 || !ofEvents.every((metric) => METRICS.has(metric))) return []
  const conditions = [...visible, ...plan.filters]
  if (someCondition(conditions, ({ op }) => op === 'done')) return []
  const fields = [...plan.group_by, ...(plan.only?.by ?? []), ...fieldsOf(conditions)]
  if (!fields.every((field) => KEPT.has(field))) return []
  const whole = days
    .slice(0, -1)
    .map((start, index) => ({ start, end: days[index + 1] ?? start }))
    .filter(({ start, end }) => start >= plan.from && end <= plan.to)
  // A bucket that begins inside a day would need a part of it.
  const cut = (day: Day): boolean => buckets?.some((start) => start > day.start && start < day.end) ?? false
  return whole.filter((day) => !cut(day))
}

/**
 * Columns `start` (milliseconds), `generation` and `rows`: days whose rollup was built from exactly the rows that
 * were ever inserted into them. Anything that came or went since has changed the marks.
 */
export function freshDaysStatement(database: string, projectId: string, days: readonly Day[]): Statement {
  const db = identifier(database)
  return {
    query: `SELECT toInt64(day) * 1000 AS start, toString(max(made.1)) AS generation, sum(arrived) AS rows
FROM (
  SELECT toUnixTimestamp(r.day_start) AS day, (r.generation, r.marks) AS made, toUInt64(0) AS arrived
  FROM ${db}.rollup_days AS r
  WHERE r.project_id = {project_id:UUID}
    AND r.day_start >= toDateTime({first:UInt32}) AND r.day_end <= toDateTime({last:UInt32})
    AND toUnixTimestamp(r.day_end) = transform(day, {starts:Array(UInt32)}, {ends:Array(UInt32)}, toUInt32(0))
  UNION ALL
  SELECT roundDown(toUnixTimestamp(q.quarter), {starts:Array(UInt32)}) AS day, (toUInt64(0), toUInt64(0)) AS made, q.rows AS arrived
  FROM ${db}.marks AS q
  WHERE q.project_id = {project_id:UUID}
    AND q.quarter >= toDateTime({first:UInt32}) AND q.quarter < toDateTime({last:UInt32})
)
GROUP BY day
HAVING rows > 0 AND max(made).2 = rows
ORDER BY start`,
    params: {
      project_id: projectId,
      first: (days[0]?.start ?? 0) / 1000,
      last: (days.at(-1)?.end ?? 0) / 1000,
      starts: days.map(({ start }) => start / 1000),
      ends: days.map(({ end }) => end / 1000),
    },
  }
}

/** What raw events must still answer: the plan's range without the fresh days. */
export function remainder(plan: { from: number; to: number }, fresh: readonly Day[]): Day[] {
  const gaps: Day[] = []
  let at = plan.from
  for (const { start, end } of fresh) {
    if (start > at) gaps.push({ start: at, end: start })
    at = end
  }
  if (at < plan.to) gaps.push({ start: at, end: plan.to })
  return gaps
}

interface Measure {
  /** Of rows of the rollup, to be put together with that of raw events. */
  rollup: string
  /** Of rows of the rollup, when they answer alone. */
  alone: string
  raw: string
  total(part: string): string
}

const sum = (part: string): string => `sum(${part})`
const VIEWS = "sumIf(r.events, r.event_name = '$pageview')"

const MEASURE: ReadonlyMap<Metric, Measure> = new Map<Metric, Measure>([
  ['count', { rollup: 'sum(r.events)', alone: 'sum(r.events)', raw: 'count()', total: sum }],
  [
    'pageviews',
    {
      rollup: VIEWS,
      alone: VIEWS,
      raw: "countIf(e.event_name = '$pageview')",
      total: sum,
    },
  ],
  [
    'uniques',
    {
      rollup: 'uniqExactMergeState(r.visitors)',
      alone: 'uniqExactMerge(r.visitors)',
      raw: `uniqExactState(${EVENT_VISITOR})`,
      total: (part) => `uniqExactMerge(${part})`,
    },
  ],
])

/** As the part that raw events answer, from the fresh days' rollup and raw events of the remainder. */
export function rollupPart(
  reading: Reading,
  { plan, buckets, only }: StatsPart,
  { fresh, gaps }: RolledDays,
  binder: Binder,
): string {
  const keys = groupKeys(plan.group_by)
  const by = buckets === null ? keys : [...keys, 'bucket']
  const measures = plan.metrics.map((metric) => MEASURE.get(metric))
  const { visible = [] } = plan
  const columns = rowColumns('r', binder)
  const days = binder.bind(
    'Array(UInt32)',
    fresh.map(({ start }) => start / 1000),
  )
  const generations = binder.bind(
    'Array(String)',
    fresh.map(({ generation }) => generation),
  )
  const conditions = [
    'r.project_id = {project_id:UUID}',
    `r.day_start >= toDateTime(${binder.bind('UInt32', (fresh[0]?.start ?? 0) / 1000)})`,
    `r.day_start <= toDateTime(${binder.bind('UInt32', (fresh.at(-1)?.start ?? 0) / 1000)})`,
    `(toUnixTimestamp(r.day_start), toString(r.generation)) IN (SELECT arrayJoin(arrayZip(${days}, ${generations})))`,
    ...(plan.include_bots ? [] : ['NOT r.is_bot']),
    ...[...visible, ...plan.filters].map((condition) => conditionSql(condition, columns, binder)),
    ...only.map((one) => onlyGroups(one, (dimension) => columns.text(dimension), binder)),
  ]
  const dayStart = 'toUnixTimestamp(r.day_start)'
  // Days are most often the buckets; else each is looked for, which takes as long as all the rest.
  const starts = new Set(buckets)
  const bucket =
    buckets !== null && fresh.every(({ start }) => starts.has(start))
      ? [`${sinceFirst(dayStart, buckets, binder)} AS bucket`]
      : bucketOf(dayStart, buckets, binder)
  const rollupBy = (values: readonly string[]): string => `SELECT ${[
    ...plan.group_by.map((dimension, index) => `${columns.text(dimension)} AS group_${index}`),
    ...bucket,
    ...values,
  ].join(', ')}
FROM ${identifier(reading.database)}.daily_rollup AS r WHERE ${conditions.join(' AND ')}
${grouped(by)}`
  if (gaps.length === 0)
    return rollupBy(measures.map((measure, index) => `${measure?.alone ?? 'NULL'} AS metric_${index}`))
  const rollup = rollupBy(measures.map((measure, index) => `${measure?.rollup ?? 'NULL'} AS part_${index}`))
  const raws = gaps.map(({ start, end }) => {
    const rows = eventRows(reading, { ...plan, from: start, to: end }, binder)
    const columnsOfGap = [
      ...plan.group_by.map((dimension, index) => `${rows.text(dimension)} AS group_${index}`),
      ...bucketOf(EVENT_SECOND, buckets, binder),
      ...measures.map((measure, index) => `${measure?.raw ?? 'NULL'} AS part_${index}`),
    ]
    return `SELECT ${columnsOfGap.join(', ')}
${rows.from(only.map((one) => onlyGroups(one, (dimension) => rows.text(dimension), binder)))}
${grouped(by)}`
  })
  const totals = measures.map(
    (measure, index) =>
      `${measure === undefined ? 'NULL' : measure.total(`part_${index}`)} AS metric_${index}`,
  )
  return `SELECT ${[...by, ...totals].join(', ')} FROM (
${[rollup, ...raws].join('\nUNION ALL\n')}
)
${grouped(by)}`
}
