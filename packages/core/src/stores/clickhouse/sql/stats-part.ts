import type { StatsDimension } from '@millimetric/schema/wire'
import type { StatsPlan } from '../../../ports/stats-plan.js'
import type { Binder } from './binder.js'

/** A set of groups that rows must be in, or out of. */
export type Only = NonNullable<StatsPlan['only']>

/** What of a plan one statement answers. */
export interface StatsPart {
  readonly plan: StatsPlan
  /** Null = groups over the whole range, one more than the limit. */
  readonly buckets: readonly number[] | null
  readonly only: readonly Only[]
}

export function groupKeys(group_by: readonly unknown[]): string[] {
  return group_by.map((_, index) => `group_${index}`)
}

export function grouped(by: readonly string[]): string {
  return by.length === 0 ? '' : `GROUP BY ${by.join(', ')}`
}

/** `bucket` of a moment in milliseconds. */
export function bucketOf(moment: string, buckets: readonly number[] | null, binder: Binder): string[] {
  return buckets === null ? [] : [`roundDown(${moment}, ${binder.bind('Array(Int64)', buckets)}) AS bucket`]
}

/** Condition that keeps rows of these groups, or the others. Values travel as one list a column. */
export function onlyGroups(
  { by, groups, inside }: Only,
  columnOf: (dimension: StatsDimension) => string,
  binder: Binder,
): string {
  const lists = by.map((_, index) =>
    binder.bind(
      'Array(String)',
      groups.map((group) => group[index] ?? ''),
    ),
  )
  const texts = by.map((dimension) => `toString(${columnOf(dimension)})`)
  return `tuple(${texts.join(', ')}) ${inside ? 'IN' : 'NOT IN'} (SELECT arrayJoin(arrayZip(${lists.join(', ')})))`
}
