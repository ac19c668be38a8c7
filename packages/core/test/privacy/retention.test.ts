import { createClient } from '@clickhouse/client'
import type { Analytics, EventStore } from '@millimetric/core'
import { chdbEvents } from '@millimetric/core/chdb'
import { clickhouseEvents } from '@millimetric/core/clickhouse'
import { memoryEvents, memoryKeys } from '@millimetric/core/memory'
import { storedEvent } from '@millimetric/core/testing'
import type { StatsParams } from '@millimetric/schema/wire'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ClickhouseServer, spawnClickhouseServer } from '../../../../scripts/clickhouse-server.js'
import { acquireEngine } from '../../src/stores/chdb/engine.js'
import { createEventStore } from '../../src/stores/clickhouse/event-store.js'
import { QUERY_LIMITS } from '../../src/stores/clickhouse/reader.js'
import { EXPIRING } from '../../src/stores/clickhouse/retention.js'
import { CHDB_PATH, freshDatabase } from '../stores/chdb-path.js'
import { engineSql, quickAnalytics, type Sql } from './forgetting.js'

const DAY = 86_400_000
const NOW = Date.UTC(2026, 10, 10, 15, 7)

let sql: Sql
beforeAll(async () => {
  sql = await engineSql()
})
afterAll(async () => await sql.close())

/** Pairs of the last 40 days and of the 40 days around a year ago: few months, because each is a part of every table. */
function daysAgo(pair: number): number {
  return pair < 225 ? 400 - (pair * 40) / 225 : 40 - ((pair - 225) * 40) / 225
}

/** Projects that keep 7, 30 and 365 days, and one that keeps all. Written before the limits are set. */
async function fill(analytics: Analytics): Promise<string[]> {
  const slugs: string[] = []
  for (const days of [7, 30, 365, null]) {
    const slug = `keeps-${days ?? 'all'}`
    const { project } = await analytics.projects.create({ slug })
    slugs.push(slug)
    await analytics.batch(
      Array.from({ length: 900 }, (_, n) => ({
        event: n % 20 === 0 ? '$identify' : n % 2 === 0 ? '$pageview' : 'click',
        event_id: `e${n}`,
        anonymous_id: `v${Math.floor(n / 6) % 40}`,
        url: 'https://shop.test/',
        // Pairs a few minutes apart, so that there are sessions at every edge.
        timestamp: NOW - daysAgo(Math.floor(n / 2)) * DAY + (n % 2) * 540_000,
        ...(n % 20 === 0 ? { user_id: `u${n % 7}` } : {}),
      })),
      { project: slug },
    )
    await analytics.projects.update(project.id, { retention_days: days })
  }
  return slugs
}

const REFUSED = {
  event_id: 'e',
  anonymous_id: 'a',
  user_id: '',
  received_at: NOW,
  code: 'X',
  reason: 'x',
  row: '{}',
}

const QUESTIONS: readonly StatsParams[] = [
  { from: '2025-09-01', to: '2026-11-12' },
  { from: '2025-09-01', to: '2026-11-12', interval: 'month', metric: 'uniques' },
  { from: '2025-09-01', to: '2026-11-12', interval: 'day', group_by: ['event_name'] },
  { from: '2025-09-01', to: '2026-11-12', metric: 'sessions' },
  { from: '2025-09-01', to: '2026-11-12', metric: 'sessions', raw: true },
  { from: '2025-09-01', to: '2026-11-12', metric: 'bounce_rate', interval: 'week' },
  { range: '7d', interval: 'hour' },
  { from: '2025-09-01', to: '2026-11-12', metric: 'people', interval: 'month' },
]

async function answers(analytics: Analytics, slugs: readonly string[]): Promise<unknown[]> {
  const all: unknown[] = []
  for (const project of slugs) {
    for (const question of QUESTIONS) all.push((await analytics.stats(question, { project })).rows)
    all.push((await analytics.sources({ from: '2025-09-01', to: '2026-11-12' }, { project })).rows)
    all.push((await analytics.query({ from: '2025-09-01', to: '2026-11-12', limit: 1000 }, { project })).rows)
  }
  return all
}

