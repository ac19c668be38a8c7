import { compareLists } from './memory-order.js'

/** One line of a report: a group, or a group in a bucket, with what belongs to it. */
export interface Cell<T> {
  readonly group: readonly string[]
  readonly bucket: number | null
  readonly items: readonly T[]
  readonly value: number
}

interface TableOptions<T> {
  groupOf(item: T): readonly string[]
  momentOf(item: T): number
  /** What lines are sorted by, largest first. */
  valueOf(items: readonly T[]): number
  /** No dimension: one line, also when there is nothing to count. */
  total: boolean
  buckets: readonly number[] | null
  limit: number
}

export function groupItems<T>(items: readonly T[], keyOf: (item: T) => readonly string[]): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const item of items) {
    const key = JSON.stringify(keyOf(item))
    const found = groups.get(key)
    if (found === undefined) groups.set(key, [item])
    else found.push(item)
  }
  return groups
}

/** Groups by size, then name; with buckets the largest groups whole, by bucket, then size, then name. */
export function tabulate<T>(
  items: readonly T[],
  options: TableOptions<T>,
): { cells: Cell<T>[]; truncated: boolean } {
  const { buckets, limit } = options
  const cell = (group: readonly string[], bucket: number | null, list: readonly T[]): Cell<T> => ({
    group,
    bucket,
    items: list,
    value: options.valueOf(list),
  })
  const cellsOf = (list: readonly T[], bucketOf: (item: T) => number | null): Cell<T>[] =>
    [...groupItems(list, (item) => [String(bucketOf(item)), ...options.groupOf(item)]).values()]
      .flatMap(([first, ...rest]) =>
        first === undefined ? [] : [cell(options.groupOf(first), bucketOf(first), [first, ...rest])],
      )
      .sort(
        (a, b) => (a.bucket ?? 0) - (b.bucket ?? 0) || b.value - a.value || compareLists(a.group, b.group),
      )
  const totals = cellsOf(items, () => null)
  if (options.total && totals.length === 0) totals.push(cell([], null, []))
  const kept = totals.slice(0, limit)
  const truncated = totals.length > limit
  if (buckets === null) return { cells: kept, truncated }
  const bucketOf = (item: T): number => buckets.findLast((start) => start <= options.momentOf(item)) ?? 0
  return {
    cells: cellsOf(
      kept.flatMap(({ items: own }) => own),
      bucketOf,
    ),
    truncated,
  }
}
