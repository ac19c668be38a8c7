import type { Comparison, Interval } from '@millimetric/schema/wire'
import { DAY_MS } from '../time.js'
import { shift, startOf } from './calendar.js'
import { instantOf, offsetAt } from './zone.js'

interface Range {
  readonly from: number
  readonly to: number
}

/**
 * The range to compare with, half-open. `previous_period` is the same length just before: as many months for whole
 * months, as many days (of 23 to 25 hours) for whole days of the zone, else as many milliseconds. `previous_year` has the same
 * wall clock a year earlier; what begins on 29 February is compared with 28 February, what began before and ends on it ends
 * on 1 March. It is empty where the clock skipped all of it.
 */
export function comparedRange({ from, to }: Range, comparison: Comparison, zone: string): Range {
  if (comparison === 'previous_year') {
    const back = isLeapDay(from, zone) ? 'before' : 'after'
    return { from: yearBefore(from, zone, back), to: yearBefore(to, zone, back) }
  }
  const unit = wholeUnit({ from, to }, zone)
  if (unit === null) return { from: from - (to - from), to: from }
  return { from: shift(unit, from, -units(unit, from, to, zone), zone), to: from }
}

/** What a series is compared with. */
export interface ComparedAxis {
  /** Ascending starts of the parts that the compared range is cut into. */
  readonly starts: readonly number[]
  /** For each bucket of the series the start of its part; null where the compared range has none. */
  readonly places: readonly (number | null)[]
}

/**
 * Cuts the range compared with like the series: each bucket is laid beside the same wall clock as much earlier, and beside
 * no more of it than the bucket is long, so that weeks and hours are like for like whatever day or offset they begin with.
 * Two buckets share a part where the calendar has one for both: 28 and 29 February a year after, and the hour that the clock
 * repeats. What lies beside no bucket (29 February a year before, the last days of a longer month) is a part of its own.
 */
export function comparedAxis(
  { axis, interval, asked }: { axis: readonly number[]; interval: Interval; asked: Range },
  comparison: Comparison,
  zone: string,
): ComparedAxis {
  const past = comparedRange(asked, comparison, zone)
  const back = shiftBack(asked, comparison, zone)
  const isInside = (at: number | null | undefined): at is number =>
    typeof at === 'number' && at >= past.from && at < past.to
  const places = axis.map((start) => {
    const at = back(Math.max(start, asked.from))
    return isInside(at) ? at : null
  })
  // A month is a month, of 28 to 31 days; and milliseconds are shifted without a gap.
  const tiles = interval === 'month' || (comparison === 'previous_period' && wholeUnit(asked, zone) === null)
  const ends = tiles
    ? []
    : places.map((at, place) => {
        if (at === null) return undefined
        const start = Math.max(axis[place] ?? 0, asked.from)
        const end = axis[place + 1] ?? asked.to
        if (interval === 'hour' || interval === 'minute') return at + (end - start)
        return shift('day', at, units('day', startOf('day', start, zone), end, zone), zone)
      })
  // Stores cut at whole seconds. Before the range nothing is counted, so that the first may begin there.
  const cut = (at: number): number => (at === past.from ? Math.floor : Math.ceil)(at / 1000) * 1000
  const starts = [past.from, ...places, ...ends]
    .filter(isInside)
    .map(cut)
    .filter((at) => at < past.to)
  return {
    starts: [...new Set(starts)].sort((a, b) => a - b),
    places: places.map((at) => (at === null || cut(at) >= past.to ? null : cut(at))),
  }
}

/** The same wall clock as much earlier as the compared range is; undefined where its month has no such day. */
function shiftBack(asked: Range, comparison: Comparison, zone: string): (ms: number) => number | undefined {
  if (comparison === 'previous_year') {
    const { from } = comparedRange(asked, comparison, zone)
    return (ms) => {
      const at = yearBefore(ms, zone, 'before')
      return at < from ? yearBefore(ms, zone, 'after') : at
    }
  }
  const unit = wholeUnit(asked, zone)
  if (unit === null) return (ms) => ms - (asked.to - asked.from)
  const count = units(unit, asked.from, asked.to, zone)
  return (ms) => {
    const wall = wallOf(ms, zone)
    const day = wall.getUTCDate()
    if (unit === 'day') wall.setUTCDate(day - count)
    else wall.setUTCMonth(wall.getUTCMonth() - count)
    const isThere = unit === 'day' || wall.getUTCDate() === day
    return isThere ? instantOf(wall.getTime(), zone) : undefined
  }
}

/** What the range is made of: months, or else days; null when its ends are within days. */
function wholeUnit({ from, to }: Range, zone: string): 'month' | 'day' | null {
  const isWhole = (unit: 'day' | 'month'): boolean =>
    startOf(unit, from, zone) === from && startOf(unit, to, zone) === to
  if (isWhole('month')) return 'month'
  return isWhole('day') ? 'day' : null
}

function units(unit: 'day' | 'month', from: number, to: number, zone: string): number {
  const [start, end] = [wallOf(from, zone), wallOf(to, zone)]
  if (unit === 'day') return Math.round((end.getTime() - start.getTime()) / DAY_MS)
  return (end.getUTCFullYear() - start.getUTCFullYear()) * 12 + end.getUTCMonth() - start.getUTCMonth()
}

/** Wall-clock time, written as if it were UTC. A day that begins at one o'clock, because the clock skips midnight, begins at midnight. */
function wallOf(ms: number, zone: string): Date {
  const wall = new Date(ms + offsetAt(ms, zone))
  if (startOf('day', ms, zone) === ms) wall.setUTCHours(0, 0, 0, 0)
  return wall
}

function isLeapDay(ms: number, zone: string): boolean {
  const wall = wallOf(ms, zone)
  return wall.getUTCMonth() === 1 && wall.getUTCDate() === 29
}

/** 29 February becomes the day before or after it. */
function yearBefore(ms: number, zone: string, leapDay: 'before' | 'after'): number {
  const wall = wallOf(ms, zone)
  if (leapDay === 'before' && isLeapDay(ms, zone)) wall.setUTCDate(28)
  wall.setUTCFullYear(wall.getUTCFullYear() - 1)
  return instantOf(wall.getTime(), zone)
}
