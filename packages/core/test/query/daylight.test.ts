import { createAnalytics, type EventStore } from '@millimetric/core'
import { chdbEvents } from '@millimetric/core/chdb'
import { memoryEvents, memoryKeys } from '@millimetric/core/memory'
import { describe, expect, test } from 'vitest'
import { CHDB_PATH, freshDatabase } from '../stores/chdb-path.js'

const HALF_HOUR = 1_800_000

const STORES: readonly [string, () => EventStore][] = [
  ['memory', memoryEvents],
  ['chdb', () => chdbEvents({ path: CHDB_PATH, database: freshDatabase(), rollupFromRows: 0 })],
]

/** Three days of a zone around a change of its clock, with the half hours in each. */
const CHANGES: readonly [zone: string, days: readonly [label: string, halfHours: number][]][] = [
  [
    'America/New_York',
    [
      ['2026-03-07T00:00:00-05:00', 48],
      ['2026-03-08T00:00:00-05:00', 46],
      ['2026-03-09T00:00:00-04:00', 48],
    ],
  ],
  [
    'Europe/Berlin',
    [
      ['2026-10-24T00:00:00+02:00', 48],
      ['2026-10-25T00:00:00+02:00', 50],
      ['2026-10-26T00:00:00+01:00', 48],
    ],
  ],
  [
    'Australia/Lord_Howe',
    [
      ['2026-04-04T00:00:00+11:00', 48],
      ['2026-04-05T00:00:00+11:00', 49],
      ['2026-04-06T00:00:00+10:30', 48],
    ],
  ],
  [
    // Midnight itself is skipped.
    'America/Santiago',
    [
      ['2026-09-05T00:00:00-04:00', 48],
      ['2026-09-06T01:00:00-03:00', 46],
      ['2026-09-07T00:00:00-03:00', 48],
    ],
  ],
]

describe.each(STORES)('a daily series where the clock changes, %s', (_name, open) => {
  test('holds one event a half hour: as many as the day has', async () => {
    const analytics = createAnalytics({
      events: open(),
      keys: memoryKeys(),
      clock: () => Date.UTC(2026, 11, 1),
      delivery: { flushIntervalMs: 0 },
    })
    for (const [zone, days] of CHANGES) {
      const project = zone.toLowerCase().replace(/[^a-z]/g, '-')
      await analytics.projects.create({ slug: project, timezone: zone })
      const start = Date.parse(days[0]?.[0] ?? '')
      const all = days.reduce((sum, [, halfHours]) => sum + halfHours, 0)
      const events = Array.from({ length: all + 2 }, (_, n) => ({
        event: '$pageview',
        event_id: `e${n}`,
        anonymous_id: `v${n}`,
        // One before and one behind; else at the very beginning of each half hour.
        timestamp: start + (n - 1) * HALF_HOUR,
      }))
      expect((await analytics.batch(events, { project })).ok).toBe(true)
      const [from, to] = [new Date(start), new Date(start + all * HALF_HOUR)]
      const metrics = ['count', 'uniques', 'sessions'] as const
      const { rows } = await analytics.stats({ from, to, interval: 'day', metrics }, { project })
      expect(rows).toEqual(
        days.map(([bucket, count]) => ({ bucket, count, uniques: count, sessions: count })),
      )
      const short = await analytics.stats({ from, to, interval: 'day', raw: true }, { project })
      expect(short.rows.map(({ value }) => value)).toEqual(days.map(([, count]) => count))
    }
    await analytics.close()
  }, 60_000)
})