const STORES: readonly [string, () => EventStore][] = [
  ['memory', memoryEvents],
  ['chdb', () => chdbEvents({ path: CHDB_PATH, database: freshDatabase(), rollupFromRows: 0 })],
]

describe.each(STORES)('retention on %s', (_name, open) => {
  test('removes what is too old, and changes no answer', async () => {
    const keys = memoryKeys()
    const analytics = quickAnalytics({ events: open(), keys, clock: () => NOW })
    const slugs = await fill(analytics)
    const before = await answers(analytics, slugs)
    const report = await analytics.retention.run()
    expect(report).toMatchObject({ ok: true, projects: 3, removed: { events: expect.any(Number) } })
    expect(report.removed.events).toBeGreaterThan(1500)
    expect(await answers(analytics, slugs)).toEqual(before)

    const jobs = await keys.listJobs(null, ['done'])
    expect(jobs.map(({ kind }) => kind)).toEqual(['retention', 'retention', 'retention'])
    for (const job of jobs) expect(job.verified_at).toBe(NOW)
    expect(await analytics.retention.run()).toEqual({ ok: true, projects: 3, removed: {} })
    await analytics.close()
  }, 60_000)
})

test('no table keeps a row that is older than the limit and a day', async () => {
  const database = freshDatabase()
  const events = chdbEvents({ path: CHDB_PATH, database, rollupFromRows: 0 })
  const analytics = quickAnalytics({ events, clock: () => NOW })
  const slugs = await fill(analytics)
  await sql(
    `ALTER TABLE ${database}.marks UPDATE last_at = last_at - INTERVAL 60 SECOND WHERE 1 SETTINGS mutations_sync=2`,
  )
  const projects = await analytics.projects.list()
  const midnight = Math.floor(NOW / DAY) * DAY
  for (const { id } of projects) {
    const days = [1, 7, 8, 9, 20, 35, 370].map((ago) => ({
      start: midnight - ago * DAY,
      end: midnight - (ago - 1) * DAY,
    }))
    expect(await events.buildDays(id, days)).toBeGreaterThan(4)
    await events.addTombstones([
      { project_id: id, hash: '0'.repeat(64), pepper_id: 'p', until: NOW - 380 * DAY },
    ])
    await events.quarantine(id, [
      { ...REFUSED, project_id: id, timestamp: NOW - 390 * DAY, quarantined_at: NOW },
      { ...REFUSED, project_id: id, timestamp: 0, quarantined_at: NOW - 390 * DAY },
      { ...REFUSED, project_id: id, timestamp: 0, quarantined_at: NOW },
    ])
  }
  const rows = async (table: string, id: string): Promise<unknown> =>
    (await sql(`SELECT count() AS n FROM ${database}.${table} WHERE toString(project_id) = '${id}'`))[0]
  const kept = projects.find(({ slug }) => slug === slugs[3])?.id ?? ''
  // Upkeep may build rollup days meanwhile.
  const tables = EXPIRING.map(({ table }) => table).filter((table) => !table.includes('rollup'))
  const before = await Promise.all(tables.map(async (table) => await rows(table, kept)))
  await analytics.retention.run()
  expect(await Promise.all(tables.map(async (table) => await rows(table, kept)))).toEqual(before)
  for (const { id, retention_days } of projects) {
    if (retention_days === null) continue
    // Half hours are kept or removed as a whole.
    const limit = Math.floor((NOW - (retention_days + 1) * DAY) / 1_800_000) * 1800
    for (const { table, time } of EXPIRING) {
      const [old] = await sql(
        `SELECT count() AS n FROM ${database}.${table} WHERE toString(project_id) = '${id}' AND toUnixTimestamp(${time}) < ${limit} SETTINGS apply_deleted_mask=0`,
      )
      expect([table, old]).toEqual([table, { n: 0 }])
    }
    expect(await rows('events', id)).not.toEqual({ n: 0 })
  }
  await analytics.close()
}, 60_000)

