import type { EventsPlan, StoredEvent } from '@millimetric/core'
import { chdbEvents } from '@millimetric/core/chdb'
import { storedEvent, TEST_NOON, TEST_PROJECT } from '@millimetric/core/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { acquireEngine } from '../../src/stores/chdb/engine.js'
import { type Connections, identifier } from '../../src/stores/clickhouse/client.js'
import { insertStatement } from '../../src/stores/clickhouse/insert.js'
import { settledUntil } from '../../src/stores/clickhouse/settled.js'
import { sessionRows, sessions, stats } from '../../src/testing/event-store-case.js'
import { CHDB_PATH, freshDatabase } from './chdb-path.js'

const database = freshDatabase()
const store = chdbEvents({ path: CHDB_PATH, database, rollupFromRows: 0 })
let engine: Connections

beforeAll(async () => {
  await store.migrate()
  engine = await acquireEngine(CHDB_PATH)
})
afterAll(async () => {
  await engine.close()
  await store.close()
})

const scope = {
  project_id: TEST_PROJECT,
  from: TEST_NOON - 86_400_000,
  to: TEST_NOON + 86_400_000,
  filters: [],
  include_bots: false,
  limit: 100,
} as const

const count = stats(scope)
const visits = sessions(scope)
const list: EventsPlan = { kind: 'events', ...scope }

async function answers(): Promise<unknown[]> {
  const [counted, visited, events] = [
    await store.query<'stats'>(count),
    await sessionRows(store, visits),
    await store.query<'events'>(list),
  ]
  return [
    counted.rows[0]?.values[0],
    visited[0],
    events.rows.map(({ event_id, path, timestamp }) => [event_id, path, timestamp]),
  ]
}

async function rowsIn(table: string): Promise<number> {
  const answer = await engine.writer.query({
    query: `SELECT count() AS n FROM ${identifier(database)}.${table}`,
    format: 'JSONEachRow',
  })
  const [row] = await answer.json<{ n: number | string }>()
  return Number(row?.n)
}

test('two processes store one id in the same instant: one counts from the first second, and the other goes', async () => {
  const minute = 60_000
  const at = (fields: Partial<StoredEvent> & { event_id: string }, offset: number): StoredEvent =>
    storedEvent({ ...fields, timestamp: TEST_NOON + offset, received_at: TEST_NOON + offset })
  // The server made the time in both processes, in two half hours: two fragments hold the same event.
  const first = at({ event_id: 'same', path: '/first' }, 29 * minute)
  const second = at({ event_id: 'same', path: '/second' }, 31 * minute)
  const neighbour = at({ event_id: 'other', path: '/other' }, 35 * minute)
  const linked = at({ event_id: 'id', event_name: '$identify', user_id: 'u1' }, 36 * minute)
  const relinked = at({ event_id: 'id', event_name: '$identify', user_id: 'u2' }, 37 * minute)
  await store.insert({ token: 'process-b', events: [second, neighbour, relinked] })
  await store.insert({ token: 'process-a', events: [first, linked] })

  const truth = [
    3,
    { group: [], bucket: null, sessions: 1, bounces: 0, duration_ms: 7 * minute, pageviews: 2 },
    [
      ['id', '/', new Date(TEST_NOON + 36 * minute).toISOString()],
      ['other', '/other', new Date(TEST_NOON + 35 * minute).toISOString()],
      ['same', '/first', new Date(TEST_NOON + 29 * minute).toISOString()],
    ],
  ]
  expect(await answers()).toEqual(truth)
  const person = {
    kind: 'person',
    project_id: TEST_PROJECT,
    user_id: 'u1',
    anonymous_id: '',
    limit: 10,
    from: scope.from,
    to: scope.to,
  } as const
  const before = await store.query<'person'>(person)
  expect(before).toMatchObject({ anonymous_ids: ['visitor'], events: 3 })

  expect(await store.removeTwins()).toBe(2)
  expect([await rowsIn('events'), await rowsIn('event_ids'), await rowsIn('identity_links')]).toEqual([
    3, 3, 1,
  ])
  expect(await answers()).toEqual(truth)
  expect(await store.query<'person'>(person)).toEqual(before)
  expect(await store.removeTwins()).toBe(0)
})

