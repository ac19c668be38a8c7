import * as fc from 'fast-check'
import { Temporal } from 'temporal-polyfill'
import { describe, expect, test } from 'vitest'
import { bucketStarts, isoInZone, shift, startOf } from '../../src/query/calendar.js'
import { checkZone, parseInZone } from '../../src/query/zone.js'

const ZONES = [
  'UTC',
  'America/New_York',
  'Asia/Kathmandu',
  'Australia/Lord_Howe',
  'Pacific/Chatham',
  'America/Sao_Paulo',
  'Africa/Cairo',
  'America/St_Johns',
]
const INTERVALS = ['hour', 'day', 'week', 'month'] as const
const at = (text: string): number => Date.parse(text)
const labels = (
  interval: (typeof INTERVALS)[number] | 'minute',
  from: string,
  to: string,
  zone: string,
): string[] => bucketStarts(interval, at(from), at(to), zone).map((start) => isoInZone(start, zone))

describe('documented days', () => {
  test('spring forward: a day of 23 hours', () => {
    expect(labels('day', '2026-03-07T05:00Z', '2026-03-10T04:00Z', 'America/New_York')).toEqual([
      '2026-03-07T00:00:00-05:00',
      '2026-03-08T00:00:00-05:00',
      '2026-03-09T00:00:00-04:00',
    ])
    expect(
      bucketStarts('hour', at('2026-03-08T05:00Z'), at('2026-03-09T04:00Z'), 'America/New_York'),
    ).toHaveLength(23)
  })

  test('fall back: a day of 25 hours, the repeated hour told apart by its offset', () => {
    const hours = labels('hour', '2026-11-01T04:00Z', '2026-11-02T05:00Z', 'America/New_York')
    expect(hours).toHaveLength(25)
    expect(hours.slice(0, 4)).toEqual([
      '2026-11-01T00:00:00-04:00',
      '2026-11-01T01:00:00-04:00',
      '2026-11-01T01:00:00-05:00',
      '2026-11-01T02:00:00-05:00',
    ])
  })

  test('quarter-hour zones start their hours and days off the UTC hour', () => {
    expect(labels('hour', '2026-05-01T00:00Z', '2026-05-01T02:00Z', 'Asia/Kathmandu')).toEqual([
      '2026-05-01T05:00:00+05:45',
      '2026-05-01T06:00:00+05:45',
      '2026-05-01T07:00:00+05:45',
    ])
    expect(startOf('day', at('2026-05-01T00:00Z'), 'Pacific/Chatham')).toBe(at('2026-04-30T11:15Z'))
  })

  test('Lord Howe moves by half an hour: one hour of 90 minutes, the rest of 60', () => {
    const starts = bucketStarts(
      'hour',
      at('2026-04-04T13:00Z'),
      at('2026-04-05T13:30Z'),
      'Australia/Lord_Howe',
    )
    const lengths = starts.slice(1).map((start, n) => (start - (starts[n] ?? 0)) / 60_000)
    expect(lengths.filter((minutes) => minutes === 90)).toHaveLength(1)
    expect(lengths.filter((minutes) => minutes !== 60 && minutes !== 90)).toEqual([])
  })

  test('a day that does not begin at midnight (Cairo, the clock skips 00:00–01:00)', () => {
    expect(isoInZone(startOf('day', at('2026-04-24T10:00Z'), 'Africa/Cairo'), 'Africa/Cairo')).toBe(
      '2026-04-24T01:00:00+03:00',
    )
  })

  test('weeks are ISO weeks, across the year', () => {
    expect(labels('week', '2025-12-31T12:00Z', '2026-01-13T00:00Z', 'UTC')).toEqual([
      '2025-12-29T00:00:00+00:00',
      '2026-01-05T00:00:00+00:00',
      '2026-01-12T00:00:00+00:00',
    ])
  })

  test('months', () => {
    expect(
      labels('month', '2026-01-31T12:00Z', '2026-04-01T00:00Z', 'UTC').map((label) => label.slice(0, 10)),
    ).toEqual(['2026-01-01', '2026-02-01', '2026-03-01'])
    expect(shift('month', at('2026-03-01T00:00Z'), -1, 'UTC')).toBe(at('2026-02-01T00:00Z'))
  })
})

