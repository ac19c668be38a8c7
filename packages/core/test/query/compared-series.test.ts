import { type Analytics, createAnalytics, type EventStore } from '@millimetric/core'
import { chdbEvents } from '@millimetric/core/chdb'
import { memoryEvents, memoryKeys } from '@millimetric/core/memory'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CHDB_PATH, freshDatabase } from '../stores/chdb-path.js'

// Within a second, as clocks are: stores cut series at whole seconds.
const NOW = Date.UTC(2026, 3, 8, 12, 34, 56, 789)
const STORES: readonly [string, () => EventStore][] = [
  ['memory', memoryEvents],
  ['chdb', () => chdbEvents({ path: CHDB_PATH, database: freshDatabase(), rollupFromRows: 0 })],
]

describe.each(STORES)('a series beside the one before, %s', (_name, open) => {
  let analytics: Analytics

  beforeAll(async () => {
    analytics = createAnalytics({
      events: open(),
      keys: memoryKeys(),
      clock: () => NOW,
      delivery: { flushIntervalMs: 0 },
    })
    // Clocks change on 29 March.
    await analytics.projects.create({ slug: 'p', timezone: 'Europe/Berlin' })
    const events = Array.from({ length: 900 }, (_, n) => ({
      event: n % 2 === 0 ? '$pageview' : 'click',
      event_id: `e${n}`,
      anonymous_id: `v${n % 40}`,
      timestamp: NOW - n * 7_654_321,
    }))
    expect((await analytics.batch(events)).ok).toBe(true)
  })
  afterAll(async () => await analytics.close())

  test.each([
    ['24h', 'hour'],
    ['100h', 'hour'],
    ['30h', 'minute'],
    ['100h', 'day'],
    ['7d', 'day'],
    ['30d', 'day'],
    ['30d', 'week'],
    ['40d', 'month'],
  ] as const)('%s by %s holds all of the period before, once', async (range, interval) => {
    const asked = { range, metrics: ['count', 'pageviews'], compare: 'previous_period' } as const
    const whole = await analytics.stats(asked)
    const series = await analytics.stats({ ...asked, interval })
    const sum = (of: (row: (typeof series.rows)[number]) => number): number =>
      series.rows.reduce((total, row) => total + of(row), 0)
    expect(whole.rows[0]?.previous?.count).toBeGreaterThan(5)
    expect({
      count: sum(({ previous }) => previous?.count ?? 0),
      pageviews: sum(({ previous }) => previous?.pageviews ?? 0),
    }).toEqual(whole.rows[0]?.previous)
    expect(series.meta.warnings).toEqual([])
  })

  test('a bucket has what asking for it alone has', async () => {
    const asked = { metrics: ['count', 'uniques', 'sessions'], compare: 'previous_year' } as const
    const year = NOW - 365 * 86_400_000
    await analytics.batch(
      Array.from({ length: 50 }, (_, n) => ({
        event: 'x',
        event_id: `y${n}`,
        anonymous_id: `v${n % 9}`,
        timestamp: year - n * 3_600_000 * 5,
      })),
    )
    const { rows } = await analytics.stats({ ...asked, range: '7d', interval: 'day' })
    expect(rows).toHaveLength(7)
    for (const { bucket, previous } of rows) {
      const day = Date.parse(bucket)
      const alone = await analytics.stats({ ...asked, from: day, to: day + 86_400_000 })
      expect([bucket, previous]).toEqual([bucket, alone.rows[0]?.previous])
      expect(previous?.count).toBeGreaterThan(2)
    }
  })
})