/** Moves rows an hour into the past, and lets upkeep look at everything again. */
async function passAnHour(): Promise<void> {
  const db = identifier(database)
  for (const table of ['events', 'event_ids']) {
    await engine.writer.command({
      query: `ALTER TABLE ${db}.${table} UPDATE stored_at = stored_at - INTERVAL 1 HOUR WHERE 1 SETTINGS mutations_sync = 2`,
    })
  }
  await engine.writer.command({ query: `TRUNCATE TABLE ${db}.sweeps` })
}

test.each([
  ['every table', ['events', 'event_ids', 'identity_links']],
  ['events alone, whose months fill it first', ['events']],
])(
  'one batch comes again when its token is forgotten by %s: one of each pair of equal rows is left',
  async (_, tables) => {
    const db = identifier(database)
    const project_id = crypto.randomUUID()
    const question = stats({ ...scope, project_id })
    const events = ['a', 'b', 'c'].map((event_id) =>
      storedEvent({ project_id, event_id, event_name: '$identify', user_id: 'u', timestamp: TEST_NOON }),
    )
    const batch = { token: `forgotten-${project_id}`, events }
    const counted = async (): Promise<unknown> => (await store.query<'stats'>(question)).rows[0]?.values
    const people = async (): Promise<unknown> =>
      await store.query<'person'>({ kind: 'person', ...scope, project_id, user_id: 'u', anonymous_id: '' })
    await store.insert(batch)
    const before = [await counted(), await people()]
    const window = async (rows: number): Promise<void> => {
      for (const table of tables) {
        await engine.writer.command({
          query: `ALTER TABLE ${db}.${table} MODIFY SETTING non_replicated_deduplication_window = ${rows}`,
        })
      }
    }
    await window(1)
    await store.insert({
      token: `next-${project_id}`,
      events: [storedEvent({ event_id: `next-${project_id}`, event_name: '$identify', user_id: 'n' })],
    })
    await engine.writer.command({ query: insertStatement(database, batch) })
    await window(10_000)
    if (tables.length === 1) {
      await passAnHour()
      expect(await store.removeTwins()).toBe(3)
    } else {
      expect([await counted(), await people()]).toEqual(before)
      expect(await store.removeTwins()).toBe(3)
    }
    expect([await counted(), await people()]).toEqual(before)
    const keys = events.map(({ event_id }) => ({ project_id, event_id }))
    expect((await store.known(keys)).size).toBe(3)
    expect(await store.removeTwins()).toBe(0)
  },
)

test('a sweep does not pass by an insert that is under way, however long it takes', async () => {
  const db = identifier(database)
  const clients = { db, writer: engine.writer, reader: engine.readers[0] }
  const underWay = async (): Promise<number> => {
    const answer = await clients.reader.query({
      query: "SELECT count() AS n FROM system.processes WHERE query_kind = 'Insert'",
      format: 'JSONEachRow',
    })
    const [row] = await answer.json<{ n: number | string }>()
    return Number(row?.n)
  }
  const slow = engine.writer.command({
    query: `INSERT INTO ${db}.events (project_id, event_id, timestamp, received_at) SETTINGS max_block_size = 1
SELECT '${TEST_PROJECT}', concat('slow', toString(number)), now64(3), now64(3) FROM numbers(4) WHERE sleepEachRow(0.3) = 0`,
  })
  await expect.poll(underWay, { interval: 10 }).toBe(1)
  const during = await settledUntil(clients, 'none')
  await slow
  const after = await settledUntil(clients, 'none')
  const answer = await engine.writer.query({
    query: `SELECT min(stored_at) > '${during}' AND max(stored_at) < '${after}' AS held FROM ${db}.events WHERE event_id LIKE 'slow%'`,
    format: 'JSONEachRow',
  })
  expect(await answer.json()).toEqual([{ held: 1 }])
})
