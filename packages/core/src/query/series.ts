import type { AnyStatsRow, StatsDimension } from '@millimetric/schema/wire'
import { checkSeries, type StatsResult, type StatsResultRow } from '../ports/stats-plan.js'
import { isoInZone } from './calendar.js'

/** One answer of a store with what its rows are cut by. */
export interface Table {
  readonly result: StatsResult
  readonly group_by: readonly StatsDimension[]
  /** Starts of all buckets, null without an interval. */
  readonly axis: readonly number[] | null
}

interface Shape {
  /** Names of the value columns. */
  readonly columns: readonly string[]
  /** What each column is where nothing happened. */
  readonly empty: readonly (number | null)[]
  readonly zone: string
}

/**
 * Rows with their columns by name. A series holds every bucket for every group. `before` is the answer that each row is
 * compared with: of the same group, and of the bucket at the same place.
 */
export function shapeRows(table: Table, before: Table | undefined, shape: Shape): AnyStatsRow[] {
  const now = indexed(table)
  const then = before === undefined ? undefined : indexed(before)
  const starts = table.axis ?? [null]
  // Of a compared series the other range may have fewer groups, and still each gets every bucket.
  checkSeries(table.result.groups.length, starts.length)
  const rows: AnyStatsRow[] = []
  for (const [place, start] of starts.entries()) {
    const previous = before === undefined ? undefined : previousStart(before, place)
    const bucket = start === null ? undefined : isoInZone(start, shape.zone)
    for (const group of table.result.groups) {
      rows.push({
        ...groupColumns(table.group_by, group),
        ...(bucket === undefined ? {} : { bucket }),
        ...valueColumns(now(group, start) ?? shape.empty, shape),
        ...(then === undefined
          ? {}
          : {
              previous:
                previous === undefined ? null : valueColumns(then(group, previous) ?? shape.empty, shape),
            }),
      })
    }
  }
  return rows
}

/** Start of the bucket at the same place of the other axis; undefined when that one is shorter. */
function previousStart({ axis }: Table, place: number): number | null | undefined {
  return axis === null ? null : axis[place]
}

function indexed({
  result,
}: Table): (group: readonly string[], bucket: number | null) => StatsResultRow['values'] | undefined {
  const nameOf = (group: readonly string[], bucket: number | null): string =>
    JSON.stringify([bucket, ...group])
  const values = new Map(result.rows.map((row) => [nameOf(row.group, row.bucket), row.values]))
  return (group, bucket) => values.get(nameOf(group, bucket))
}

function groupColumns(group_by: readonly StatsDimension[], group: readonly string[]): Record<string, string> {
  return Object.fromEntries(group_by.map((dimension, index) => [dimension, group[index] ?? '']))
}

function valueColumns(values: readonly (number | null)[], { columns }: Shape): Record<string, number | null> {
  return Object.fromEntries(columns.map((name, index) => [name, values[index] ?? null]))
}
