import { type Analytics, createAnalytics } from '@millimetric/core'
import { chdbEvents } from '@millimetric/core/chdb'
import { memoryKeys } from '@millimetric/core/memory'
import type { StatsParams } from '@millimetric/schema/wire'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { acquireEngine } from '../../src/stores/chdb/engine.js'
import { type Connections, identifier } from '../../src/stores/clickhouse/client.js'
import { CHDB_PATH, freshDatabase } from '../stores/chdb-path.js'

const NOW = Date.UTC(2026, 10, 10, 15)
const DAY = 86_400_000
const database = freshDatabase()
let analytics: Analytics
let engine: Connections

beforeAll(async () => {
  analytics = createAnalytics({
    events: chdbEvents({ path: CHDB_PATH, database, rollupFromRows: 0 }),
    keys: memoryKeys(),
    clock: () => NOW,
    delivery: { flushIntervalMs: 0 },
  })
  // The clock falls back on 1 November: a day of 25 hours lies in the range.
  await analytics.projects.create({ slug: 'ny', timezone: 'America/New_York' })
  engine = await acquireEngine(CHDB_PATH)
  await analytics.batch(
    Array.from({ length: 900 }, (_, n) => ({
      event: n % 3 === 0 ? '$pageview' : 'click',
      event_id: `e${n}`,
      anonymous_id: `v${n % 70}`,
      url: n % 5 === 0 ? 'https://shop.test/?utm_source=news&utm_medium=email' : 'https://shop.test/',
      timestamp: NOW - ((n * 7_919_113) % (20 * DAY)),
    })),
  )
  await makeQuiet()
})
afterAll(async () => {
  await analytics.close()
  await engine.close()
})

/** A day is built only when nothing came for half a minute; tests move the time of the marks instead of waiting. */
async function makeQuiet(): Promise<void> {
  await engine.writer.command({
    query: `ALTER TABLE ${identifier(database)}.marks UPDATE last_at = last_at - INTERVAL 60 SECOND WHERE 1 SETTINGS mutations_sync=2`,
  })
}

const range = { from: '2026-10-24', to: '2026-11-11' } as const
const questions: StatsParams[] = [
  { ...range },
  { ...range, metric: 'uniques' },
  { ...range, metric: 'pageviews' },
  { ...range, interval: 'day' },
  { ...range, metric: 'uniques', interval: 'day' },
  { ...range, interval: 'week', group_by: ['source'] },
  { ...range, metric: 'uniques', group_by: ['event_name', 'medium'] },
  { ...range, metric: 'uniques', interval: 'month', group_by: ['channel'], limit: 1 },
  { ...range, event: '$pageview', source: 'news', interval: 'day' },
  { from: '2026-10-24T13:00:00', to: '2026-11-02T05:30:00', metric: 'uniques' },
]

async function bothWays(params: StatsParams): Promise<{ answered_by: string; same: boolean }> {
  const cached = await analytics.stats(params)
  const raw = await analytics.stats({ ...params, raw: true })
  expect(raw.meta.answered_by).toBe('raw')
  expect(cached.rows).toEqual(raw.rows)
  return { answered_by: cached.meta.answered_by, same: true }
}

const all = async (): Promise<string[]> =>
  await Promise.all(questions.map(async (params) => (await bothWays(params)).answered_by))

test('before any day is built raw events answer', async () => {
  expect(new Set(await all())).toEqual(new Set(['raw']))
})

test('built days answer, in the zone of the project, and give what raw events give', async () => {
  const { days_built } = await analytics.maintain()
  expect(days_built).toBeGreaterThan(15)
  expect(new Set(await all())).toEqual(new Set(['rollup']))
  expect((await analytics.maintain()).days_built).toBe(0)
})

test('what the rollup does not keep apart, and other zones, are counted from raw events', async () => {
  expect(await bothWays({ ...range, group_by: ['path'] })).toMatchObject({ answered_by: 'raw' })
  expect(await bothWays({ ...range, metric: 'people' })).toMatchObject({ answered_by: 'raw' })
  expect(await bothWays({ ...range, timezone: 'Asia/Kathmandu' })).toMatchObject({ answered_by: 'raw' })
  expect(await bothWays({ ...range, interval: 'hour' })).toMatchObject({ answered_by: 'raw' })
})

test('a late event is in the next answer; its day is counted raw until it is built again', async () => {
  const before = await analytics.stats({ ...range })
  await analytics.track({ event: 'late', anonymous_id: 'new', timestamp: '2026-11-03T12:00:00Z' })
  const after = await analytics.stats({ ...range })
  expect(after.rows[0]?.value).toBe((before.rows[0]?.value ?? 0) + 1)
  expect(after.meta.answered_by).toBe('rollup')
  await all()
  // Not quiet yet: nothing is built.
  expect((await analytics.maintain()).days_built).toBe(0)
  await makeQuiet()
  expect((await analytics.maintain()).days_built).toBe(1)
  await all()
})

test('a repeated event changes nothing and spoils no day', async () => {
  const again = await analytics.track({
    event: 'click',
    event_id: 'e1',
    anonymous_id: 'v1',
    timestamp: NOW - DAY,
  })
  expect(again).toMatchObject({ status: 'duplicate' })
  expect((await analytics.stats({ ...range, interval: 'day' })).meta.answered_by).toBe('rollup')
  await all()
})

test('a build that dies before it points leaves rows that nobody reads', async () => {
  const db = identifier(database)
  await engine.writer.command({
    query: `INSERT INTO ${db}.daily_rollup SELECT project_id, day_start, day_end, generation + 1, * EXCEPT (project_id, day_start, day_end, generation) FROM ${db}.daily_rollup`,
  })
  expect(new Set(await all())).toEqual(new Set(['rollup']))
})

test('the rows from which a rollup may answer are any whole number', async () => {
  const events = chdbEvents({ path: CHDB_PATH, database: freshDatabase(), rollupFromRows: 12_345 })
  const other = createAnalytics({ events, keys: memoryKeys(), clock: () => NOW })
  await other.projects.create({ slug: 'p' })
  await other.track({ event: 'x', anonymous_id: 'a', timestamp: NOW - 3 * DAY })
  expect(await other.maintain()).toMatchObject({ days_built: 0 })
  await other.close()
  for (const rollupFromRows of [-1, 0.5, Number.NaN]) {
    expect(() => chdbEvents({ path: CHDB_PATH, rollupFromRows })).toThrow(
      /rollupFromRows must be a whole number/,
    )
  }
})
