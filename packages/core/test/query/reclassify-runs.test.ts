import { type Analytics, createAnalytics, type StoredEvent } from '@millimetric/core'
import { type ClickhouseClient, clickhouseEvents } from '@millimetric/core/clickhouse'
import { memoryKeys } from '@millimetric/core/memory'
import { storedEvent } from '@millimetric/core/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { acquireEngine } from '../../src/stores/chdb/engine.js'
import { type Connections, identifier } from '../../src/stores/clickhouse/client.js'
import { CHDB_PATH, freshDatabase } from '../stores/chdb-path.js'

const NOW = Date.UTC(2026, 4, 16, 12)
const MINUTE = 60_000
const DAY = 86_400_000

let engine: Connections
beforeAll(async () => {
  engine = await acquireEngine(CHDB_PATH)
})
afterAll(async () => await engine.close())

interface Setup {
  analytics: Analytics
  database: string
  /** Every statement that writes, in order. */
  written: string[]
  /** Refuses the first statement that matches, once. */
  failAt(pattern: RegExp): void
  insert(count: number, fields: (n: number) => Partial<StoredEvent>): Promise<void>
  run(query: string): Promise<void>
  rows(table: string): Promise<number>
}

async function setUp(): Promise<Setup> {
  const database = freshDatabase()
  const written: string[] = []
  let failing: RegExp | undefined
  const client: ClickhouseClient = {
    async command(params) {
      written.push(params.query)
      if (failing?.test(params.query)) {
        failing = undefined
        throw Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' })
      }
      return await engine.writer.command(params)
    },
    query: async (params) => await engine.readers[0].query(params),
    close: async () => {},
  }
  const store = clickhouseEvents({ client, database, rollupFromRows: 0 })
  await store.migrate()
  const analytics = createAnalytics({
    events: store,
    keys: memoryKeys(),
    clock: () => NOW,
    delivery: { flushIntervalMs: 0 },
    onDiagnostic: () => {},
  })
  const { project } = await analytics.projects.create({ slug: 'shop' })
  let batches = 0
  return {
    analytics,
    database,
    written,
    failAt(pattern) {
      failing = pattern
    },
    async insert(count, fields) {
      batches += 1
      const events = Array.from({ length: count }, (_, n) =>
        storedEvent({ project_id: project.id, event_id: `${batches}-${n}`, ...fields(n) }),
      )
      await store.insert({ token: `${database}-${batches}`, events })
    },
    run: async (query) => {
      await engine.writer.command({ query: query.replaceAll('DB', identifier(database)) })
    },
    async rows(table) {
      const answer = await engine.readers[0].query({
        query: `SELECT toUInt32(count()) AS n FROM ${identifier(database)}.${table}`,
        format: 'JSONEachRow',
      })
      const [row] = await answer.json<{ n: number }>()
      return row?.n ?? 0
    },
  }
}

/** Ads that old rules took for referrals: every url of its own, over thirty days. */
function ad(n: number): Partial<StoredEvent> {
  return {
    anonymous_id: `v${n % 40}`,
    timestamp: NOW - MINUTE - ((n * 7_919_113) % (29 * DAY)),
    url: `https://shop.test/?gclid=${n}`,
    source: 'google.com',
    medium: 'referral',
    channel: 'referral',
    source_rule_id: 'old_rule',
  }
}

async function expectAgreement(analytics: Analytics): Promise<void> {
  for (const metric of ['count', 'uniques', 'sessions'] as const) {
    const question = { range: '30d', metric, group_by: ['source', 'channel'], interval: 'day' } as const
    const stored = await analytics.stats(question)
    expect(stored.rows).toEqual((await analytics.stats({ ...question, raw: true })).rows)
  }
}

const QUIET = `ALTER TABLE DB.marks UPDATE last_at = last_at - INTERVAL 60 SECOND WHERE 1 SETTINGS mutations_sync=2`

