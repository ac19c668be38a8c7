import type { StatsDimension } from '@millimetric/schema/wire'
import { sha256Hex } from '#crypto'
import type { StatsPlan } from '../../../ports/stats-plan.js'
import type { Binder } from './binder.js'

/** A set of groups that rows must be in, or out of. */
export type Only = NonNullable<StatsPlan['only']>

/** What of a plan one statement answers. */
export interface StatsPart {
  readonly plan: StatsPlan
  /** Null = groups over the whole range, one more than the limit. */
  readonly buckets: readonly number[] | null
  readonly only: readonly NamedGroups[]
}

export function groupKeys(group_by: readonly unknown[]): string[] {
  return group_by.map((_, index) => `group_${index}`)
}

export function grouped(by: readonly string[]): string {
  return by.length === 0 ? '' : `GROUP BY ${by.join(', ')}`
}

/** Second of a row `e`. */
export const EVENT_SECOND = 'toUnixTimestamp(e.timestamp)'

/** `bucket` of a moment in whole seconds: those from the first start to that of the bucket. */
export function bucketOf(seconds: string, buckets: readonly number[] | null, binder: Binder): string[] {
  return buckets === null ? [] : [`${bucketStart(seconds, buckets, binder)} AS bucket`]
}

/** Seconds since the first start, not before it, as 32 bits: grouping by wider numbers takes a third longer. */
export function sinceFirst(seconds: string, buckets: readonly number[], binder: Binder): string {
  return `toUInt32(${seconds} - ${binder.bind('Int64', (buckets[0] ?? 0) / 1000)})`
}

/** Likewise of the start of the bucket that holds a moment. Buckets travel as runs of equal steps: ten thousand starts fill an address. */
export function bucketStart(seconds: string, buckets: readonly number[], binder: Binder): string {
  const since = sinceFirst(seconds, buckets, binder)
  const runs = runsOf(buckets.map((start) => (start - (buckets[0] ?? 0)) / 1000))
  const [run] = runs
  // Hours, and days without a change of the clock: a division takes less than a search.
  if (run !== undefined && runs.length === 1 && run.count > 1) {
    const [step, last] = [binder.bind('UInt32', run.step), binder.bind('UInt32', run.count - 1)]
    // The last one holds all that follows.
    return `toUInt32(least(intDiv(${since}, ${step}), ${last}) * ${step})`
  }
  const bound = (of: keyof Run): string =>
    binder.bind(
      'Array(UInt32)',
      runs.map((each) => each[of]),
    )
  const starts = `arrayMap((first, step, count) -> arrayMap(n -> toUInt32(first + n * step), range(count)), ${bound('first')}, ${bound('step')}, ${bound('count')})`
  return `roundDown(${since}, arrayFlatten(${starts}))`
}

interface Run {
  readonly first: number
  readonly step: number
  readonly count: number
}

function runsOf(starts: readonly number[]): Run[] {
  const runs: Run[] = []
  for (let at = 0; at < starts.length; ) {
    const first = starts[at] ?? 0
    const step = (starts[at + 1] ?? first) - first
    let count = 1
    while (starts[at + count] === first + count * step && at + count < starts.length) count += 1
    runs.push({ first, step, count })
    at += count
  }
  return runs
}

/** Groups as a statement names them: by their values, or by digests where those are long. */
export interface NamedGroups {
  readonly by: readonly StatsDimension[]
  readonly inside: boolean
  readonly values: readonly (readonly string[])[]
  /** 16 bytes in hex, of {@link digestOf}. */
  readonly digests: readonly string[] | null
}

/** UTF-16 code units of values that a statement brings along as they are. */
const LONGEST_VALUES = 16_384

export async function nameGroups({ by, groups, inside }: Only): Promise<NamedGroups> {
  const length = groups.reduce((sum, group) => sum + group.join('').length, 0)
  const digests = length > LONGEST_VALUES ? await Promise.all(groups.map(digestOf)) : null
  return { by, inside, values: groups, digests }
}

/** Of the values of a group with their lengths in bytes, so that no two groups are one text. */
async function digestOf(group: readonly string[]): Promise<string> {
  const bytes = (text: string): number => new TextEncoder().encode(text).length
  return (await sha256Hex(group.map((value) => `${bytes(value)}:${value}`).join(''))).slice(0, 32)
}

/** Condition that keeps rows of these groups, or the others. */
export function onlyGroups(
  { by, inside, values, digests }: NamedGroups,
  columnOf: (dimension: StatsDimension) => string,
  binder: Binder,
): string {
  const texts = by.map((dimension) => `toString(${columnOf(dimension)})`)
  const within = inside ? 'IN' : 'NOT IN'
  if (digests !== null) {
    const parts = texts.map((text) => `toString(length(${text})), ':', ${text}`)
    return `substring(SHA256(concat(${parts.join(', ')})), 1, 16) ${within} (SELECT unhex(arrayJoin(${binder.bind('Array(String)', digests)})))`
  }
  // One list a column.
  const lists = by.map((_, index) =>
    binder.bind(
      'Array(String)',
      values.map((group) => group[index] ?? ''),
    ),
  )
  // Compared with a list of tuples made for it, every row would be written anew.
  if (lists.length === 1) return `${texts[0]} ${within} ${lists[0]}`
  return `tuple(${texts.join(', ')}) ${within} (SELECT arrayJoin(arrayZip(${lists.join(', ')})))`
}