const zone = fc.constantFrom(...ZONES)
const moment = fc.integer({ min: at('2015-01-01T00:00Z'), max: at('2030-01-01T00:00Z') })

test('laws of every axis: ascending, covers the range, each start is the start of its own unit', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...INTERVALS),
      zone,
      moment,
      fc.integer({ min: 1, max: 40 * 86_400_000 }),
      (interval, tz, from, length) => {
        const starts = bucketStarts(interval, from, from + length, tz)
        expect(starts[0]).toBeLessThanOrEqual(from)
        expect(starts.at(-1)).toBeLessThan(from + length)
        for (const [n, start] of starts.entries()) {
          expect(startOf(interval, start, tz)).toBe(start)
          if (n > 0) expect(start).toBeGreaterThan(starts[n - 1] ?? Number.POSITIVE_INFINITY)
        }
        const last = starts.at(-1) ?? 0
        expect(startOf(interval, from + length - 1, tz)).toBe(last)
      },
    ),
    { numRuns: 400 },
  )
})

test('labels name their instant exactly', () => {
  fc.assert(
    fc.property(zone, moment, (tz, ms) => {
      expect(Date.parse(isoInZone(ms, tz))).toBe(ms)
    }),
  )
})

test('reading: offsets are exact, bare times belong to the zone, nonsense is nothing', () => {
  expect(parseInZone('2026-05-01T00:00:00Z', 'Asia/Kathmandu')).toBe(at('2026-05-01T00:00Z'))
  expect(parseInZone('2026-05-01T00:00:00+02:00', 'Asia/Kathmandu')).toBe(at('2026-04-30T22:00Z'))
  expect(parseInZone('2026-05-01', 'Asia/Kathmandu')).toBe(at('2026-04-30T18:15Z'))
  expect(parseInZone('2026-05-01 10:30', 'UTC')).toBe(at('2026-05-01T10:30Z'))
  for (const text of ['', 'now', '2026-13-01', '2026-02-30', '1761955200', '2026-05-01T25:00Z']) {
    expect(parseInZone(text, 'UTC')).toBe(undefined)
  }
})

test('an axis is bounded and says what to do; a zone that is none is named', () => {
  expect(() => bucketStarts('minute', 0, 365 * 86_400_000, 'UTC')).toThrow(/10000 buckets of one minute/)
  expect(() => checkZone('Europe/Atlantis')).toThrow(/"Europe\/Atlantis" is not an IANA time zone/)
})

test('every hour of a year with changes of the clock is the start of itself', () => {
  for (const tz of ZONES) {
    for (const start of bucketStarts('hour', at('2026-01-01T00:00Z'), at('2026-12-31T00:00Z'), tz)) {
      expect(new Date(`${isoInZone(start, tz).slice(0, 19)}Z`).getUTCMinutes()).toBe(0)
      expect(startOf('hour', start, tz)).toBe(start)
    }
  }
})

test('days, weeks and months start where Temporal says they do', () => {
  fc.assert(
    fc.property(fc.constantFrom('day', 'week', 'month'), zone, moment, (interval, tz, ms) => {
      const there = Temporal.Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO(tz)
      const date = there.toPlainDate()
      const first =
        interval === 'day'
          ? date
          : interval === 'week'
            ? date.subtract({ days: there.dayOfWeek - 1 })
            : date.with({ day: 1 })
      expect(startOf(interval, ms, tz)).toBe(first.toZonedDateTime(tz).startOfDay().epochMilliseconds)
    }),
    { numRuns: 2000 },
  )
})
