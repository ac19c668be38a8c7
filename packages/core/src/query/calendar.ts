import { LIMITS } from '@millimetric/schema/limits'
import type { Interval } from '@millimetric/schema/wire'
import { AnalyticsError } from '../errors.js'
import { DAY_MS } from '../time.js'
import { instantOf, offsetAt } from './zone.js'

const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000

/** ISO 8601 with the offset that the zone has at that instant; milliseconds only when there are any. */
export function isoInZone(ms: number, zone: string): string {
  const offset = offsetAt(ms, zone)
  const wall = new Date(ms + offset).toISOString()
  const minutes = Math.round(Math.abs(offset) / MINUTE_MS)
  const two = (n: number): string => String(n).padStart(2, '0')
  return `${wall.slice(0, ms % 1000 === 0 ? 19 : 23)}${offset < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`
}

/** First instant of the unit of wall-clock time that holds `ms`. Weeks start on Monday (ISO 8601). */
export function startOf(interval: Interval, ms: number, zone: string): number {
  if (interval === 'minute') return ms - modulo(ms, MINUTE_MS)
  if (interval === 'hour') return startOfHour(ms, zone)
  return instantOf(wallStart(interval, ms + offsetAt(ms, zone)), zone)
}

// Goes back exact minutes on the time line instead of setting the wall clock: in the hour that a change to
// winter time repeats, "01:00" names two instants, and the earlier one is the start of the first hour only.
// Where the clock moves by half an hour (Lord Howe) that may land on a half hour: then the hour began earlier.
function startOfHour(ms: number, zone: string): number {
  const past = modulo(ms + offsetAt(ms, zone), HOUR_MS)
  return past === 0 ? ms : startOfHour(ms - past, zone)
}

/** Start of the day, week or month of a wall-clock time written as if it were UTC. */
function wallStart(interval: 'day' | 'week' | 'month', wall: number): number {
  const midnight = wall - modulo(wall, DAY_MS)
  if (interval === 'day') return midnight
  const date = new Date(midnight)
  if (interval === 'month') return midnight - (date.getUTCDate() - 1) * DAY_MS
  return midnight - ((date.getUTCDay() + 6) % 7) * DAY_MS
}

/** Start of the unit `count` after (or before) the one that holds `ms`. */
export function shift(interval: 'day' | 'week' | 'month', ms: number, count: number, zone: string): number {
  const wall = wallStart(interval, ms + offsetAt(ms, zone))
  if (interval !== 'month') return instantOf(wall + count * (interval === 'week' ? 7 : 1) * DAY_MS, zone)
  const date = new Date(wall)
  return instantOf(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + count, 1), zone)
}

function next(interval: Interval, start: number, zone: string): number {
  if (interval === 'minute') return start + MINUTE_MS
  if (interval !== 'hour') return shift(interval, start, 1, zone)
  for (let ahead = start + HOUR_MS; ; ahead += HOUR_MS / 2) {
    const hour = startOfHour(ahead, zone)
    if (hour > start) return hour
  }
}

/**
 * Ascending starts of every bucket that overlaps the half-open range [from, to). The first may lie before
 * `from`. Throws `invalid_params` over 10,000 buckets.
 */
export function bucketStarts(interval: Interval, from: number, to: number, zone: string): number[] {
  const starts: number[] = []
  for (let at = startOf(interval, from, zone); at < to; at = next(interval, at, zone)) {
    starts.push(at)
    if (starts.length > LIMITS.seriesBuckets) {
      throw new AnalyticsError(
        'invalid_params',
        `interval: more than ${LIMITS.seriesBuckets} buckets of one ${interval}; take a longer interval or a shorter range.`,
        { details: { reason: 'too_many_buckets', limit: LIMITS.seriesBuckets } },
      )
    }
  }
  return starts
}

/** Never negative, also before 1970. */
function modulo(value: number, by: number): number {
  return ((value % by) + by) % by
}