test('forty times the urls take the same statements, and one INSERT more for every ten thousand', async () => {
  const kinds: string[][] = []
  for (const count of [300, 12_000]) {
    const { analytics, written, insert, rows } = await setUp()
    await insert(count, ad)
    written.length = 0
    const answer = await analytics.reclassify({ range: '30d', apply: true })
    expect([answer.events, answer.moving]).toEqual([count, count])
    kinds.push(
      written.map((query) =>
        query
          .replace(/`\w+`\./g, '')
          .split(/[\s(]+/, 3)
          .join(' '),
      ),
    )
    expect(await rows('reclassifications')).toBe(0)
    await expectAgreement(analytics)
    written.length = 0
    expect((await analytics.reclassify({ range: '30d', apply: true })).moving).toBe(0)
    expect(written).toEqual([])
    await analytics.close()
  }
  const once = [
    'INSERT INTO reclassifications',
    'INSERT INTO marks',
    'ALTER TABLE events',
    'INSERT INTO marks',
    'ALTER TABLE reclassifications',
  ]
  expect(kinds).toEqual([once, ['INSERT INTO reclassifications', ...once]])
}, 60_000)

test('rollup days that were built before answer anew, and none is built while verdicts are rewritten', async () => {
  const { analytics, insert, run } = await setUp()
  await insert(600, ad)
  await run(QUIET)
  expect((await analytics.maintain()).days_built).toBeGreaterThan(20)
  const question = { range: '30d', group_by: ['source'] } as const
  const before = await analytics.stats(question)
  expect([before.meta.answered_by, before.rows[0]?.value]).toEqual(['rollup', 600])

  await analytics.reclassify({ range: '30d', apply: true })
  const after = await analytics.stats(question)
  expect(after.rows).toEqual([{ source: 'google', value: 600 }])
  await expectAgreement(analytics)

  // Somebody else's run, alive or dead.
  const [project] = await analytics.projects.list()
  await run(
    `INSERT INTO DB.reclassifications (project_id, run, key) VALUES ('${project?.id}', generateUUIDv4(), 1)`,
  )
  await run(QUIET)
  expect((await analytics.maintain()).days_built).toBe(0)
  await run(`TRUNCATE TABLE DB.reclassifications`)
  expect((await analytics.maintain()).days_built).toBeGreaterThan(20)
  expect((await analytics.stats(question)).meta.answered_by).toBe('rollup')
  await expectAgreement(analytics)
  await analytics.close()
}, 60_000)

const deaths = [
  /^INSERT INTO \S+reclassifications[\s\S]*JSONEachRow/,
  /^INSERT INTO \S+marks/,
  /^ALTER TABLE \S+events UPDATE/,
  /^ALTER TABLE \S+reclassifications/,
]

test('a run that dies at any statement is completed by the next', async () => {
  for (const death of deaths) {
    const { analytics, insert, failAt } = await setUp()
    await insert(200, ad)
    failAt(death)
    await expect(analytics.reclassify({ range: '30d', apply: true })).rejects.toMatchObject({
      code: 'storage_unavailable',
    })
    await analytics.reclassify({ range: '30d', apply: true })
    expect((await analytics.reclassify({ range: '30d' })).moving).toBe(0)
    expect((await analytics.sources({ range: '30d' })).rows).toMatchObject([
      { source: 'google', events: 200 },
    ])
    await expectAgreement(analytics)
    await analytics.close()
  }
}, 120_000)

test('two runs at once end as one', async () => {
  const { analytics, insert } = await setUp()
  await insert(400, ad)
  await Promise.all([
    analytics.reclassify({ range: '30d', apply: true }),
    analytics.reclassify({ range: '20d', apply: true }),
  ])
  expect((await analytics.reclassify({ range: '30d' })).moving).toBe(0)
  expect((await analytics.sources({ range: '30d' })).rows).toMatchObject([{ source: 'google', events: 400 }])
  await expectAgreement(analytics)
  await analytics.close()
}, 60_000)
