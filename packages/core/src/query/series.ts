import type { AnyStatsRow, StatsDimension } from '@millimetric/schema/wire'
import { checkSeries, type StatsResult, type StatsResultRow } from '../ports/stats-plan.js'
import { isoInZone } from './calendar.js'

/** One answer of a store with what its rows are cut by. */
export interface Table {
  readonly result: StatsResult
  readonly group_by: readonly StatsDimension[]
  /** For each bucket of the series the start of what the rows call it, null for none; null without an interval. */
  readonly axis: readonly (number | null)[] | null
}

interface Shape {
  /** Names of the value columns. */
  readonly columns: readonly string[]
  /** What each column is where nothing happened. */
  readonly empty: readonly (number | null)[]
  readonly zone: string
}

type Columns<Value> = Record<string, Value>

/**
 * Rows with their columns by name. A series holds every bucket for every group. `before` is the answer that each row is
 * compared with: of the same group, and of the part of its range that lies beside the bucket.
 */
export function shapeRows(table: Table, before: Table | undefined, shape: Shape): AnyStatsRow[] {
  const now = indexed(table)
  const then = before === undefined ? undefined : indexed(before)
  const starts = table.axis ?? [null]
  // Of a compared series the other range may have fewer groups, and still each gets every bucket.
  checkSeries(table.result.groups.length, starts.length)
  const groups = table.result.groups.map((group) => ({ group, name: nameOf(group) }))
  const rows: AnyStatsRow[] = []
  for (const [place, start] of starts.entries()) {
    const values = now.get(start)
    const previous = before?.axis?.[place]
    const isBeside = start === null || typeof previous === 'number'
    const bucket = start === null ? undefined : isoInZone(start, shape.zone)
    for (const { group, name } of groups) {
      // Column by column: rows that were put together of parts took half the time of planning and shaping.
      const row: Columns<string | number | null | Columns<number | null>> = {}
      for (const [index, dimension] of table.group_by.entries()) row[dimension] = group[index] ?? ''
      if (bucket !== undefined) row.bucket = bucket
      Object.assign(row, valueColumns(values?.get(name) ?? shape.empty, shape))
      if (then !== undefined) {
        const earlier = then.get(previous ?? null)?.get(name) ?? shape.empty
        row.previous = isBeside ? valueColumns(earlier, shape) : null
      }
      rows.push(row)
    }
  }
  return rows
}

type Values = StatsResultRow['values']

/** Values by bucket and name of the group. */
function indexed({ result }: Table): Map<number | null, Map<string, Values>> {
  const buckets = new Map<number | null, Map<string, Values>>()
  for (const { group, bucket, values } of result.rows) {
    let groups = buckets.get(bucket)
    if (groups === undefined) {
      groups = new Map()
      buckets.set(bucket, groups)
    }
    groups.set(nameOf(group), values)
  }
  return buckets
}

/** Tells groups of one length apart. */
function nameOf(group: readonly string[]): string {
  const [only = ''] = group
  return group.length > 1 ? JSON.stringify(group) : only
}

function valueColumns(values: Values, { columns, empty }: Shape): Columns<number | null> {
  const row: Columns<number | null> = {}
  for (const [index, name] of columns.entries()) {
    const value = values[index] ?? null
    row[name] = value === null || Number.isFinite(value) ? value : (empty[index] ?? null)
  }
  return row
}

/** Places of the columns with a value beyond the largest number, which rows show as if nothing had happened. */
export function overflown(tables: readonly (Table | undefined)[]): number[] {
  const places = new Set<number>()
  for (const table of tables) {
    for (const { values } of table?.result.rows ?? []) {
      for (const [place, value] of values.entries()) {
        if (value !== null && !Number.isFinite(value)) places.add(place)
      }
    }
  }
  return [...places]
}
