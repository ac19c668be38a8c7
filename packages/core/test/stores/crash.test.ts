import type { StoredEvent } from '@millimetric/core'
import { chdbEvents } from '@millimetric/core/chdb'
import { storedEvent, TEST_NOON } from '@millimetric/core/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { acquireEngine } from '../../src/stores/chdb/engine.js'
import { type Connections, identifier } from '../../src/stores/clickhouse/client.js'
import { completeInserts } from '../../src/stores/clickhouse/crashed-inserts.js'
import { batchNumber } from '../../src/stores/clickhouse/insert.js'
import type { Clients } from '../../src/stores/clickhouse/upkeep-clients.js'
import { person, sessionRows, sessions, stats } from '../../src/testing/event-store-case.js'
import { CHDB_PATH, freshDatabase } from './chdb-path.js'

const database = freshDatabase()
const db = identifier(database)
const store = chdbEvents({ path: CHDB_PATH, database })
let engine: Connections
let clients: Clients
beforeAll(async () => {
  await store.migrate()
  engine = await acquireEngine(CHDB_PATH)
  clients = { db, writer: engine.writer, reader: engine.readers[0] }
})
afterAll(async () => {
  await engine.close()
  await store.close()
})

const COMPUTED = ['event_ids', 'identity_links', 'marks']

function visit(prefix: string): StoredEvent[] {
  return ['a', 'b', 'c'].map((name, n) =>
    storedEvent({
      event_id: prefix + name,
      timestamp: TEST_NOON + n * 60_000,
      anonymous_id: `${prefix}visitor`,
      event_name: n === 2 ? '$identify' : '$pageview',
      user_id: n === 2 ? `${prefix}u` : '',
    }),
  )
}

/** What a kill between the tables of one insert leaves: the events, and nothing else of these tables. */
async function cutOff(token: string, events: readonly StoredEvent[], tables = COMPUTED): Promise<void> {
  await store.insert({ token, events })
  for (const table of tables) await engine.writer.command({ query: `TRUNCATE TABLE ${db}.${table}` })
}

/** As if everything had been stored an hour ago: nothing of it can be on its way any more. */
async function passAnHour(): Promise<void> {
  for (const table of ['events', 'event_ids']) {
    await engine.writer.command({
      query: `ALTER TABLE ${db}.${table} UPDATE stored_at = stored_at - INTERVAL 1 HOUR WHERE 1 SETTINGS mutations_sync = 2`,
    })
  }
}

const keysOf = (events: readonly StoredEvent[]): { project_id: string; event_id: string }[] =>
  events.map(({ project_id, event_id }) => ({ project_id, event_id }))
const EVER = ['1970-01-01 00:00:00', '2100-01-01 00:00:00'] as const

async function rowsIn(table: string): Promise<number> {
  const answer = await engine.writer.query({
    query: `SELECT count() AS n FROM ${db}.${table}`,
    format: 'JSONEachRow',
  })
  const [row] = await answer.json<{ n: number | string }>()
  return Number(row?.n)
}

test('what an insert left that died is completed once', async () => {
  const events = visit('')
  await cutOff('cut-off', events)
  expect((await store.known(keysOf(events))).size).toBe(0)

  await completeInserts(clients, '2026-01-01 00:00:00', '2026-01-01 00:00:01')
  expect((await store.known(keysOf(events))).size).toBe(0)
  for (let time = 0; time < 2; time++) await completeInserts(clients, ...EVER)
  expect((await store.known(keysOf(events))).size).toBe(3)
  expect(await Promise.all(COMPUTED.map(rowsIn))).toEqual([3, 1, 1])
  const [stored] = await sessionRows(store, sessions())
  expect(stored).toMatchObject({ sessions: 1, pageviews: 2 })
  expect(await store.query<'person'>(person({ user_id: 'u' }))).toMatchObject({
    anonymous_ids: ['visitor'],
    events: 3,
  })
  expect((await store.query<'stats'>(stats())).rows[0]?.values).toEqual([3])
})

test('a view that failed alone is completed, too', async () => {
  await cutOff('links', visit('links-'), ['identity_links'])
  await completeInserts(clients, ...EVER)
  expect(await rowsIn('identity_links')).toBe(2)
})

test('what is being erased does not come back', async () => {
  const events = visit('gone-')
  await cutOff('erased', events)
  await engine.writer.command({
    query: `INSERT INTO ${db}.erased_rows (erasure_id, project_id, event_id, id_hash, timestamp, received_at, batch, stored_at)
SELECT generateUUIDv4(), project_id, event_id, sipHash64(event_id), timestamp, received_at, batch, stored_at FROM ${db}.events WHERE batch = ${batchNumber('erased')}`,
  })
  await completeInserts(clients, ...EVER)
  expect((await store.known(keysOf(events))).size).toBe(0)
  const left = await engine.writer.query({
    query: `SELECT count() AS n FROM ${db}.identity_links WHERE user_id = 'gone-u'`,
    format: 'JSONEachRow',
  })
  expect(await left.json()).toEqual([{ n: 0 }])
  await engine.writer.command({ query: `TRUNCATE TABLE ${db}.erased_rows` })
})

test('upkeep completes what a writer left that died: a repeat that was stored meanwhile counts once again', async () => {
  const events = visit('left-')
  const count = async (): Promise<unknown> =>
    (
      await store.query<'stats'>(
        stats({ metric: 'pageviews', filters: [{ op: 'is', field: 'user_id', values: [''] }] }),
      )
    ).rows
  await cutOff('left', events)
  const before = await count()
  // Sent again: nobody knows the ids.
  await store.insert({
    token: 'again',
    events: events.map((event) => ({ ...event, received_at: event.received_at + 9 })),
  })
  expect(await count()).not.toEqual(before)
  // Of this age it might still be on its way.
  expect(await store.removeTwins()).toBe(0)
  await engine.writer.command({ query: `TRUNCATE TABLE ${db}.sweeps` })
  await passAnHour()
  expect(await store.removeTwins()).toBe(3)
  expect(await count()).toEqual(before)
  expect((await store.known(keysOf(events))).size).toBe(3)
})

test('an embedded engine completes at its next start what its last end cut off', async () => {
  const events = visit('start-')
  await cutOff('start', events)
  expect((await store.known(keysOf(events))).size).toBe(0)
  const next = chdbEvents({ path: CHDB_PATH, database })
  expect((await next.known(keysOf(events))).size).toBe(3)
  await next.close()
})