test('what comes into an old month while it is dropped stays, whoever it belongs to', async () => {
  const database = freshDatabase()
  const engine = await acquireEngine(CHDB_PATH)
  const kept = storedEvent({ event_id: 'kept', timestamp: NOW - 400 * DAY, received_at: NOW })
  const writer = chdbEvents({ path: CHDB_PATH, database })
  const events = createEventStore({
    name: 'interrupted',
    database,
    connect: async () => ({
      ...engine,
      writer: {
        ...engine.writer,
        async command(params) {
          if (/`events (?:DROP|DELETE)|\.events (?:DROP|DELETE)/.test(params.query))
            await writer.insert({ token: 'meanwhile', events: [kept] })
          return await engine.writer.command(params)
        },
      },
      close: async () => {},
    }),
    migrateOnFirstUse: true,
    limits: QUERY_LIMITS,
    rollupFromRows: 0,
  })
  const project_id = crypto.randomUUID()
  const old = storedEvent({ project_id, event_id: 'old', timestamp: NOW - 400 * DAY })
  await events.insert({ token: 'old', events: [old] })
  const receipt = await events.purge([{ kind: 'retention', project_id, before: NOW - 10 * DAY }])
  expect(receipt.get(project_id)).toMatchObject({ events: 1, event_ids: 1 })
  const found = await sql(`SELECT event_id FROM ${database}.events`)
  expect(found).toEqual([{ event_id: 'kept' }])
  expect((await events.known([kept])).size).toBe(1)
  await Promise.all([events.close(), writer.close(), engine.close()])
})

describe('statements', () => {
  let server: ClickhouseServer
  beforeAll(async () => {
    server = await spawnClickhouseServer()
  })
  afterAll(async () => await server.close())

  test('one mutation a table for all projects; whole months are dropped without one', async () => {
    const client = createClient({ url: server.url })
    const statements: string[] = []
    const events = clickhouseEvents({
      database: freshDatabase(),
      client: {
        command: async (params: Parameters<typeof client.command>[0]) => {
          statements.push(params.query)
          return await client.command(params)
        },
        query: async (params: {
          query: string
          format: 'JSONEachRow'
          query_params?: Record<string, unknown>
        }) => await client.query(params),
        close: async () => {},
      },
    })
    let now = NOW
    const analytics = quickAnalytics({ events, clock: () => now })
    const slugs = await fill(analytics)
    statements.length = 0
    await analytics.retention.run()
    expect(perTable(statements.filter((statement) => / DELETE WHERE /.test(statement)))).toEqual({
      event_ids: 1,
      events: 1,
      identity_links: 1,
      marks: 1,
    })
    expect(statements.filter((statement) => /DROP PART/.test(statement))).toEqual([])

    // Nobody keeps more than a year now, so months older than that belong to nobody.
    const last = (await analytics.projects.list()).find(({ slug }) => slug === slugs[3])
    await analytics.projects.update(last?.id ?? '', { retention_days: 365 })
    now += 60 * DAY
    statements.length = 0
    await analytics.retention.run()
    const dropped = statements.filter((statement) => /DROP PART/.test(statement))
    expect(perTable(dropped)).toEqual({ events: 1, identity_links: 1, marks: 1 })
    expect(dropped[0]).toContain("DROP PART '202511_")
    for (const n of Object.values(perTable(statements))) expect(n).toBeLessThanOrEqual(2)
    await analytics.close()
    await client.close()
  }, 60_000)
})

function perTable(statements: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const statement of statements) {
    const [, table] = /^ALTER TABLE `\w+`\.(\w+)/.exec(statement) ?? []
    if (table !== undefined) counts[table] = (counts[table] ?? 0) + 1
  }
  return counts
}
