import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isoInZone, startOf } from '../../src/query/calendar.js'
import { comparedRange } from '../../src/query/comparison.js'
import { parseInZone } from '../../src/query/zone.js'

function compare(from: string, to: string, how: 'previous_period' | 'previous_year', zone: string): string[] {
  const range = comparedRange(
    { from: parseInZone(from, zone) ?? 0, to: parseInZone(to, zone) ?? 0 },
    how,
    zone,
  )
  return [isoInZone(range.from, zone), isoInZone(range.to, zone)]
}

test.each([
  ['whole days', '2026-05-10', '2026-05-17', 'UTC', '2026-05-03T00:00:00+00:00', '2026-05-10T00:00:00+00:00'],
  [
    'a month before a longer one',
    '2026-03-01',
    '2026-04-01',
    'UTC',
    '2026-02-01T00:00:00+00:00',
    '2026-03-01T00:00:00+00:00',
  ],
  ['a quarter', '2026-01-01', '2026-04-01', 'UTC', '2025-10-01T00:00:00+00:00', '2026-01-01T00:00:00+00:00'],
  [
    'days over a change of the clock',
    '2026-03-08',
    '2026-03-10',
    'America/New_York',
    '2026-03-06T00:00:00-05:00',
    '2026-03-08T00:00:00-05:00',
  ],
  [
    'the day of 23 hours',
    '2026-03-08',
    '2026-03-09',
    'America/New_York',
    '2026-03-07T00:00:00-05:00',
    '2026-03-08T00:00:00-05:00',
  ],
  [
    'hours',
    '2026-05-10T06:00:00',
    '2026-05-10T18:00:00',
    'Asia/Kathmandu',
    '2026-05-09T18:00:00+05:45',
    '2026-05-10T06:00:00+05:45',
  ],
])('the period before %s', (_name, from, to, zone, start, end) => {
  expect(compare(from, to, 'previous_period', zone)).toEqual([start, end])
})

test.each([
  ['2026-05-10', '2026-05-17', 'UTC', '2025-05-10T00:00:00+00:00', '2025-05-17T00:00:00+00:00'],
  ['2024-02-29', '2024-03-01', 'UTC', '2023-02-28T00:00:00+00:00', '2023-03-01T00:00:00+00:00'],
  ['2024-02-01', '2024-02-29', 'UTC', '2023-02-01T00:00:00+00:00', '2023-03-01T00:00:00+00:00'],
  ['2024-02-28T12:00', '2024-02-29T10:00', 'UTC', '2023-02-28T12:00:00+00:00', '2023-03-01T10:00:00+00:00'],
  ['2024-02-29T08:00', '2024-02-29T10:00', 'UTC', '2023-02-28T08:00:00+00:00', '2023-02-28T10:00:00+00:00'],
  ['2024-02-29', '2024-03-01', 'Pacific/Chatham', '2023-02-28T00:00:00+13:45', '2023-03-01T00:00:00+13:45'],
  ['2026-03-08', '2026-03-09', 'America/New_York', '2025-03-08T00:00:00-05:00', '2025-03-09T00:00:00-05:00'],
])('a year before %s to %s', (from, to, zone, start, end) => {
  expect(compare(from, to, 'previous_year', zone)).toEqual([start, end])
})

test('whole days are compared with as many whole days, right before', () => {
  const zones = ['UTC', 'America/New_York', 'Australia/Lord_Howe', 'Pacific/Chatham', 'America/Santiago']
  const moment = fc.integer({ min: Date.UTC(2020, 0), max: Date.UTC(2027, 0) })
  fc.assert(
    fc.property(fc.constantFrom(...zones), moment, fc.integer({ min: 1, max: 400 }), (zone, ms, days) => {
      const from = startOf('day', ms, zone)
      const to = startOf('day', from + days * 86_400_000 + 7_200_000, zone)
      fc.pre(to > from)
      const before = comparedRange({ from, to }, 'previous_period', zone)
      expect(before.to).toBe(from)
      expect(startOf('day', before.from, zone)).toBe(before.from)
      // Not more than an hour apart, unless whole months of different lengths are compared.
      const months = startOf('month', from, zone) === from && startOf('month', to, zone) === to
      if (!months) expect(Math.abs(from - before.from - (to - from))).toBeLessThanOrEqual(7_200_000)
    }),
  )
})

test('a year before is never the other way round, and as long but for a day and an hour', () => {
  const zones = ['UTC', 'America/New_York', 'Australia/Lord_Howe', 'America/Santiago']
  const near = [Date.UTC(2024, 1, 29), Date.UTC(2025, 2, 9, 7), Date.UTC(2023, 9, 1)]
  const ahead = fc.integer({ min: -3 * 86_400_000, max: 3 * 86_400_000 })
  fc.assert(
    fc.property(fc.constantFrom(...zones), fc.constantFrom(...near), ahead, ahead, (zone, ms, a, b) => {
      fc.pre(a !== b)
      const [from, to] = [ms + Math.min(a, b), ms + Math.max(a, b)]
      const before = comparedRange({ from, to }, 'previous_year', zone)
      expect(before.from).toBeLessThanOrEqual(before.to)
      expect(Math.abs(before.to - before.from - (to - from))).toBeLessThanOrEqual(25 * 3_600_000)
    }),
  )
})
