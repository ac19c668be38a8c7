import { randomUUID } from 'node:crypto'
import { createClient } from '@clickhouse/client'
import type { Analytics, EventStore } from '@millimetric/core'
import { chdbEvents } from '@millimetric/core/chdb'
import { clickhouseEvents } from '@millimetric/core/clickhouse'
import { memoryKeys } from '@millimetric/core/memory'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type ClickhouseServer, spawnClickhouseServer } from '../../../../scripts/clickhouse-server.js'
import { PERSONAL_DATA } from '../../src/privacy/personal-data.js'
import { CHDB_PATH, freshDatabase } from '../stores/chdb-path.js'
import { engineSql, finished, forgetAndWait, QUICK, quickAnalytics, type Sql } from './forgetting.js'

const DAY = 86_400_000
const NOW = Date.UTC(2026, 10, 10, 15)

let sql: Sql
beforeAll(async () => {
  sql = await engineSql()
})
afterAll(async () => await sql.close())

describe('chdb', () => {
  let database: string
  let store: EventStore
  let analytics: Analytics
  let projectId: string
  let neighbourId: string

  beforeEach(async () => {
    database = freshDatabase()
    store = chdbEvents({ path: CHDB_PATH, database, rollupFromRows: 0 })
    analytics = quickAnalytics({ events: store, project: 'shop', clock: () => NOW })
    projectId = (await analytics.projects.create({ slug: 'shop', timezone: 'America/New_York' })).project.id
    neighbourId = (await analytics.projects.create({ slug: 'next', timezone: 'America/New_York' })).project.id
    return async () => await analytics.close()
  })

  /** Sixty visitors over ten days; every sixth visitor is Ann on one of her devices. */
  async function fill(project: string): Promise<void> {
    await analytics.batch(
      Array.from({ length: 600 }, (_, n) => ({
        event: n < 60 ? '$identify' : n % 3 === 0 ? '$pageview' : 'click',
        event_id: `e${n}`,
        anonymous_id: n % 11 === 0 ? 'shared' : `device${n % 60}`,
        url: 'https://shop.test/',
        timestamp: NOW - 10 * DAY + n * 1_300_000,
        ...(n % 4 === 0 || n < 60 ? { user_id: n % 6 === 0 ? 'ann' : `user${n % 60}` } : {}),
      })),
      { project },
    )
  }

  async function buildRollups(): Promise<number> {
    // A day is built only when nothing came for half a minute.
    await sql(
      `ALTER TABLE ${database}.marks UPDATE last_at = last_at - INTERVAL 60 SECOND WHERE 1 SETTINGS mutations_sync=2`,
    )
    return (await analytics.maintain()).days_built
  }

  /** States of distinct visitors have no fixed order, and a hash of null is null. */
  const content = (table: string): string =>
    table === 'daily_rollup'
      ? '* EXCEPT visitors, finalizeAggregation(visitors)'
      : table === 'events'
        ? '* EXCEPT client_timestamp'
        : '*'

  async function hashOf(project: string, table: string): Promise<unknown> {
    const rows = await sql(
      `SELECT count() AS n, toString(sum(cityHash64(${content(table)}))) AS hash FROM ${database}.${table} WHERE toString(project_id) = '${project}'`,
    )
    return rows[0]
  }

  const range = { from: '2026-10-30', to: '2026-11-11' } as const

  test('nothing of the person is left in any registered table, hidden rows included', async () => {
    await fill('shop')
    await fill('next')
    await store.quarantine(randomUUID(), [
      quarantined(projectId, 'ann'),
      quarantined(projectId, 'bob'),
      quarantined(neighbourId, 'ann'),
      quarantined('no uuid', 'ann'),
    ])
    expect(await buildRollups()).toBeGreaterThan(10)
    const tables = ['events', 'event_ids', 'identity_links', 'daily_rollup', 'quarantine']
    const neighbour = await Promise.all(tables.map(async (table) => await hashOf(neighbourId, table)))
    const [before] = await sql<{ ids: string[] }>(
      `SELECT groupArray(toString(sipHash64(event_id))) AS ids FROM ${database}.events
       WHERE toString(project_id) = '${projectId}' AND (user_id = 'ann' OR (user_id = '' AND anonymous_id IN (
         SELECT anonymous_id FROM ${database}.identity_links WHERE toString(project_id) = '${projectId}'
         GROUP BY anonymous_id HAVING argMin(user_id, (timestamp, event_id)) = 'ann')))`,
    )
    expect(before?.ids.length).toBeGreaterThan(100)

    const job = await forgetAndWait(analytics, { user_id: 'ann' }, 'shop')
    expect(job.counts).toMatchObject({ events: before?.ids.length, quarantine: 1 })

    const shop = `toString(project_id) = '${projectId}'`
    const gone = `[${before?.ids.join(',')}]`
    const looks: Record<string, string> = {
      events: `user_id = 'ann' OR sipHash64(event_id) IN ${gone}`,
      event_ids: `id_hash IN ${gone}`,
      identity_links: `user_id = 'ann'`,
      quarantine: `user_id = 'ann'`,
      erasures: '1',
      erased_rows: '1',
    }
    const erased = PERSONAL_DATA.filter(
      (entry) =>
        entry.store === 'events' && ['by_person', 'with_events', 'after_erasure'].includes(entry.erased),
    ).map(({ name }) => name)
    // A day's state holds Ann until it is computed anew; so the touched days are gone as a whole, see below.
    expect(Object.keys(looks).concat('daily_rollup').toSorted()).toEqual(erased.toSorted())
    for (const [table, look] of Object.entries(looks)) {
      const [left] = await sql(
        `SELECT count() AS n FROM ${database}.${table} WHERE ${shop} AND (${look}) SETTINGS apply_deleted_mask=0`,
      )
      expect([table, left]).toEqual([table, { n: 0 }])
    }
    expect(await hashOf(projectId, 'daily_rollup')).toMatchObject({ n: 0 })
    const after = await Promise.all(tables.map(async (table) => await hashOf(neighbourId, table)))
    expect(after).toEqual(neighbour)
    // Nobody's id may be in what the server remembers of the statements.
    const remembered = await sql(
      `SELECT command FROM system.mutations WHERE database = '${database}' AND (command LIKE '%''ann''%' OR command LIKE '%device%')`,
    )
    expect(remembered).toEqual([])
  }, 60_000)

  test('raw and rollup agree before, right after and once the days are built again', async () => {
    await fill('shop')
    await buildRollups()
    const questions = [
      { ...range, metric: 'uniques', interval: 'day' },
      { ...range, interval: 'day' },
      { ...range, metric: 'uniques', group_by: ['event_name'] },
      { ...range, metric: 'sessions', interval: 'day' },
      { ...range, metric: 'bounce_rate' },
    ] as const
    async function agree(answeredBy: string): Promise<unknown[]> {
      const answers: unknown[] = []
      for (const question of questions) {
        const quick = await analytics.stats(question)
        const raw = await analytics.stats({ ...question, raw: true })
        expect(quick.rows).toEqual(raw.rows)
        answers.push(raw.rows)
      }
      expect((await analytics.stats(questions[0])).meta.answered_by).toBe(answeredBy)
      return answers
    }
    const before = await agree('rollup')
    await forgetAndWait(analytics, { user_id: 'ann' })
    const after = await agree('raw')
    expect(after).not.toEqual(before)
    expect(await buildRollups()).toBeGreaterThan(5)
    expect(await agree('rollup')).toEqual(after)
    expect(await store.survivors([])).toEqual({})
  }, 60_000)

  test('rows that somebody deleted by hand and only hid are erased, too', async () => {
    await fill('shop')
    await sql(
      `DELETE FROM ${database}.events WHERE user_id = 'ann' AND toString(project_id) = '${projectId}'`,
    )
    const hidden = `SELECT count() AS n FROM ${database}.events WHERE user_id = 'ann' SETTINGS apply_deleted_mask=0`
    const [before] = await sql<{ n: number }>(hidden)
    expect(before?.n).toBeGreaterThan(20)
    await forgetAndWait(analytics, { user_id: 'ann' })
    expect(await sql(hidden)).toEqual([{ n: 0 }])
  }, 60_000)

  test('a round that died half way is finished by the next one', async () => {
    await fill('shop')
    const erasure_id = randomUUID()
    await store.noteErasures([
      { id: erasure_id, project_id: projectId, user_id: 'ann', anonymous_id: '', until: NOW },
    ])
    const selector = [{ kind: 'person', erasure_id, project_id: projectId }] as const
    // Written down, and the events are gone already, but nothing of what was computed from them.
    await store.purge(selector)
    const rows = `(SELECT project_id, id_hash FROM ${database}.erased_rows)`
    await sql(
      `INSERT INTO ${database}.event_ids SELECT project_id, id_hash, 0, timestamp, received_at, batch, now64(3) FROM ${database}.erased_rows SETTINGS insert_deduplication_token='${randomUUID()}'`,
    )
    expect(await store.survivors(selector)).toMatchObject({ event_ids: expect.any(Number) })
    await store.purge(selector)
    expect(await store.survivors(selector)).toEqual({})
    expect(
      await sql(`SELECT count() AS n FROM ${database}.event_ids WHERE (project_id, id_hash) IN ${rows}`),
    ).toEqual([{ n: 0 }])
  }, 60_000)
})

