import type { Day, StatsPlan } from '../../../ports/event-store.js'
import { identifier } from '../client.js'
import { VISITOR_HASH } from '../schema/events.js'
import { ROLLUP_DIMENSIONS } from '../schema/rollup.js'
import { eventRows, filterConditions, type Reading, type Statement } from './statement.js'
import { groupKeys, onlyGroups } from './stats.js'

export interface FreshDay extends Day {
  readonly generation: string
}

const KEPT: ReadonlySet<string> = new Set<string>(ROLLUP_DIMENSIONS)

/** Days of the plan that lie in its range whole, when a rollup can answer its question at all. */
export function rollupDays(plan: StatsPlan): readonly Day[] {
  const { days, buckets, metric } = plan
  if (days === null || metric === 'people') return []
  const fields = [...plan.group_by, ...plan.filters.map(({ field }) => field)]
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
    query: `SELECT toInt64(toUnixTimestamp(p.day_start)) * 1000 AS start, toString(p.generation) AS generation, m.rows AS rows
FROM (
  SELECT r.day_start AS day_start, r.day_end AS day_end, max(r.generation) AS generation, argMax(r.marks, r.generation) AS marks
  FROM ${db}.rollup_days AS r
  WHERE r.project_id = {project_id:UUID}
    AND r.day_start >= toDateTime({first:UInt32}) AND r.day_end <= toDateTime({last:UInt32})
  GROUP BY day_start, day_end
) AS p
INNER JOIN (SELECT arrayJoin(arrayZip({starts:Array(UInt32)}, {ends:Array(UInt32)})) AS day) AS d
  ON toUnixTimestamp(p.day_start) = d.day.1 AND toUnixTimestamp(p.day_end) = d.day.2
INNER JOIN (
  SELECT roundDown(toUnixTimestamp(q.quarter), {starts:Array(UInt32)}) AS start, sum(q.rows) AS rows
  FROM ${db}.marks AS q
  WHERE q.project_id = {project_id:UUID}
    AND q.quarter >= toDateTime({first:UInt32}) AND q.quarter < toDateTime({last:UInt32})
  GROUP BY start
) AS m ON m.start = toUnixTimestamp(p.day_start)
WHERE p.marks = m.rows
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
export function remainder(plan: StatsPlan, fresh: readonly Day[]): Day[] {
  const gaps: Day[] = []
  let at = plan.from
  for (const { start, end } of fresh) {
    if (start > at) gaps.push({ start: at, end: start })
    at = end
  }
  if (at < plan.to) gaps.push({ start: at, end: plan.to })
  return gaps
}

type RollupMetric = Exclude<StatsPlan['metric'], 'people'>

const MEASURE: { readonly [M in RollupMetric]: { rollup: string; raw: string; total: string } } = {
  count: { rollup: 'sum(r.events)', raw: 'count()', total: 'sum(part)' },
  pageviews: {
    rollup: "sumIf(r.events, r.event_name = '$pageview')",
    raw: "countIf(e.event_name = '$pageview')",
    total: 'sum(part)',
  },
  uniques: {
    rollup: 'uniqExactMergeState(r.visitors)',
    raw: `uniqExactState(${VISITOR_HASH})`,
    total: 'uniqExactMerge(part)',
  },
}

/** As `groupsStatement` and `seriesStatement`, from the fresh days' rollup and raw events of the remainder. */
export function rollupStatement(
  reading: Reading,
  plan: StatsPlan & { metric: RollupMetric },
  fresh: readonly FreshDay[],
  gaps: readonly Day[],
  groups: readonly (readonly string[])[] | null,
): Statement {
  const measure = MEASURE[plan.metric]
  const keys = groupKeys(plan.group_by)
  const series = groups !== null && plan.buckets !== null
  const bucketOf = (ms: string): string[] =>
    series ? [`roundDown(${ms}, {buckets:Array(Int64)}) AS bucket`] : []
  const by = series ? [...keys, 'bucket'] : keys
  const grouped = by.length === 0 ? '' : `GROUP BY ${by.join(', ')}`
  const only = onlyGroups(
    plan.group_by.map((dimension) => `x.${dimension}`),
    groups ?? [],
  )
  const picked = (row: string): string => (groups === null ? '' : only.condition.replaceAll('x.', `${row}.`))
  const columns = (row: string, ms: string): string[] => [
    ...plan.group_by.map((dimension, index) => `${row}.${dimension} AS group_${index}`),
    ...bucketOf(ms),
  ]
  const params: Record<string, unknown> = {
    ...(groups === null ? {} : only.params),
    ...(series ? { buckets: plan.buckets } : {}),
    day_starts: fresh.map(({ start }) => start / 1000),
    generations: fresh.map(({ generation }) => generation),
    gap_starts: gaps.map(({ start }) => start),
    first_day: (fresh[0]?.start ?? 0) / 1000,
    last_day: (fresh.at(-1)?.start ?? 0) / 1000,
  }
  const conditions = [
    'r.project_id = {project_id:UUID}',
    'r.day_start >= toDateTime({first_day:UInt32}) AND r.day_start <= toDateTime({last_day:UInt32})',
    '(toUnixTimestamp(r.day_start), toString(r.generation)) IN (SELECT arrayJoin(arrayZip({day_starts:Array(UInt32)}, {generations:Array(String)})))',
    ...(plan.include_bots ? [] : ['NOT r.is_bot']),
    ...filterConditions(plan.filters, 'r', params),
  ]
  const rollup = `SELECT ${[...columns('r', 'toInt64(toUnixTimestamp(r.day_start)) * 1000'), `${measure.rollup} AS part`].join(', ')}
FROM ${identifier(reading.database)}.daily_rollup AS r WHERE ${conditions.join(' AND ')} ${picked('r')}
${grouped}`
  const raws = gaps.map((gap, index) => {
    const { query, params: bound } = eventRows(reading, { ...plan, from: gap.start, to: gap.end })
    Object.assign(params, bound, { [`from_${index}`]: gap.start, [`to_${index}`]: gap.end })
    const own = query
      .replace('{from:Int64}', `{from_${index}:Int64}`)
      .replace('{to:Int64}', `{to_${index}:Int64}`)
    return `SELECT ${[...columns('e', 'toUnixTimestamp64Milli(e.timestamp)'), `${measure.raw} AS part`].join(', ')}
${own} ${picked('e')}
${grouped}`
  })
  const order = series ? ['bucket', 'value DESC', ...keys] : ['value DESC', ...keys]
  return {
    query: `SELECT ${[...by, `${measure.total} AS value`].join(', ')} FROM (
${[rollup, ...raws].join('\nUNION ALL\n')}
)
${grouped}
ORDER BY ${order.join(', ')}
${series ? '' : 'LIMIT {limit:UInt32}'}`,
    params: { ...params, project_id: plan.project_id, ...(series ? {} : { limit: plan.limit + 1 }) },
  }
}
