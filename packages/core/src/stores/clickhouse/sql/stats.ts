import { LIMITS } from '@millimetric/schema/limits'
import type { Metric, StatsDimension } from '@millimetric/schema/wire'
import {
  emptyValue,
  hasFewGroups,
  isSessionMetric,
  propertyOf,
  type SessionMetric,
  type StatsPlan,
} from '../../../ports/stats-plan.js'
import { type Binder, createBinder, type Statement } from './binder.js'
import { EVENT_VISITOR } from './identity.js'
import type { Reading } from './reading.js'
import { type RolledDays, rollupPart } from './rollup.js'
import { eventRows, matchRows, type Rows } from './rows.js'
import { isSessionDimension, SESSION_MEASURE, sessionRows } from './sessions.js'
import {
  bucketOf,
  bucketStart,
  EVENT_SECOND,
  grouped,
  groupKeys,
  onlyGroups,
  type StatsPart,
} from './stats-part.js'

/** Columns `group_0…`, `bucket` (with buckets, see `bucketOf`) and `metric_0…`. */
export function statsStatement(reading: Reading, part: StatsPart, rolled: RolledDays | null): Statement {
  const { plan, buckets } = part
  const binder = createBinder(plan.project_id)
  const keys = groupKeys(plan.group_by)
  const order = [...(buckets === null ? plan.order_by.map(orderSql) : ['bucket']), ...keys]
  return {
    query: `${rowsOf(reading, part, rolled, binder)}
${order.length === 0 ? '' : `ORDER BY ${order.join(', ')}`}
${buckets === null ? `LIMIT ${binder.bind('UInt32', plan.limit + 1)}` : ''}`,
    params: binder.params,
  }
}

/** Metrics whose value over the whole range is the sum of those of its buckets. */
const ADDED_UP: ReadonlySet<Metric> = new Set<Metric>(['count', 'pageviews', 'sessions'])

/** Whether the series itself tells which of its groups come first, so that they need not be asked for before it. */
export function ranksItself({ buckets, group_by, metrics, order_by, limit }: StatsPlan): boolean {
  return (
    buckets !== null &&
    group_by.length > 0 &&
    hasFewGroups(group_by) &&
    order_by.every(({ by, index }) => by === 'group' || ADDED_UP.has(metrics[index] ?? 'people')) &&
    (limit + 1) * buckets.length <= LIMITS.seriesRows
  )
}

/**
 * Columns `group_0…` and `series`, one row a group with one more than the limit: lists of a bucket and the metrics there, in any
 * order. Groups come in their order.
 */
export function rankedSeriesStatement(
  reading: Reading,
  part: StatsPart,
  rolled: RolledDays | null,
): Statement {
  const { plan } = part
  const binder = createBinder(plan.project_id)
  const keys = groupKeys(plan.group_by)
  const order = plan.order_by.map(
    ({ by, index, descending }) =>
      `${by === 'group' ? `group_${index}` : `sum(metric_${index})`} ${descending ? 'DESC' : 'ASC'}`,
  )
  // Of one type, which no server takes for a tuple with names; NULL where a bucket has no such number.
  const values = plan.metrics.map((_, index) => `toFloat64(metric_${index})`)
  return {
    query: `SELECT ${keys.join(', ')}, groupArray([${['toNullable(toFloat64(bucket))', ...values].join(', ')}]) AS series FROM (
${rowsOf(reading, part, rolled, binder)}
)
GROUP BY ${keys.join(', ')}
ORDER BY ${[...order, ...keys].join(', ')}
LIMIT ${binder.bind('UInt32', plan.limit + 1)}`,
    params: binder.params,
  }
}

/** One SELECT without an order, never a bare UNION: what it is put into adds the order or groups it. */
function rowsOf(reading: Reading, part: StatsPart, rolled: RolledDays | null, binder: Binder): string {
  const { plan, buckets } = part
  const ofSessions = plan.metrics.some(isSessionMetric)
  const ofEvents = plan.metrics.some((metric) => !isSessionMetric(metric))
  const parts = [
    ...(ofEvents
      ? [rolled === null ? eventPart(reading, part, binder) : rollupPart(reading, part, rolled, binder)]
      : []),
    ...(ofSessions ? [sessionPart(reading, part, binder)] : []),
  ]
  const keys = groupKeys(plan.group_by)
  const by = buckets === null ? keys : [...keys, 'bucket']
  // Each half of the answer knows its own metrics only; the other half's are NULL there.
  return parts.length === 1
    ? (parts[0] ?? '')
    : `SELECT ${[...by, ...plan.metrics.map((metric, index) => `${filled(metric, `max(metric_${index})`)} AS metric_${index}`)].join(', ')} FROM (
${parts.join('\nUNION ALL\n')}
)
${grouped(by)}`
}