describe('clickhouse over http', () => {
  let server: ClickhouseServer
  beforeAll(async () => {
    server = await spawnClickhouseServer()
  })
  afterAll(async () => await server.close())

  test('a thousand people at once cost a few statements', async () => {
    const client = createClient({ url: server.url })
    const statements: string[] = []
    const counting = {
      command: async (params: Parameters<typeof client.command>[0]) => {
        statements.push(params.query)
        return await client.command(params)
      },
      query: async (params: {
        query: string
        format: 'JSONEachRow'
        query_params?: Record<string, unknown>
      }) => {
        statements.push(params.query)
        return await client.query(params)
      },
      close: async () => await client.close(),
    }
    const database = freshDatabase()
    const store = clickhouseEvents({ client: counting, database })
    const analytics = quickAnalytics({
      events: store,
      keys: memoryKeys(),
      erasure: { ...QUICK, deliveryMs: 200 },
    })
    await analytics.projects.create({ slug: 'shop' })
    const people = Array.from({ length: 1000 }, (_, n) => `person-${n}`)
    await analytics.batch(
      people.flatMap((user_id, n) => [
        { event: '$pageview', anonymous_id: `device-${n}`, timestamp: Date.now() - (n % 90) * DAY - 1000 },
        {
          event: '$identify',
          anonymous_id: `device-${n}`,
          user_id,
          timestamp: Date.now() - (n % 90) * DAY - 500,
        },
      ]),
    )
    await analytics.track({ event: 'kept', event_id: 'kept', anonymous_id: 'device-1', user_id: 'somebody' })
    statements.length = 0
    const asked = await Promise.all(people.map(async (user_id) => await analytics.forget({ user_id })))
    for (const { job } of asked)
      expect(await finished(analytics, job.id)).toMatchObject({ state: 'done', counts: { events: 2 } })

    const deletes: Record<string, number> = {}
    const inserts: Record<string, number> = {}
    for (const statement of statements) {
      const [, alter] = /^ALTER TABLE `\w+`\.(\w+)/.exec(statement) ?? []
      const [, insert] = /^INSERT INTO `\w+`\.(\w+)/.exec(statement) ?? []
      if (alter !== undefined) deletes[alter] = (deletes[alter] ?? 0) + 1
      if (insert !== undefined) inserts[insert] = (inserts[insert] ?? 0) + 1
    }
    for (const [table, n] of Object.entries({ ...deletes, ...inserts })) {
      expect([table, n <= 12]).toEqual([table, true])
    }
    // One delete a table for all of them; 39 statements when this was written.
    expect(statements.length).toBeLessThan(100)
    expect(deletes).toMatchObject({ events: expect.any(Number), event_ids: expect.any(Number) })
    expect(statements.some((statement) => /person-|device-/.test(statement.split(' FORMAT ')[0] ?? ''))).toBe(
      false,
    )
    const { rows } = await analytics.query({ range: '7d' })
    expect(rows.map(({ event_id }) => event_id)).toEqual(['kept'])
    await analytics.close()
    await client.close()
  }, 120_000)

  test('an erasure survives a server that fails in between', async () => {
    const database = freshDatabase()
    const failures: string[] = []
    const analytics = quickAnalytics({
      events: clickhouseEvents({ url: server.url, database }),
      keys: memoryKeys(),
      onDiagnostic: ({ kind }) => failures.push(kind),
    })
    await analytics.projects.create({ slug: 'shop' })
    await analytics.track({ event: 'e', user_id: 'ann' })
    const { job } = await analytics.forget({ user_id: 'ann' })
    await server.fault({ mode: 'error', match: 'ALTER TABLE', times: 1 })
    expect(await finished(analytics, job.id)).toMatchObject({ state: 'done', counts: { events: 1 } })
    expect(failures).toContain('erasure_failed')
    await analytics.close()
  }, 60_000)
})

function quarantined(project_id: string, user_id: string): Parameters<EventStore['quarantine']>[1][number] {
  return {
    project_id,
    event_id: randomUUID(),
    anonymous_id: '',
    user_id,
    timestamp: 0,
    received_at: NOW,
    quarantined_at: NOW,
    code: 'X',
    reason: 'x',
    row: '{}',
  }
}
