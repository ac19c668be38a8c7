import { statsParamsSchema } from '@millimetric/schema'
import {
  DIMENSIONS,
  type Dimension,
  type Metric,
  SESSION_DIMENSIONS,
  type SessionDimension,
  type StatsDimension,
  type StatsParams,
  type StatsResponse,
} from '@millimetric/schema/wire'
import { type Principal, requireScope } from '../auth/principal.js'
import { AnalyticsError } from '../errors.js'
import type { CallOptions, SessionsPlan, SessionsResultRow, StatsPlan } from '../ports/event-store.js'
import { bucketStarts, shift } from './calendar.js'
import type { QueryDeps } from './events.js'
import { DEFAULT_LIMIT, describeResult, pinned, planScope, readParams, type Scope } from './plan.js'
import { fillSeries, named, type ValueRow } from './series.js'

/**
 * One metric, grouped by dimensions and time. A series holds every bucket of the range, zero-filled (null for rates),
 * for each group; `limit` bounds the groups. Errors: `invalid_params`, `invalid_group_by`, `insufficient_scope`,
 * `query_too_expensive`, `storage_unavailable`.
 */
export async function queryStats(
  deps: QueryDeps,
  principal: Principal,
  input: StatsParams,
  options: CallOptions = {},
): Promise<StatsResponse> {
  requireScope(principal, 'read')
  const params = readParams(statsParamsSchema, input)
  const scope = planScope(principal, params, deps.clock())
  const { interval, metric = 'count' } = params
  const group_by = [...new Set(params.group_by ?? [])]
  // The axis is made here and handed to the store, so that every store cuts days alike in every zone.
  const axis =
    interval === undefined ? null : bucketStarts(interval, scope.asked.from, scope.asked.to, scope.timezone)
  const question: Question = {
    scope,
    group_by,
    axis,
    limit: params.limit ?? DEFAULT_LIMIT,
    raw: params.raw ?? false,
  }
  const { rows, empty, ...facts } = isSessionMetric(metric)
    ? await askSessions(deps, metric, question, options)
    : await askEvents(deps, metric, question, options)
  const shaped =
    axis === null
      ? rows.map((row) => ({ ...named(group_by, row.group), value: row.value }))
      : fillSeries(rows, group_by, axis, scope.timezone, empty)
  return { metric, rows: shaped, meta: describeResult(scope, facts) }
}

interface Question {
  scope: Scope
  group_by: readonly StatsDimension[]
  axis: readonly number[] | null
  limit: number
  raw: boolean
}

interface Answer {
  rows: ValueRow[]
  /** Value of a bucket without events. */
  empty: 0 | null
  truncated: boolean
  estimated: boolean
  answered_by: 'raw' | 'rollup'
}

type SessionMetric = Exclude<Metric, StatsPlan['metric']>

const SESSION_VALUE: { readonly [M in SessionMetric]: (row: SessionsResultRow) => number | null } = {
  sessions: ({ sessions }) => sessions,
  bounce_rate: ({ bounces, sessions }) => ratio(bounces, sessions),
  session_duration: ({ duration_ms, sessions }) => ratio(duration_ms / 1000, sessions),
  views_per_session: ({ pageviews, sessions }) => ratio(pageviews, sessions),
}

function ratio(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole
}

function isSessionMetric(metric: Metric): metric is SessionMetric {
  return metric in SESSION_VALUE
}

async function askEvents(
  deps: QueryDeps,
  metric: StatsPlan['metric'],
  { scope, group_by, axis, limit, raw }: Question,
  options: CallOptions,
): Promise<Answer> {
  const plan: StatsPlan = {
    kind: 'stats',
    ...pinned(scope, limit),
    metric,
    group_by: allowed<Dimension>(metric, group_by, DIMENSIONS),
    buckets: axis,
    days: raw ? null : wholeDays(scope),
  }
  const result = await deps.store.query<'stats'>(plan, options)
  return { ...result, rows: [...result.rows], empty: 0 }
}

async function askSessions(
  deps: QueryDeps,
  metric: SessionMetric,
  { scope, group_by, axis, limit, raw }: Question,
  options: CallOptions,
): Promise<Answer> {
  for (const { field } of scope.filters) {
    if (SESSION_DIMENSIONS.some((dimension) => dimension === field)) continue
    throw new AnalyticsError('invalid_params', `${field}: ${metric} can not be filtered by it.`, {
      details: { field, allowed: SESSION_DIMENSIONS },
    })
  }
  const plan: SessionsPlan = {
    kind: 'sessions',
    ...pinned(scope, limit),
    group_by: allowed<SessionDimension>(metric, group_by, SESSION_DIMENSIONS),
    buckets: axis,
    raw,
  }
  const result = await deps.store.query<'sessions'>(plan, options)
  const rows = result.rows.map((row) => ({
    group: row.group,
    bucket: row.bucket,
    value: SESSION_VALUE[metric](row),
    weight: row.sessions,
  }))
  // A question without groups has one row, also where nothing happened.
  if (axis === null && group_by.length === 0 && rows.length === 0) {
    rows.push({ group: [], bucket: null, value: metric === 'sessions' ? 0 : null, weight: 0 })
  }
  return { ...result, rows, empty: metric === 'sessions' ? 0 : null }
}

function allowed<D extends StatsDimension>(
  metric: Metric,
  group_by: readonly StatsDimension[],
  dimensions: readonly D[],
): D[] {
  return group_by.map((wanted) => {
    const found = dimensions.find((dimension) => dimension === wanted)
    if (found !== undefined) return found
    throw new AnalyticsError('invalid_group_by', `${metric} can not be grouped by ${wanted}.`, {
      details: { field: 'group_by', allowed: dimensions },
    })
  })
}

const LONGEST_ROLLUP_DAYS = 1500

/** Starts of the days of the question's zone, the last one at or after its end; null for very long ranges. */
function wholeDays({ from, to, timezone }: Scope): number[] | null {
  if (from >= to || (to - from) / 86_400_000 > LONGEST_ROLLUP_DAYS) return null
  const starts = bucketStarts('day', from, to, timezone)
  const last = starts.at(-1)
  return last === undefined ? null : [...starts, shift('day', last, 1, timezone)]
}
