import { chdbEvents } from '@millimetric/core/chdb'
import { storedEvent, TEST_NOON, TEST_PROJECT } from '@millimetric/core/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { acquireEngine } from '../../src/stores/chdb/engine.js'
import { type Connections, identifier } from '../../src/stores/clickhouse/client.js'
import { completeCrashedInserts } from '../../src/stores/clickhouse/crashed-inserts.js'
import { sessionRows, sessions } from '../../src/testing/event-store-case.js'
import { CHDB_PATH, freshDatabase } from './chdb-path.js'

const database = freshDatabase()
const db = identifier(database)
const store = chdbEvents({ path: CHDB_PATH, database })
let engine: Connections
beforeAll(async () => {
  await store.migrate()
  engine = await acquireEngine(CHDB_PATH)
})
afterAll(async () => {
  await engine.close()
  await store.close()
})

test('an engine that died between a table and what is computed from it is completed at the next start', async () => {
  const events = ['a', 'b', 'c'].map((event_id, n) =>
    storedEvent({
      event_id,
      timestamp: TEST_NOON + n * 60_000,
      event_name: n === 2 ? '$identify' : '$pageview',
      user_id: n === 2 ? 'u' : '',
    }),
  )
  await store.insert({ token: 'cut-off', events })
  // What a kill between the parts of one insert leaves: the events, and nothing else.
  for (const table of ['event_ids', 'sessions', 'identity_links', 'marks']) {
    await engine.writer.command({ query: `TRUNCATE TABLE ${db}.${table}` })
  }
  const keys = events.map(({ project_id, event_id }) => ({ project_id, event_id }))
  expect((await store.known(keys)).size).toBe(0)

  for (let start = 0; start < 2; start++) await completeCrashedInserts(engine.writer, database)
  expect((await store.known(keys)).size).toBe(3)
  const scope = {
    project_id: TEST_PROJECT,
    from: TEST_NOON - 1,
    to: TEST_NOON + 3_600_000,
    filters: [],
    include_bots: false,
    limit: 10,
  }
  const [stored] = await sessionRows(store, sessions(scope))
  expect(stored).toMatchObject({ sessions: 1, pageviews: 2 })
  const person = {
    kind: 'person',
    project_id: TEST_PROJECT,
    user_id: 'u',
    anonymous_id: '',
    from: scope.from,
    to: scope.to,
    kept_from: 0,
  } as const
  expect(await store.query<'person'>(person)).toMatchObject({ anonymous_ids: ['visitor'], events: 3 })
  expect((await store.query<'events'>({ kind: 'events', ...scope })).rows).toHaveLength(3)
})
