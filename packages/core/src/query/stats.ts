import { statsParamsSchema, suggest } from '@millimetric/schema'
import {
  type Metric,
  SESSION_DIMENSIONS,
  type StatsDimension,
  type StatsParams,
  type StatsResponse,
} from '@millimetric/schema/wire'
import {
  type Principal,
  requireFields,
  requireGroups,
  requireMetrics,
  requireScope,
} from '../auth/principal.js'
import { AnalyticsError } from '../errors.js'
import { everyField } from '../ports/conditions.js'
import type { CallOptions } from '../ports/event-store.js'
import {
  emptyValue,
  hasFewGroups,
  isSessionMetric,
  type StatsOrder,
  type StatsPlan,
  type StatsResult,
} from '../ports/stats-plan.js'
import { bucketStarts, shift } from './calendar.js'
import { comparedAxis, comparedRange } from './comparison.js'
import type { QueryDeps } from './events.js'
import { DEFAULT_LIMIT, describeResult, pinned, planScope, readParams, type Scope, within } from './plan.js'
import { overflown, shapeRows, type Table } from './series.js'

/**
 * Metrics by dimensions and time. A series holds every bucket of the range, zero-filled (null for rates), for each group;
 * `limit` bounds the groups. Errors: `invalid_params`, `invalid_group_by`, `insufficient_scope`, `query_too_expensive`,
 * `storage_unavailable`.
 */
export async function queryStats(
  deps: QueryDeps,
  principal: Principal,
  input: StatsParams,
  options: CallOptions = {},
): Promise<StatsResponse> {
  requireScope(principal, 'read')
  const call = { ...options, began: performance.now() }
  const params = readParams(statsParamsSchema, input)
  const metrics = metricsOf(params)
  requireMetrics(principal, metrics)
  const scope = planScope(deps, principal, params)
  const group_by = [...new Set(params.group_by ?? [])]
  requireGroups(principal, group_by)
  checkGroups(metrics, group_by)
  if (params.other === true && group_by.length === 0)
    throw invalid('other', 'needs group_by: it is what limit leaves out')
  const goal = goalOf(scope, params, metrics)
  requireFields(principal, everyField([...scope.filters, ...(goal?.where ?? [])]))
  const order_by = readOrder(params, metrics, group_by)
  const question = { params, metrics, group_by, order_by, goal }
  const ask = async (of: Side, part: Part): Promise<Table> => {
    const { scope, buckets, axis } = of
    if (scope.asked.from >= scope.asked.to) return { result: nothing(part), group_by: part.group_by, axis }
    const plan = planOf(scope, buckets, question, part)
    return { result: await deps.store.query<'stats'>(plan, call), group_by: plan.group_by, axis }
  }
  const whole = { group_by: [], only: null }
  const now = sideOf(scope, params)
  const past = sideBefore(now, params)
  // Not one after the other, as long as few groups of the past are asked for in vain. Of groups that now is without there may
  // be more than a series holds; then those that are wanted are asked for after all.
  const [main, totals, totalsBefore, firstBefore] = await Promise.all([
    ask(now, { group_by, only: null }),
    params.totals === true ? ask(now, whole) : undefined,
    params.totals === true && past !== undefined ? ask(past, whole) : undefined,
    past !== undefined && hasFewGroups(group_by)
      ? ask(past, { group_by, only: null }).catch(() => undefined)
      : undefined,
  ])
  const { groups } = main.result
  const kept = { group_by, only: group_by.length === 0 ? null : { by: group_by, groups, inside: true } }
  const rest = { group_by: [], only: { by: group_by, groups, inside: false } }
  const withOther = params.other === true && main.result.truncated
  const [other, otherBefore, mainBefore] = await Promise.all([
    withOther ? ask(now, rest) : undefined,
    withOther && past !== undefined ? ask(past, rest) : undefined,
    past === undefined || firstBefore?.result.truncated === false ? firstBefore : ask(past, kept),
  ])
  if (past !== undefined && [mainBefore, totalsBefore].some((table) => hasMore(table, past))) {
    scope.warnings.push(
      'A part of the range compared with lies beside no bucket; without interval it is counted.',
    )
  }
  const tables = [main, totals, other, mainBefore, totalsBefore, otherBefore]
  for (const place of overflown(tables)) {
    scope.warnings.push(`${metrics[place]} goes beyond the largest number there is, and is not shown there.`)
  }
  const shape = {
    columns: params.metrics === undefined ? ['value'] : metrics,
    empty: metrics.map(emptyValue),
    zone: scope.timezone,
  }
  return {
    ...(params.metrics === undefined ? { metric: metrics[0] ?? 'count' } : { metrics }),
    rows: shapeRows(main, mainBefore, shape),
    ...(totals === undefined ? {} : { totals: shapeRows(totals, totalsBefore, shape) }),
    ...(params.other === true
      ? { other: other === undefined ? [] : shapeRows(other, otherBefore, shape) }
      : {}),
    meta: describeResult(scope, facts(tables), past?.scope.asked),
  }
}

interface Question {
  params: StatsParams
  metrics: readonly Metric[]
  group_by: readonly StatsDimension[]
  order_by: readonly StatsOrder[]
  goal: StatsPlan['goal']
}

/** Which groups of the question one plan asks for. */
type Part = Pick<StatsPlan, 'group_by' | 'only'>

/** A range that is counted, cut for a series. */
interface Side {
  readonly scope: Scope
  readonly buckets: readonly number[] | null
  readonly axis: Table['axis']
}

