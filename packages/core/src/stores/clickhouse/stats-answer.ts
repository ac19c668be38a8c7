import type { CallOptions } from '../../ports/event-store.js'
import {
  checkSeries,
  emptyValue,
  type StatsPlan,
  type StatsResult,
  type StatsResultRow,
} from '../../ports/stats-plan.js'
import type { FindReading, Read } from './reader.js'
import type { Reading } from './sql/reading.js'
import { freshDaysStatement, type RolledDays, remainder, rollupDays } from './sql/rollup.js'
import { statsStatement } from './sql/stats.js'
import { type NamedGroups, nameGroups } from './sql/stats-part.js'

const MOST_GAPS = 20

type Row = { readonly [column: string]: string | number | null | undefined }

export function createStatsAnswer({
  read,
  database,
  rollupFromRows,
  reading,
}: {
  read: Read
  database: string
  rollupFromRows: number
  reading: FindReading
}): (plan: StatsPlan, options?: CallOptions) => Promise<StatsResult> {
  async function rolledDays(
    plan: StatsPlan,
    how: Reading,
    options: CallOptions | undefined,
  ): Promise<RolledDays | null> {
    const days = how.distinct ? [] : rollupDays(plan)
    if (days.length === 0) return null
    const ends = new Map(days.map(({ start, end }) => [start, end]))
    type Fresh = { start: number; generation: string; rows: number }
    const found = await read<Fresh>(freshDaysStatement(database, plan.project_id, days), options)
    if (found.length === 0 || found.reduce((sum, { rows }) => sum + rows, 0) < rollupFromRows) return null
    const fresh = found.map(({ start, generation }) => ({ start, end: ends.get(start) ?? start, generation }))
    const gaps = remainder(plan, fresh)
    return gaps.length > MOST_GAPS ? null : { fresh, gaps }
  }

  return async (plan, options) => {
    const how = await reading(plan, options)
    const rolled = await rolledDays(plan, how, options)
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

function toRow(plan: StatsPlan, row: Row): StatsResultRow {
  const { bucket } = row
  return {
    group: plan.group_by.map((_, index) => String(row[`group_${index}`] ?? '')),
    bucket: typeof bucket === 'number' ? bucket : null,
    values: plan.metrics.map((metric, index) => {
      const value = row[`metric_${index}`]
      return typeof value === 'number' ? value : emptyValue(metric)
    }),
  }
}
