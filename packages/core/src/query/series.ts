import type { StatsDimension, StatsRow } from '@millimetric/schema/wire'
import { isoInZone } from './calendar.js'

/** One value of a group, and of a bucket when there is an axis. */
export interface ValueRow {
  readonly group: readonly string[]
  readonly bucket: number | null
  readonly value: number | null
  /** What groups are ordered by when it is not the value. */
  readonly weight?: number
}

/** The grouped columns of a row by their names. */
export function named(
  group_by: readonly StatsDimension[],
  group: readonly string[],
): { [D in StatsDimension]?: string } {
  const columns: { [D in StatsDimension]?: string } = {}
  for (const [index, dimension] of group_by.entries()) columns[dimension] = group[index] ?? ''
  return columns
}

/** Rows by bucket, groups by their total descending; a bucket where nothing happened has the value `empty`. */
export function fillSeries(
  rows: readonly ValueRow[],
  group_by: readonly StatsDimension[],
  axis: readonly number[],
  zone: string,
  empty: 0 | null,
): StatsRow[] {
  const groups = new Map<
    string,
    { group: readonly string[]; values: Map<number, number | null>; total: number }
  >()
  if (group_by.length === 0) groups.set('', { group: [], values: new Map(), total: 0 })
  for (const { group, bucket, value, weight } of rows) {
    const key = group_by.length === 0 ? '' : JSON.stringify(group)
    let series = groups.get(key)
    if (series === undefined) {
      series = { group, values: new Map(), total: 0 }
      groups.set(key, series)
    }
    if (bucket !== null) series.values.set(bucket, value)
    series.total += weight ?? value ?? 0
  }
  const ordered = [...groups.entries()].sort(
    ([keyA, a], [keyB, b]) => b.total - a.total || (keyA < keyB ? -1 : keyA > keyB ? 1 : 0),
  )
  const filled: StatsRow[] = []
  for (const start of axis) {
    const bucket = isoInZone(start, zone)
    for (const [, series] of ordered) {
      filled.push({ bucket, ...named(group_by, series.group), value: series.values.get(start) ?? empty })
    }
  }
  return filled
}
