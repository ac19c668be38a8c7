import type { CallOptions } from '../../ports/event-store.js'
import {
  checkSeries,
  emptyValue,
  propertyOf,
  type StatsPlan,
  type StatsResult,
  type StatsResultRow,
} from '../../ports/stats-plan.js'
import type { FindReading, Read } from './reader.js'
import type { RolledDays } from './sql/rollup.js'
import { rankedSeriesStatement, ranksItself, statsStatement } from './sql/stats.js'
import { type NamedGroups, nameGroups } from './sql/stats-part.js'

type Row = { readonly [column: string]: string | number | null | undefined }

/** A group, with its buckets and the metrics of each. */
type Series = { readonly series: readonly (readonly (number | null)[])[] } & {
  readonly [column: string]: unknown
}

export function createStatsAnswer({
  read,
  reading,
}: {
  read: Read
  reading: FindReading
}): (plan: StatsPlan, options: CallOptions | undefined, rolled: RolledDays | null) => Promise<StatsResult> {
  return async (plan, options, rolled) => {
    const how = await reading(plan, options)
    const only = plan.only === null ? [] : [await nameGroups(plan.only)]
    const ask = async (buckets: readonly number[] | null, within: readonly NamedGroups[]): Promise<Row[]> =>
      await read<Row>(statsStatement(how, { plan, buckets, only: within }, rolled), options)
    const answered_by = rolled === null ? 'raw' : 'rollup'
    const { buckets, group_by, limit } = plan
    if (buckets !== null && group_by.length === 0) {
      const rows = await ask(buckets, only)
      return {
        truncated: false,
        estimated: false,
        answered_by,
        groups: [[]],
        rows: rows.map((row) => toRow(plan, row)),
      }
    }
    if (ranksItself(plan)) {
      const series = await read<Series>(rankedSeriesStatement(how, { plan, buckets, only }, rolled), options)
      return { estimated: false, answered_by, ...rankedRows(plan, series) }
    }
    const found = await ask(null, only)
    const kept = found.slice(0, limit).map((row) => toRow(plan, row))
    const groups = kept.map(({ group }) => group)
    const facts = { truncated: found.length > limit, estimated: false, answered_by, groups } as const
    if (buckets === null || kept.length === 0) return { ...facts, rows: kept }
    checkSeries(groups.length, buckets.length)
    const series = await ask(buckets, [...only, await nameGroups({ by: group_by, groups, inside: true })])
    const place = new Map(groups.map((group, index) => [JSON.stringify(group), index]))
    const placeOf = ({ group }: StatsResultRow): number => place.get(JSON.stringify(group)) ?? 0
    const rows = series
      .map((row) => toRow(plan, row))
      .sort((a, b) => (a.bucket ?? 0) - (b.bucket ?? 0) || placeOf(a) - placeOf(b))
    return { ...facts, rows }
  }
}

/** Rows by bucket and place, without those of the group beyond the limit. */
function rankedRows(
  plan: StatsPlan,
  series: readonly Series[],
): Pick<StatsResult, 'groups' | 'rows' | 'truncated'> {
  const kept = series.slice(0, plan.limit).map((row) => ({ group: groupOf(plan, row), points: row.series }))
  const rows = kept
    .flatMap(({ group, points }) =>
      points.map(([bucket, ...values]) => ({
        group,
        bucket: startOf(plan, bucket),
        values: valuesIn(plan, values),
      })),
    )
    // Those of one bucket stay in the order of their groups.
    .sort((a, b) => (a.bucket ?? 0) - (b.bucket ?? 0))
  return { groups: kept.map(({ group }) => group), rows, truncated: series.length > plan.limit }
}

function toRow(plan: StatsPlan, row: Row): StatsResultRow {
  return {
    group: groupOf(plan, row),
    bucket: startOf(plan, row.bucket),
    values: valuesIn(
      plan,
      plan.metrics.map((_, index) => row[`metric_${index}`]),
    ),
  }
}

/** Epoch milliseconds of a bucket. */
function startOf({ buckets }: StatsPlan, bucket: unknown): number | null {
  return typeof bucket === 'number' ? (buckets?.[0] ?? 0) + bucket * 1000 : null
}

function groupOf({ group_by }: StatsPlan, row: { readonly [column: string]: unknown }): string[] {
  return group_by.map((_, index) => String(row[`group_${index}`] ?? ''))
}

function valuesIn({ metrics }: StatsPlan, values: readonly unknown[]): (number | null)[] {
  return metrics.map((metric, index) => {
    const value = values[index]
    // JSON has no infinity, and the sum of nothing is 0 already.
    if (value === null && propertyOf(metric)?.aggregate === 'sum') return Number.POSITIVE_INFINITY
    return typeof value === 'number' ? value : emptyValue(metric)
  })
}