function filled(metric: Metric, value: string): string {
  return emptyValue(metric) === 0 ? `ifNull(${value}, 0)` : value
}

function orderSql({ by, index, descending }: StatsPlan['order_by'][number]): string {
  return `${by}_${index} ${descending ? 'DESC' : 'ASC'} NULLS LAST`
}

function eventPart(reading: Reading, { plan, buckets, only }: StatsPart, binder: Binder): string {
  const rows = eventRows(reading, plan, binder)
  const columns = [
    ...plan.group_by.map((dimension, index) => `${rows.text(dimension)} AS group_${index}`),
    ...bucketOf(EVENT_SECOND, buckets, binder),
    ...plan.metrics.map(
      (metric, index) =>
        `${isSessionMetric(metric) ? 'NULL' : eventMeasure(reading, metric, plan, rows, buckets, binder)} AS metric_${index}`,
    ),
  ]
  const within = only.map((one) => onlyGroups(one, (dimension) => rows.text(dimension), binder))
  const keys = groupKeys(plan.group_by)
  return `SELECT ${columns.join(', ')}
${rows.from(within)}
${grouped(buckets === null ? keys : [...keys, 'bucket'])}`
}

function eventMeasure(
  reading: Reading,
  metric: Exclude<Metric, SessionMetric>,
  plan: StatsPlan,
  rows: Rows,
  buckets: readonly number[] | null,
  binder: Binder,
): string {
  if (metric === 'count') return 'count()'
  if (metric === 'uniques') return `uniqExact(${EVENT_VISITOR})`
  if (metric === 'pageviews') return "countIf(e.event_name = '$pageview')"
  const property = propertyOf(metric)
  if (property !== undefined) return aggregate(property.aggregate, rows.number(property.key))
  const person = rows.person()
  if (metric === 'people' || plan.goal === null) return `uniqExact(${person})`
  const { goal } = plan
  const goals = matchRows(reading, plan, goal, binder)
  const doer = (whose: string): string =>
    buckets === null ? whose : `(${whose}, ${bucketStart(EVENT_SECOND, buckets, binder)})`
  const done = `SELECT DISTINCT ${doer(goals.person())} ${goals.from()}`
  return `if(uniqExact(${person}) = 0, NULL, uniqExactIf(${person}, ${doer(person)} IN (${done})) / uniqExact(${person}))`
}

const AGGREGATE: ReadonlyMap<string, (value: string) => string> = new Map([
  ['sum', (value) => `ifNull(sum(${value}), 0)`],
  ['avg', (value) => `avg(${value})`],
  ['min', (value) => `min(${value})`],
  ['max', (value) => `max(${value})`],
  ['median', (value) => `quantileExactInclusive(0.5)(${value})`],
  ['p95', (value) => `quantileExactInclusive(0.95)(${value})`],
])

function aggregate(name: string, value: string): string {
  const sql = AGGREGATE.get(name)
  if (sql === undefined) throw new TypeError(`not an aggregate: ${name}`)
  return sql(value)
}

function sessionPart(reading: Reading, { plan, buckets, only }: StatsPart, binder: Binder): string {
  const dimensions = [...plan.group_by, ...only.flatMap(({ by }) => by)].filter(isSessionDimension)
  const keys = groupKeys(plan.group_by)
  const columns = [
    ...plan.group_by.map((dimension, index) => `${sessionField(dimension)} AS group_${index}`),
    ...bucketOf('intDiv(started, 1000)', buckets, binder),
    ...plan.metrics.map(
      (metric, index) => `${isSessionMetric(metric) ? SESSION_MEASURE[metric] : 'NULL'} AS metric_${index}`,
    ),
  ]
  const within = only.map((one) => onlyGroups(one, sessionField, binder))
  return `SELECT ${columns.join(', ')}
FROM (${sessionRows(reading, plan, [...new Set(dimensions)], binder)})
${within.length === 0 ? '' : `WHERE ${within.join(' AND ')}`}
${grouped(buckets === null ? keys : [...keys, 'bucket'])}`
}

function sessionField(dimension: StatsDimension): string {
  if (isSessionDimension(dimension)) return `session_${dimension}`
  throw new TypeError(`not a dimension of sessions: ${dimension}`)
}