// The axis is made here and handed to the store, so that every store cuts days alike in every zone.
function sideOf(scope: Scope, { interval }: StatsParams): Side {
  const { asked, timezone } = scope
  const buckets = interval === undefined ? null : bucketStarts(interval, asked.from, asked.to, timezone)
  return { scope, buckets, axis: buckets }
}

function sideBefore({ scope, buckets }: Side, { compare, interval }: StatsParams): Side | undefined {
  if (compare === undefined) return undefined
  const { asked, timezone } = scope
  const before = within(scope, comparedRange(asked, compare, timezone))
  if (buckets === null || interval === undefined) return { scope: before, buckets: null, axis: null }
  const { starts, places } = comparedAxis({ axis: buckets, interval, asked }, compare, timezone)
  return { scope: before, buckets: starts, axis: places }
}

/** Whether something was counted that no row shows. */
function hasMore(table: Table | undefined, { axis }: Side): boolean {
  if (table === undefined || axis === null) return false
  const shown = new Set(axis)
  return table.result.rows.some(({ bucket }) => !shown.has(bucket))
}

function planOf(
  scope: Scope,
  buckets: Side['buckets'],
  { params, metrics, order_by, goal }: Question,
  part: Part,
): StatsPlan {
  return {
    kind: 'stats',
    ...pinned(scope),
    metrics,
    goal,
    ...part,
    buckets,
    order_by: part.group_by.length === 0 ? [] : order_by,
    limit:
      part.only?.inside === true ? Math.max(part.only.groups.length, 1) : (params.limit ?? DEFAULT_LIMIT),
    days: params.raw === true ? null : wholeDays(scope),
  }
}

/** The answer of an empty range: no value in any group. */
function nothing({ only }: Part): StatsResult {
  return {
    rows: [],
    groups: only?.groups ?? [[]],
    truncated: false,
    estimated: false,
    answered_by: 'raw',
  }
}

function metricsOf({ metric, metrics }: StatsParams): readonly Metric[] {
  if (metrics === undefined) return [metric ?? 'count']
  if (metric !== undefined) throw invalid('metric', 'send either metric or metrics')
  if (metrics.length === 0) throw invalid('metrics', 'name at least one')
  return [...new Set(metrics)]
}

function goalOf(scope: Scope, { goal }: StatsParams, metrics: readonly Metric[]): StatsPlan['goal'] {
  const asked = metrics.includes('conversion_rate')
  if (goal === undefined && asked) {
    throw invalid('goal', 'conversion_rate needs one: { "event": "signup" }')
  }
  if (goal !== undefined && !asked) throw invalid('goal', 'only conversion_rate has one; add that metric')
  return goal === undefined ? null : scope.match(goal)
}

function checkGroups(metrics: readonly Metric[], group_by: readonly StatsDimension[]): void {
  const metric = metrics.find(isSessionMetric)
  if (metric === undefined) return
  const other = group_by.find((wanted) => !SESSION_DIMENSIONS.some((dimension) => dimension === wanted))
  if (other === undefined) return
  throw new AnalyticsError(
    'invalid_group_by',
    `group_by: ${metric} can not be grouped by ${other}, which a session has many of; it is grouped by ${SESSION_DIMENSIONS.join(', ')}.`,
    { details: { field: 'group_by', allowed: SESSION_DIMENSIONS } },
  )
}

function readOrder(
  { order_by, metrics: several }: StatsParams,
  metrics: readonly Metric[],
  group_by: readonly StatsDimension[],
): StatsOrder[] {
  if (order_by === undefined || order_by.length === 0) return [{ by: 'metric', index: 0, descending: true }]
  const columns: readonly string[] = several === undefined ? ['value'] : metrics
  return order_by.map((text) => {
    const descending = text.startsWith('-')
    const name = descending ? text.slice(1) : text
    const group = group_by.findIndex((dimension) => String(dimension) === name)
    const index = columns.indexOf(name)
    if (group >= 0) return { by: 'group', index: group, descending }
    if (index >= 0) return { by: 'metric', index, descending }
    const allowed = [...columns, ...group_by]
    throw new AnalyticsError(
      'invalid_params',
      `order_by: "${name.slice(0, 64)}" is no column of the answer${suggest(name, allowed)}; it has ${allowed.join(', ')}.`,
      { details: { field: 'order_by', allowed } },
    )
  })
}

function facts(tables: readonly (Table | undefined)[]): Omit<StatsResult, 'rows' | 'groups'> {
  const results = tables.flatMap((table) => (table === undefined ? [] : [table.result]))
  return {
    truncated: results[0]?.truncated ?? false,
    estimated: results.some(({ estimated }) => estimated),
    answered_by: results.some(({ answered_by }) => answered_by === 'rollup') ? 'rollup' : 'raw',
  }
}

const LONGEST_ROLLUP_DAYS = 1500

/** Starts of the days of the question's zone, the last one at or after its end; null for very long ranges. */
function wholeDays({ from, to, timezone }: Scope): number[] | null {
  if (from >= to || (to - from) / 86_400_000 > LONGEST_ROLLUP_DAYS) return null
  const starts = bucketStarts('day', from, to, timezone)
  const last = starts.at(-1)
  return last === undefined ? null : [...starts, shift('day', last, 1, timezone)]
}

function invalid(field: string, message: string): AnalyticsError {
  return new AnalyticsError('invalid_params', `${field}: ${message}.`, { details: { field } })
}
