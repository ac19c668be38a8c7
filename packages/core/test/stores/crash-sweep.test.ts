import { chdbEvents } from '@millimetric/core/chdb'
import { storedEvent, TEST_NOON } from '@millimetric/core/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { acquireEngine } from '../../src/stores/chdb/engine.js'
import { type ClickhouseClient, type Connections, identifier } from '../../src/stores/clickhouse/client.js'
import { waitForMutations } from '../../src/stores/clickhouse/mutations.js'
import { removeTwins } from '../../src/stores/clickhouse/twins.js'
import type { Clients } from '../../src/stores/clickhouse/upkeep-clients.js'
import { sessionRows, sessions, stats } from '../../src/testing/event-store-case.js'
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

/** A process that dies before its statement of this number. */
function dyingAt(statement: number): ClickhouseClient {
  let sent = 0
  return {
    ...engine.writer,
    query: (params) => engine.writer.query(params),
    close: async () => {},
    async command(params) {
      if (sent++ === statement) throw new Error('died')
      return await engine.writer.command(params)
    },
  }
}

async function rowsIn(table: string): Promise<number> {
  const answer = await engine.writer.query({
    query: `SELECT count() AS n FROM ${db}.${table}`,
    format: 'JSONEachRow',
  })
  const [row] = await answer.json<{ n: number | string }>()
  return Number(row?.n)
}

/** What a sweep wrote down, as it is hours later. */
async function passHours(): Promise<void> {
  const old = '01900000-0000-7000-8000-000000000000'
  await engine.writer.command({
    query: `INSERT INTO ${db}.erased_rows SELECT * REPLACE (toUUID('${old}') AS erasure_id) FROM ${db}.erased_rows`,
  })
  await engine.writer.command({
    query: `ALTER TABLE ${db}.erased_rows DELETE WHERE erasure_id != '${old}' SETTINGS mutations_sync = 2`,
  })
}

test('a sweep for twins that dies at any statement: every event counts once at once, and a later one finishes it', async () => {
  let died = true
  let rounds = 0
  for (; died; rounds++) {
    const twin = {
      event_id: `t${rounds}`,
      event_name: '$identify',
      user_id: 'u',
      timestamp: TEST_NOON + rounds,
    }
    for (const late of [0, 1]) {
      await store.insert({
        token: `${rounds}-${late}`,
        events: [storedEvent({ ...twin, received_at: TEST_NOON + rounds + late })],
      })
    }
    const sweep = removeTwins({ ...clients, writer: dyingAt(rounds) })
    died = await sweep.then(
      () => false,
      () => true,
    )
    await waitForMutations(clients, ['events', 'event_ids', 'identity_links'])
    const told = async (): Promise<unknown[]> => [
      (await store.query<'stats'>(stats())).rows[0]?.values,
      (await sessionRows(store, sessions()))[0]?.sessions,
    ]
    expect(await told(), `died at ${rounds}`).toEqual([[rounds + 1], 1])
    await passHours()
    await removeTwins(clients)
    expect(await told(), `died at ${rounds}`).toEqual([[rounds + 1], 1])
    const tables = ['events', 'event_ids', 'identity_links', 'erased_rows']
    expect(await Promise.all(tables.map(rowsIn)), `died at ${rounds}`).toEqual([
      rounds + 1,
      rounds + 1,
      rounds + 1,
      0,
    ])
  }
  expect(rounds).toBeGreaterThan(8)
}, 240_000)
