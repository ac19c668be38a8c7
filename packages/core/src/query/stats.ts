import { statsParamsSchema } from '@millimetric/schema'
import type { Dimension, StatsParams, StatsResponse, StatsRow } from '@millimetric/schema/wire'
import { type Principal, requireScope } from '../auth/principal.js'
import type { CallOptions, StatsResultRow } from '../ports/event-store.js'
import { bucketStarts, isoInZone } from './calendar.js'
import type { QueryDeps } from './events.js'
import { DEFAULT_LIMIT, describeResult, pinned, planScope, readParams } from './plan.js'

/**
 * One metric, grouped by dimensions and time. A series holds every bucket of the range, zero-filled, for each
 * group; `limit` bounds the groups. Errors: `invalid_params`, `invalid_group_by`, `insufficient_scope`,
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
  const now = deps.clock()
  const scope = planScope(principal, params, now)
  const { interval, metric = 'count' } = params
  const group_by = [...new Set(params.group_by ?? [])]
  // The axis is made here and handed to the store, so that every store cuts days alike in every zone.
  const axis =
    interval === undefined ? null : bucketStarts(interval, scope.asked.from, scope.asked.to, scope.timezone)
  const plan = {
    kind: 'stats' as const,
    ...pinned(scope, params.limit ?? DEFAULT_LIMIT),
    metric,
    group_by,
    buckets: axis,
  }
  const { rows, ...facts } = await deps.store.query<'stats'>(plan, options)
  const shaped =
    axis === null
      ? rows.map((row) => ({ ...named(group_by, row.group), value: row.value }))
      : fillSeries(rows, group_by, axis, scope.timezone)
  return { metric, rows: shaped, meta: describeResult(scope, facts) }
}

function named(group_by: readonly Dimension[], group: readonly string[]): { [D in Dimension]?: string } {
  const columns: { [D in Dimension]?: string } = {}
  for (const [index, dimension] of group_by.entries()) columns[dimension] = group[index] ?? ''
  return columns
}

/** Rows by bucket, then in the order the groups came in; a bucket without events has the value 0. */
function fillSeries(
  rows: readonly StatsResultRow[],
  group_by: readonly Dimension[],
  axis: readonly number[],
  zone: string,
): StatsRow[] {
  const groups = new Map<string, { group: readonly string[]; values: Map<number, number>; total: number }>()
  if (group_by.length === 0) groups.set('', { group: [], values: new Map(), total: 0 })
  for (const { group, bucket, value } of rows) {
    const key = group_by.length === 0 ? '' : JSON.stringify(group)
    let series = groups.get(key)
    if (series === undefined) {
      series = { group, values: new Map(), total: 0 }
      groups.set(key, series)
    }
    if (bucket !== null) series.values.set(bucket, value)
    series.total += value
  }
  const ordered = [...groups.entries()].sort(
    ([keyA, a], [keyB, b]) => b.total - a.total || (keyA < keyB ? -1 : keyA > keyB ? 1 : 0),
  )
  const filled: StatsRow[] = []
  for (const start of axis) {
    const bucket = isoInZone(start, zone)
    for (const [, series] of ordered) {
      filled.push({ bucket, ...named(group_by, series.group), value: series.values.get(start) ?? 0 })
    }
  }
  return filled
}
