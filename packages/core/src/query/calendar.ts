import { LIMITS } from '@millimetric/schema/limits'
import type { Interval } from '@millimetric/schema/wire'
import { Temporal } from 'temporal-polyfill'
import { AnalyticsError } from '../errors.js'

/** Throws `invalid_params` unless the runtime knows the IANA zone. */
export function checkZone(zone: string): void {
  try {
    Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(zone)
  } catch {
    throw new AnalyticsError(
      'invalid_params',
      `timezone: "${zone}" is not an IANA time zone such as Europe/Paris.`,
    )
  }
}

function zoned(ms: number, zone: string): Temporal.ZonedDateTime {
  return Temporal.Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO(zone)
}

/** ISO 8601 with the offset that the zone has at that instant; milliseconds only when there are any. */
export function isoInZone(ms: number, zone: string): string {
  const at = zoned(ms, zone)
  const smallestUnit = ms % 1000 === 0 ? 'second' : 'millisecond'
  return at.toString({ timeZoneName: 'never', smallestUnit })
}

/** First instant of the unit of wall-clock time that holds `ms`. Weeks start on Monday (ISO 8601). */
export function startOf(interval: Interval, ms: number, zone: string): number {
  const at = zoned(ms, zone)
  switch (interval) {
    case 'minute':
      return ms - (ms % 60_000)
    case 'hour':
      return startOfHour(at)
    case 'day':
      return at.startOfDay().epochMilliseconds
    case 'week':
      return at
        .toPlainDate()
        .subtract({ days: at.dayOfWeek - 1 })
        .toZonedDateTime(zone).epochMilliseconds
    case 'month':
      return at.toPlainDate().with({ day: 1 }).toZonedDateTime(zone).epochMilliseconds
  }
}

// Goes back exact minutes on the time line instead of setting the wall clock: in the hour that a change to
// winter time repeats, "01:00" names two instants, and the earlier one is the start of the first hour only.
function startOfHour(at: Temporal.ZonedDateTime): number {
  return at.epochMilliseconds - (at.minute * 60_000 + at.second * 1000 + at.millisecond)
}

/** Start of the unit `count` after (or before) the one that starts at `start`. */
export function shift(
  interval: 'day' | 'week' | 'month',
  start: number,
  count: number,
  zone: string,
): number {
  const date = zoned(start, zone).toPlainDate()
  const moved = date.add(
    interval === 'month' ? { months: count } : interval === 'week' ? { weeks: count } : { days: count },
  )
  return moved.toZonedDateTime(zone).epochMilliseconds
}

function next(interval: Interval, start: number, zone: string): number {
  if (interval === 'minute') return start + 60_000
  if (interval !== 'hour') return shift(interval, start, 1, zone)
  // Where the clock moves by half an hour (Lord Howe) the next full hour is 30 or 90 minutes away.
  const hour = startOfHour(zoned(start + 3_600_000, zone))
  return hour > start ? hour : start + 3_600_000
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

/** Reads ISO 8601; without an offset it is wall-clock time of the zone, a date alone its first instant. */
export function parseInZone(text: string, zone: string): number | undefined {
  try {
    if (/(?:[zZ]|[+-]\d{2}:?\d{2})$/.test(text) && text.includes(':')) {
      return Temporal.Instant.from(text).epochMilliseconds
    }
    return Temporal.PlainDateTime.from(text.replace(' ', 'T')).toZonedDateTime(zone).epochMilliseconds
  } catch {
    return undefined
  }
}
