import { type Analytics, createAnalytics } from '@millimetric/core'
import { memoryKeys } from '@millimetric/core/memory'
import { keyStoreCases, storedEvent } from '@millimetric/core/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { acquireEngine } from '../../src/stores/chdb/engine.js'
import type { Connections } from '../../src/stores/clickhouse/client.js'
import { type PostgresPool, postgresKeys } from '../../src/stores/postgres/index.js'
import { createTestDatabase } from '../keys/postgres-server.js'
import { finished, QUICK } from '../privacy/forgetting.js'
import { CHDB_PATH, freshDatabase } from '../stores/chdb-path.js'
import { references } from './bound-projects.js'
import { looseRows } from './bound-rows.js'
import { CALLS, membersOf } from './calls.js'
import { looseReferences } from './on-purpose.js'
import { named, newRecording, note, recordedEvents } from './recorded-store.js'
import { EVENTS, makeTenants } from './tenants.js'

const DAY = 86_400_000
/** What asks nothing and changes no rows of projects. */
const NO_QUESTIONS = ['migrate', 'plan', 'close']

describe('the measure itself', () => {
  it.each<[sql: string, bound: boolean[]]>([
    ['SELECT 1 FROM db.t WHERE project_id = {p:UUID}', [true]],
    ['SELECT 1 FROM `db`.t AS x WHERE x.a = 1 AND x.project_id IN {p:Array(UUID)} GROUP BY 1', [true]],
    ['SELECT 1 FROM db.t WHERE a = 1', [false]],
    ['SELECT 1 FROM db.t', [false]],
    ["SELECT 'WHERE project_id = {p:UUID}' FROM db.t", [false]],
    ['SELECT 1 FROM db.t WHERE project_id = {p:UUID} OR a = 1', [false]],
    ['SELECT 1 FROM db.t WHERE (project_id = {p:UUID} OR a = 1)', [false]],
    ['SELECT 1 FROM db.t WHERE not_project_id = {p:UUID}', [false]],
    ['SELECT 1 FROM db.t WHERE NOT project_id = {p:UUID}', [false]],
    ['SELECT 1 FROM db.t WHERE project_id = {p:UUID} + 1', [false]],
    ['SELECT 1 FROM db.t GROUP BY a HAVING project_id = {p:UUID}', [false]],
    ['SELECT 1 FROM (SELECT 2 FROM db.t WHERE project_id = {p:UUID}) WHERE a = 1', [true]],
    ['SELECT 1 FROM db.t WHERE a IN (SELECT 2 FROM db.u WHERE project_id = {p:UUID})', [false, true]],
    ['SELECT 1 FROM db.t WHERE project_id = {p:UUID} AND a IN (SELECT b FROM db.u)', [true, false]],
    ['SELECT 1 FROM db.t WHERE project_id = {p:UUID} UNION ALL SELECT 1 FROM db.u', [true, false]],
    ['SELECT 1 FROM db.t UNION ALL SELECT 1 FROM db.u WHERE project_id = {p:UUID}', [false, true]],
    ['SELECT 1 FROM db.t AS a, db.u AS b WHERE a.project_id = {p:UUID}', [true, false]],
    ['SELECT 1 FROM db.t AS a JOIN db.u AS b ON b.id = a.id WHERE a.project_id = {p:UUID}', [true, false]],
    [
      'SELECT 1 FROM db.t AS a JOIN db.u AS b ON b.project_id = a.project_id WHERE a.project_id = {p:UUID}',
      [true, true],
    ],
    ['INSERT INTO db.t SELECT 1 FROM db.u WHERE project_id = {p:UUID}', [true]],
    ['ALTER TABLE db.t DELETE WHERE a = 1', [false]],
    ['ALTER TABLE db.t DELETE WHERE project_id = {p:UUID} AND a = 1 SETTINGS x=1', [true]],
    ["ALTER TABLE db.t DROP PARTITION ID '1'", [false]],
    ['ALTER TABLE db.t UPDATE a = 1 WHERE 1', [false]],
  ])('%s', (sql, bound) => {
    expect(references([sql], 'db').map((reference) => reference.bound)).toEqual(bound)
  })

  it.each<[sql: string, loose: number]>([
    ['select * from "millimetric"."projects" where "id" = $1', 0],
    ['select * from "millimetric"."api_keys" where "id" = $1', 1],
    ['select * from "millimetric"."api_keys" where "pepper_id" = $1', 1],
    ['select * from "millimetric"."usage_meter" where "month" = $1', 1],
    ['select * from "millimetric"."jobs" where "project_id" = $1 or "id" = $2', 1],
    ['update "millimetric"."jobs" set "project_id" = $1', 1],
    [
      'select * from "millimetric"."jobs" where "project_id" = $1 and "id" in (select "id" from "millimetric"."jobs")',
      1,
    ],
  ])('%s', (sql, loose) => {
    expect(looseRows([sql]).loose).toHaveLength(loose)
  })
})

