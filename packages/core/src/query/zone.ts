import { suggest } from '@millimetric/schema'
import { Temporal } from 'temporal-polyfill'
import { AnalyticsError } from '../errors.js'

/** A stretch of time, half-open [start, end), in which a zone keeps one offset. */
interface Stretch {
  readonly start: number
  readonly end: number
  /** Milliseconds east of UTC. */
  readonly offset: number
}

// A conversion by Temporal costs 30 µs, and a series needs thousands; the stretches between two changes of the
// clock are asked for once a process. Zones are few hundreds, stretches two a year.
const known = new Map<string, Stretch[]>()
const MOST_ZONES = 1_000

function zoned(ms: number, zone: string): Temporal.ZonedDateTime {
  return Temporal.Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO(zone)
}

/** Throws `invalid_params` unless the runtime knows the IANA zone; Temporal also takes offsets, which are none. */
export function checkZone(zone: string): void {
  if (known.has(zone)) return
  try {
    if (/^[A-Za-z]/.test(zone)) return void zoned(0, zone)
  } catch {
    // Falls through: whatever it is instead.
  }
  const near = suggest(zone, Intl.supportedValuesOf('timeZone'))
  throw new AnalyticsError(
    'invalid_params',
    `timezone: "${zone}" is not an IANA time zone such as Europe/Paris, or Etc/GMT-5 for UTC+5${near}.`,
    { details: { field: 'timezone' } },
  )
}

function stretchAt(ms: number, zone: string): Stretch {
  let stretches = known.get(zone)
  if (stretches === undefined) {
    // The same zone has many spellings, and anybody who may ask may try them all.
    if (known.size >= MOST_ZONES) known.clear()
    stretches = []
    known.set(zone, stretches)
  }
  const found = stretches.find(({ start, end }) => ms >= start && ms < end)
  if (found !== undefined) return found
  const at = zoned(ms, zone)
  const stretch: Stretch = {
    // `previous` looks strictly before its instant, and a change at `ms` itself begins this stretch.
    start:
      zoned(ms + 1, zone).getTimeZoneTransition('previous')?.epochMilliseconds ?? Number.NEGATIVE_INFINITY,
    end: at.getTimeZoneTransition('next')?.epochMilliseconds ?? Number.POSITIVE_INFINITY,
    offset: at.offsetNanoseconds / 1_000_000,
  }
  stretches.push(stretch)
  return stretch
}

/** Milliseconds that the zone is east of UTC at this instant. */
export function offsetAt(ms: number, zone: string): number {
  return stretchAt(ms, zone).offset
}

const DAY_MS = 86_400_000

/**
 * The first instant whose wall clock is not before `wall` (wall-clock time written as if it were UTC): of two
 * instants with the same wall clock the earlier, and where the clock skips `wall` the moment of the change.
 */
export function instantOf(wall: number, zone: string): number {
  const before = offsetAt(wall - DAY_MS, zone)
  const after = offsetAt(wall + DAY_MS, zone)
  const early = wall - before
  if (before === after || offsetAt(early, zone) === before) return early
  const late = wall - after
  return offsetAt(late, zone) === after ? late : stretchAt(early, zone).start
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
