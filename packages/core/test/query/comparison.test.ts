import type { Comparison, Interval } from '@millimetric/schema/wire'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bucketStarts, isoInZone, startOf } from '../../src/query/calendar.js'
import { comparedAxis, comparedRange } from '../../src/query/comparison.js'
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

/** For each bucket what it is laid beside, half-open; and what is laid beside none. */
function beside(
  from: number,
  to: number,
  interval: Interval,
  how: Comparison,
  zone: string,
): { parts: (readonly [from: number, to: number] | null)[]; left: [from: number, to: number][] } {
  const asked = { from, to }
  const axis = bucketStarts(interval, from, to, zone)
  const { starts, places } = comparedAxis({ axis, interval, asked }, how, zone)
  const ends = [...starts.slice(1), comparedRange(asked, how, zone).to]
  const all = starts.map((start, n): [number, number] => [start, ends[n] ?? 0])
  return {
    parts: places.map((at) => all.find(([start]) => start === at) ?? null),
    left: all.filter(([start]) => !places.includes(start)),
  }
}

const march = (day: string): string => `2026-03-${day}`

test.each<[string, string, string, Interval, Comparison, string, (string | null)[], string[]]>([
  [
    'a leap day a year later shares its day with the 28th',
    ...(['2024-02-28', '2024-03-02', 'day', 'previous_year', 'UTC'] as const),
    ['2023-02-28/2023-03-01', '2023-02-28/2023-03-01', '2023-03-01/2023-03-02'],
    [],
  ],
  [
    'a leap day a year before is beside none, and moves no other day',
    ...(['2025-02-28', '2025-03-03', 'day', 'previous_year', 'UTC'] as const),
    ['2024-02-28/2024-02-29', '2024-03-01/2024-03-02', '2024-03-02/2024-03-03'],
    ['2024-02-29/2024-03-01'],
  ],
  [
    'February as a month is compared with all of February',
    ...(['2025-02-01', '2025-04-01', 'month', 'previous_year', 'UTC'] as const),
    ['2024-02-01/2024-03-01', '2024-03-01/2024-04-01'],
    [],
  ],
  [
    'weeks that the range cuts are compared with as many days',
    ...(['2026-03-10', '2026-04-09', 'week', 'previous_period', 'UTC'] as const),
    [
      '2026-02-08/2026-02-14',
      '2026-02-14/2026-02-21',
      '2026-02-21/2026-02-28',
      '2026-02-28/2026-03-07',
      '2026-03-07/2026-03-10',
    ],
    [],
  ],
  [
    'a longer month before has days beside none',
    ...(['2026-02-01', '2026-03-01', 'week', 'previous_period', 'UTC'] as const),
    [
      '2026-01-01/2026-01-02',
      '2026-01-02/2026-01-09',
      '2026-01-09/2026-01-16',
      '2026-01-16/2026-01-23',
      '2026-01-23/2026-01-29',
    ],
    ['2026-01-29/2026-02-01'],
  ],
  [
    'a day whose midnight the clock skips, with whole days',
    ...(['2025-09-07', '2025-09-09', 'day', 'previous_period', 'America/Santiago'] as const),
    ['2025-09-05/2025-09-06', '2025-09-06/2025-09-07'],
    [],
  ],
  [
    'days at the end of a month are days, no month',
    ...([march('27'), '2026-04-01', 'day', 'previous_period', 'UTC'] as const),
    [
      `${march('22')}/${march('23')}`,
      `${march('23')}/${march('24')}`,
      `${march('24')}/${march('25')}`,
      `${march('25')}/${march('26')}`,
      `${march('26')}/${march('27')}`,
    ],
    [],
  ],
])('%s', (_name, from, to, interval, how, zone, parts, left) => {
  const at = (text: string): number => parseInZone(text, zone) ?? 0
  const shown = (part: readonly [number, number] | null): string | null =>
    part === null ? null : part.map((ms) => isoInZone(ms, zone).slice(0, 10)).join('/')
  const found = beside(at(from), at(to), interval, how, zone)
  expect(found.parts.map(shown)).toEqual(parts)
  expect(found.left.map(shown)).toEqual(left)
})

test('the days of March beside those of February: three have none', () => {
  const found = beside(Date.UTC(2026, 2), Date.UTC(2026, 3), 'day', 'previous_period', 'UTC')
  expect(found.parts.map((part) => (part === null ? null : new Date(part[0]).getUTCDate()))).toEqual([
    ...Array.from({ length: 28 }, (_, n) => n + 1),
    ...[null, null, null],
  ])
})