describe('ClickHouse', () => {
  const recording = newRecording()
  const database = freshDatabase()
  let engine: Connections
  let analytics: Analytics
  let store: ReturnType<typeof recordedEvents>

  beforeAll(async () => {
    engine = await acquireEngine(CHDB_PATH)
    store = recordedEvents(engine.writer, recording, { database, rollupFromRows: 0 })
    const keys = memoryKeys()
    analytics = createAnalytics({
      events: store,
      keys,
      delivery: { flushIntervalMs: 0 },
      erasure: QUICK,
      internalSecret: 'the secret of the scheduler',
      onDiagnostic: () => {},
    })
    const [own, other] = await makeTenants(analytics, keys)
    if (own === undefined || other === undefined) throw new Error('no tenants')
    const context = { project: own.id }
    const event = { event: '$pageview', anonymous_id: 'v', url: 'https://a.test/?utm_source=x' }
    const old = Array.from({ length: 60 }, (_, i) => ({
      ...event,
      timestamp: Date.now() - (i + 1) * DAY * 2,
    }))
    await analytics.batch(old, context)

    // Days are built when nothing came for a while; the marks are made older instead of waiting.
    await engine.writer.command({
      query: `ALTER TABLE ${database}.marks UPDATE last_at = last_at - INTERVAL 600 SECOND WHERE 1 SETTINGS mutations_sync=2`,
    })
    expect((await analytics.maintain()).days_built).toBeGreaterThan(0)
    for (const [name, call] of Object.entries(CALLS)) {
      await membersOf(analytics)
        .find((member) => member.name === name)
        ?.call(...call.with(own, own))
    }
    const rolled = await analytics.stats({ range: '30d', interval: 'day', group_by: ['source'] }, context)
    expect(rolled.meta.answered_by).toBe('rollup')
    const judgedElse = storedEvent({
      event_id: 'else',
      project_id: own.id,
      timestamp: Date.now(),
      source: 'else',
    })
    await store.insert({ token: 'else', events: [judgedElse] })
    expect((await analytics.reclassify({ range: '30d', apply: true }, context)).moving).toBeGreaterThan(0)

    // One event in two inserts, as two processes would.
    for (const token of ['one', 'two']) {
      const twin = storedEvent({ event_id: 'twin', project_id: own.id, timestamp: Date.now(), user_id: 'u' })
      const batch = { token, events: [twin, storedEvent({ event_id: token, project_id: own.id })] }
      await store.insert(batch)
      expect(await store.landed(batch)).toBe(true)
      await store.complete(batch, new Set())
    }
    await analytics.stats({ range: '30d' }, context)
    expect(await store.removeTwins()).toBe(1)

    const { job } = await analytics.forget({ user_id: `${own.canary}-user` }, context)
    expect((await finished(analytics, job.id, own.id)).counts.events).toBe(EVENTS)
    await store.quarantine('q', [refused(own.id)])
    const { job: again } = await analytics.forget({ anonymous_id: 'q' }, context)
    expect((await finished(analytics, again.id, own.id)).counts.quarantine).toBe(1)
    await store.quarantined(own.id, 10)
    expect((await store.erasureRecords(own.id)).length).toBeGreaterThan(1)

    await analytics.projects.update(own.id, { retention_days: 20 })
    expect((await analytics.retention.run()).removed.events).toBeGreaterThan(0)
  }, 120_000)
  afterAll(async () => {
    await analytics.close()
    await engine.close()
  })

  it('every function of the store was called', () => {
    const functions = Object.entries(store).flatMap(([name, member]) =>
      typeof member === 'function' ? [name] : [],
    )
    expect(functions.filter((name) => !recording.called.has(name))).toEqual(NO_QUESTIONS)
  })

  it('every statement binds a project at every place where it touches a table', () => {
    const { references: count, loose } = looseReferences(recording)
    expect(count).toBeGreaterThan(300)
    expect(loose).toEqual([])
    const all = [...recording.statements.keys()].join('\n')
    for (const kind of [' DELETE WHERE', ' UPDATE ', 'DROP PART', 'daily_rollup AS r'])
      expect(all).toContain(kind)
  })

  function refused(project_id: string): Parameters<typeof store.quarantine>[1][number] {
    const at = Date.now() - 1000
    const ids = { event_id: 'q', anonymous_id: 'q', user_id: '' }
    const times = { timestamp: at, received_at: at, quarantined_at: at }
    return { project_id, ...ids, ...times, code: 'CANNOT_PARSE', reason: 'a test', row: '{}' }
  }
})

it('Postgres: every statement binds whose rows it touches, at every place, and all values', async ({
  skip,
}) => {
  const database = await createTestDatabase()
  if (database === undefined) return skip()
  const recording = newRecording()
  const real = database.pool()
  const pool: PostgresPool = {
    async connect() {
      const client = await real.connect()
      return {
        async query<R>(text: string, values: unknown[]) {
          note(recording, text)
          // biome-ignore lint/suspicious/noExplicitAny: pg asks for rows that have an index.
          const { rows, rowCount }: { rows: any[]; rowCount: number | null } = await client.query(
            text,
            values,
          )
          return { rows: rows as R[], rowCount }
        },
        on: (event, listener) => client.on(event, listener),
        removeListener: (event, listener) => client.removeListener(event, listener),
        release: (broken) => client.release(broken),
      }
    },
    on: (event, listener) => real.on(event, listener),
  }
  const keys = named(postgresKeys({ pool, pepper: 'a pepper for the tests' }), recording)
  await keys.migrate()
  expect(recording.statements.size).toBeGreaterThan(10)
  recording.statements.clear()
  for (const { run } of keyStoreCases) await run(keys)
  await keys.close()
  await database.close()

  const functions = Object.entries(keys).flatMap(([name, member]) =>
    typeof member === 'function' ? [name] : [],
  )
  expect(functions.filter((name) => !recording.called.has(name)).sort()).toEqual(['plan', 'watch'])
  const { references: count, loose } = looseRows(recording.statements.keys())
  expect(count).toBeGreaterThan(20)
  expect(loose).toEqual([])
  // Values are parameters: a statement says the same for everybody.
  for (const sql of recording.statements.keys()) expect(sql).not.toMatch(/an-id|case-|owner-/)
})
