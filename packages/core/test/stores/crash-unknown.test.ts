import { chdbEvents } from '@millimetric/core/chdb'
import { storedEvent, TEST_NOON } from '@millimetric/core/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createDeliver, type Deliver } from '../../src/ingest/deliver.js'
import { acquireEngine } from '../../src/stores/chdb/engine.js'
import { type Connections, identifier } from '../../src/stores/clickhouse/client.js'
import { person, sessionRows, sessions, stats } from '../../src/testing/event-store-case.js'
import { CHDB_PATH, freshDatabase } from './chdb-path.js'

const database = freshDatabase()
const db = identifier(database)
const store = chdbEvents({ path: CHDB_PATH, database })
const failures: boolean[] = []
let engine: Connections
let deliver: Deliver
beforeAll(async () => {
  await store.migrate()
  engine = await acquireEngine(CHDB_PATH)
  deliver = createDeliver({
    store,
    options: {
      maxBatchRows: 100,
      flushRows: 1,
      flushIntervalMs: 1,
      maxWaiting: 1000,
      retryDelaysMs: [1, 1],
    },
    clock: Date.now,
    onDiagnostic(diagnostic) {
      if (diagnostic.kind === 'insert_failed') failures.push(diagnostic.final)
    },
  })
})
afterAll(async () => {
  await deliver.close()
  await engine.close()
  await store.close()
})

/** Lets every insert fail as a server does that dies with it: the events are stored, their ids are not. */
async function failBehindEvents(fails: boolean): Promise<void> {
  const condition = `WHERE throwIf(1, 'gone', 241::Int32) = 0 SETTINGS allow_custom_error_code_in_throwif = 1`
  await engine.writer.command({
    query: `ALTER TABLE ${db}.event_ids_mv MODIFY QUERY
SELECT project_id, sipHash64(event_id) AS id_hash, body_hash, timestamp, received_at, batch, stored_at
FROM ${db}.events ${fails ? condition : ''}`,
  })
}

async function rowsIn(table: string): Promise<number> {
  const answer = await engine.writer.query({
    query: `SELECT count() AS n FROM ${db}.${table}`,
    format: 'JSONEachRow',
  })
  const [row] = await answer.json<{ n: number | string }>()
  return Number(row?.n)
}

test('a store that goes away in the middle of an insert, for longer than it is tried: sent again, it counts once', async () => {
  const visit = ['a', 'b'].map((event_id, n) => ({
    event: storedEvent({ event_id, timestamp: TEST_NOON + n * 1000 }),
    fresh: false,
  }))
  await failBehindEvents(true)
  await expect(deliver.append(visit)).rejects.toMatchObject({ code: 'storage_unavailable' })
  expect(failures).toEqual([false, false, true])
  expect([await rowsIn('events'), await rowsIn('event_ids')]).toEqual([2, 0])
  // As long as it can't be completed, nobody is told that it is stored.
  await expect(deliver.append(visit)).rejects.toMatchObject({ code: 'storage_unavailable' })
  await failBehindEvents(false)
  expect(await deliver.append(visit)).toEqual(['duplicate', 'duplicate'])
  expect([await rowsIn('events'), await rowsIn('event_ids')]).toEqual([2, 2])
  expect((await store.query<'stats'>(stats())).rows[0]?.values).toEqual([2])
  expect((await sessionRows(store, sessions()))[0]).toMatchObject({ sessions: 1, pageviews: 2 })
})

test('a batch that is held for longer than its token is remembered is completed, and stored once', async () => {
  const other = { project_id: '99999999-0000-4000-8000-000000000001' }
  const held = [0, 40, 80].map((days) => ({
    event: storedEvent({
      event_id: `held-${days}`,
      anonymous_id: 'held',
      event_name: '$identify',
      user_id: 'h',
      timestamp: TEST_NOON - days * 86_400_000,
    }),
    fresh: false,
  }))
  const before = [await rowsIn('events'), await rowsIn('identity_links')]
  await failBehindEvents(true)
  await expect(deliver.append(held)).rejects.toMatchObject({ code: 'storage_unavailable' })
  for (const table of ['events', 'event_ids', 'identity_links', 'marks']) {
    await engine.writer.command({
      query: `ALTER TABLE ${db}.${table} MODIFY SETTING non_replicated_deduplication_window = 4`,
    })
  }
  for (let batch = 0; batch < 6; batch++) {
    const events = [storedEvent({ ...other, event_id: `${batch}` })]
    await expect(store.insert({ token: `other-${batch}`, events })).rejects.toMatchObject({
      code: 'storage_unavailable',
    })
  }
  await failBehindEvents(false)
  expect(await deliver.append(held)).toEqual(['duplicate', 'duplicate', 'duplicate'])
  expect([await rowsIn('events'), await rowsIn('identity_links')]).toEqual([
    (before[0] ?? 0) + 3 + 6,
    (before[1] ?? 0) + 3,
  ])
  const answer = await store.query<'person'>(person({ user_id: 'h' }))
  expect(answer).toMatchObject({ anonymous_ids: ['held'] })
})
