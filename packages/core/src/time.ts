import { TIMESTAMP_RANGE } from '@millimetric/schema/limits'

export type TimestampProblem = 'invalid_timestamp' | 'timestamp_out_of_range'
export type ParsedTimestamp =
  | { ok: true; ms: number }
  | { ok: false; code: TimestampProblem; message: string }

const ISO =
  /^([+-]?\d{4,6})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?\s?(Z|z|[+-]\d{2}:?\d{2})?)?$/

/** Milliseconds below this are before March 1973; the same number read as seconds is a date of today. */
export const SECONDS_LOOK = 100_000_000_000

/**
 * Reads an event time: ISO 8601 text (no zone = UTC, `:60` = the next second), epoch milliseconds, or a Date.
 * Anything else is refused with a message that says what to send; nothing is ever guessed into 1970.
 */
export function parseTimestamp(input: string | number | Date): ParsedTimestamp {
  if (typeof input === 'number') return fromNumber(input)
  if (typeof input === 'string') return fromText(input)
  return inRange(input.getTime())
}

function fromNumber(value: number): ParsedTimestamp {
  if (!Number.isFinite(value) || value < 0) {
    return invalid('A numeric timestamp must be epoch milliseconds, for example 1778958000000.')
  }
  if (value < SECONDS_LOOK) {
    return invalid(`${value} looks like seconds; send epoch milliseconds (multiply by 1000) or ISO 8601.`)
  }
  return inRange(Math.floor(value))
}

function fromText(text: string): ParsedTimestamp {
  const match = ISO.exec(text)
  if (match === null) {
    return invalid(
      /^\d{9,11}(\.\d+)?$/.test(text)
        ? 'The timestamp looks like seconds; send epoch milliseconds as a number, or ISO 8601.'
        : 'The timestamp is not ISO 8601, for example 2026-05-16T19:00:00.000Z.',
    )
  }
  const [, year, month, day, hour = '0', minute = '0', second = '0', fraction = '', zone = 'Z'] = match
  const [y, mo, d, h, mi, s] = [year, month, day, hour, minute, second].map(Number)
  if (y === undefined || mo === undefined || d === undefined) return invalid('The timestamp has no date.')
  if (h === undefined || mi === undefined || s === undefined || h > 24 || mi > 59 || s > 60) {
    return invalid('The timestamp has a time of day that does not exist.')
  }
  const midnight = new Date(0)
  midnight.setUTCFullYear(y, mo - 1, d)
  if (midnight.getUTCMonth() !== mo - 1 || midnight.getUTCDate() !== d || (h === 24 && (mi > 0 || s > 0))) {
    return invalid('The timestamp names a day or time that does not exist.')
  }
  const millis = Number(fraction.slice(0, 3).padEnd(3, '0'))
  const offset = zoneOffset(zone)
  if (offset === undefined) return invalid('The timestamp has a zone offset that does not exist.')
  return inRange(midnight.getTime() + ((h * 60 + mi - offset) * 60 + s) * 1000 + millis)
}

/** Minutes east of UTC. */
function zoneOffset(zone: string): number | undefined {
  if (zone === 'Z' || zone === 'z') return 0
  const hours = Number(zone.slice(1, 3))
  const minutes = Number(zone.slice(-2))
  if (hours > 18 || minutes > 59) return undefined
  return (zone[0] === '-' ? -1 : 1) * (hours * 60 + minutes)
}

function inRange(ms: number): ParsedTimestamp {
  if (Number.isNaN(ms)) return invalid('The timestamp is not a date.')
  if (ms >= TIMESTAMP_RANGE.min && ms < TIMESTAMP_RANGE.max) return { ok: true, ms }
  return {
    ok: false,
    code: 'timestamp_out_of_range',
    message: 'The timestamp is outside the years 1970–2105.',
  }
}

function invalid(message: string): ParsedTimestamp {
  return { ok: false, code: 'invalid_timestamp', message }
}

/** `YYYY-MM-DD` of the UTC day. */
export function utcDay(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10)
}

export const DAY_MS = 86_400_000

/** Longest wait for an answer of the key store, so that a request is answered within two seconds. */
export const ANSWER_MS = 1_750

/**
 * Rejects when the work takes longer; the work itself goes on. An answer that is here already when the timer fires, behind
 * something that held the process up, is still heard.
 */
export async function withDeadline<T>(ms: number, work: T | Promise<T>, message: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      timer = setTimeout(() => reject(new Error(message)), 1)
    }, ms)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

/** The function, called at most once in so many milliseconds; a clock that was set back lets it through. */
export function atMostEvery<Args extends unknown[]>(
  ms: number,
  clock: () => number,
  call: (...args: Args) => void,
): (...args: Args) => void {
  let calledAt = Number.NEGATIVE_INFINITY
  return (...args) => {
    const now = clock()
    if (now >= calledAt && now - calledAt < ms) return
    calledAt = now
    call(...args)
  }
}