test('the days of a quarter beside those of the one before', () => {
  const found = beside(Date.UTC(2026, 3), Date.UTC(2026, 6), 'day', 'previous_period', 'UTC')
  const missing = found.parts.flatMap((part, n) =>
    part === null ? [new Date(Date.UTC(2026, 3, 1 + n))] : [],
  )
  expect(missing.map((day) => day.toISOString().slice(5, 10))).toEqual(['05-29', '05-30', '05-31'])
  expect(found.left.map(([start]) => new Date(start).toISOString().slice(5, 10))).toEqual(['01-31', '03-31'])
})

test('hours are compared with the same hours of the clock where it changes', () => {
  const zone = 'Europe/Berlin'
  const hours = (day: string): { shown: string[]; left: string[] } => {
    const from = parseInZone(day, zone) ?? 0
    const { parts, left } = beside(
      from,
      startOf('day', from + 100_000_000, zone),
      'hour',
      'previous_period',
      zone,
    )
    const shown = (part: readonly [number, number] | null): string =>
      part === null ? 'none' : part.map((ms) => isoInZone(ms, zone).slice(8, 13)).join('-')
    return { shown: parts.map(shown), left: left.map(shown) }
  }
  const autumn = hours('2025-10-26')
  expect(autumn.shown).toHaveLength(25)
  expect(autumn.shown.slice(1, 5)).toEqual(['25T01-25T02', '25T02-25T03', '25T02-25T03', '25T03-25T04'])
  expect([autumn.shown.at(-1), autumn.left]).toEqual(['25T23-26T00', []])
  const spring = hours('2026-03-29')
  expect(spring.shown.slice(0, 3)).toEqual(['28T00-28T01', '28T01-28T02', '28T03-28T04'])
  expect([spring.shown.at(-1), spring.left]).toEqual(['28T23-29T00', ['28T02-28T03']])
})

test('laws of every compared axis: it cuts the whole range, and no part is longer than its bucket', () => {
  const zones = ['UTC', 'America/New_York', 'Australia/Lord_Howe', 'Pacific/Chatham', 'America/Santiago']
  const moment = fc.integer({ min: Date.UTC(2023, 6), max: Date.UTC(2026, 6) })
  const length = fc.integer({ min: 1, max: 60 * 86_400_000 })
  const intervals = ['hour', 'day', 'week', 'month'] as const
  fc.assert(
    fc.property(
      fc.record({
        zone: fc.constantFrom(...zones),
        whole: fc.constantFrom('day', 'month', null),
        interval: fc.constantFrom(...intervals),
        how: fc.constantFrom('previous_period', 'previous_year'),
        moment,
        length,
      }),
      ({ zone, whole, interval, how, moment, length }) => {
        const round = (ms: number): number => (whole === null ? ms : startOf(whole, ms, zone))
        const asked = { from: round(moment), to: round(moment + length) }
        fc.pre(asked.from < asked.to)
        const axis = bucketStarts(interval, asked.from, asked.to, zone)
        const { starts, places } = comparedAxis({ axis, interval, asked }, how, zone)
        const past = comparedRange(asked, how, zone)
        expect(starts).toEqual([...new Set(starts)].sort((a, b) => a - b))
        expect(starts[0]).toBe(past.from < past.to ? Math.floor(past.from / 1000) * 1000 : undefined)
        expect(starts.every((start) => start % 1000 === 0)).toBe(true)
        expect(places).toHaveLength(axis.length)
        const ends = [...starts.slice(1), past.to]
        const lengthOf = (place: number): number =>
          (axis[place + 1] ?? asked.to) - Math.max(axis[place] ?? 0, asked.from)
        for (const at of new Set(places.filter((place) => place !== null))) {
          const part = (ends[starts.indexOf(at)] ?? Number.POSITIVE_INFINITY) - at
          // Two buckets may share it.
          const bucket = Math.max(...places.map((other, place) => (other === at ? lengthOf(place) : 0)))
          // Clocks change by an hour at most, on either side; months have 28 to 31 days; cuts are at whole seconds.
          const more =
            interval === 'month' ? 3 * 86_400_000 + 7_200_000 : interval === 'hour' ? 2000 : 7_200_000
          expect(part).toBeLessThanOrEqual(bucket + more)
        }
        // Whole days just before are as many days: nothing is left over and nothing missing.
        const months =
          startOf('month', asked.from, zone) === asked.from && startOf('month', asked.to, zone) === asked.to
        if (how === 'previous_period' && !months && interval !== 'hour') {
          // A last bucket of less than a second has none.
          expect(starts).toEqual(places.at(-1) === null ? places.slice(0, -1) : places)
        }
      },
    ),
    { numRuns: 200 },
  )
})
