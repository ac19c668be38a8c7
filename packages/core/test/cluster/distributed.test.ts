import { createClient } from '@clickhouse/client'
import { type ClickhouseClient, clickhouseEvents } from '@millimetric/core/clickhouse'
import { eventStoreCases, storedEvent, TEST_PROJECT } from '@millimetric/core/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { onCluster } from '../../src/stores/clickhouse/cluster.js'
import { MIGRATIONS } from '../../src/stores/clickhouse/schema/index.js'
import { freshDatabase } from '../stores/chdb-path.js'
import { type DistributedServer, spawnDistributedServer } from './distributed-server.js'

const CLUSTER = { name: 'main' }

let server: DistributedServer
let client: ReturnType<typeof createClient>

beforeAll(async () => {
  server = await spawnDistributedServer()
  client = createClient({ url: server.url })
})
afterAll(async () => {
  await client.close()
  await server.close()
})

/** What an engine without a queue for DDL and without a keeper can run: Distributed stays as it is. */
function withoutReplicas(query: string): string {
  return query
    .replace(/ ON CLUSTER `main`/, '')
    .replace(/ENGINE = Replicated(\w+)\('[^']+', '\{replica\}'(?:, )?/, 'ENGINE = $1(')
    .replace(
      /\breplicated_deduplication_window = (\d+), replicated_deduplication_window_seconds = \d+/,
      'non_replicated_deduplication_window = $1',
    )
}

function embedded(): ClickhouseClient {
  return {
    command: async (params) => await client.command({ ...params, query: withoutReplicas(params.query) }),
    query: async (params) => await client.query({ ...params, query: withoutReplicas(params.query) }),
    close: async () => {},
  }
}

async function rows<T>(query: string): Promise<T[]> {
  return await (await client.query({ query, format: 'JSONEachRow' })).json<T>()
}

test('every table of the migrations can be made with the replicated engine', async () => {
  const database = freshDatabase()
  await client.command({ query: `CREATE DATABASE ${database}` })
  for (const statement of MIGRATIONS.flatMap((migration) => migration.statements(`\`${database}\``))) {
    for (const query of onCluster(statement, CLUSTER)) {
      await client.command({ query: query.replace(' ON CLUSTER `main`', '') })
    }
  }
  const tables = await rows<{ name: string; engine: string }>(
    `SELECT name, engine FROM system.tables WHERE database = '${database}' AND engine NOT LIKE '%View'`,
  )
  const local = tables.filter(({ name }) => name.endsWith('_local'))
  expect(local.length).toBe(tables.length / 2)
  for (const { engine } of local) expect(engine).toMatch(/^Replicated\w*MergeTree$/)
  for (const { name, engine } of tables) if (!name.endsWith('_local')) expect(engine).toBe('Distributed')
})

test('a batch that is sent three times through the distributed table is stored once, in every table', async () => {
  const database = freshDatabase()
  const store = clickhouseEvents({ client: embedded(), database, cluster: CLUSTER })
  const batch = {
    token: `cluster-${database}`,
    events: Array.from({ length: 100 }, (_, n) =>
      storedEvent({ event_id: `${n}`, anonymous_id: n % 5 === 0 ? '' : `v${n % 10}`, user_id: `u${n % 3}` }),
    ),
  }
  for (let send = 0; send < 3; send++) await store.insert(batch)
  const [counts] = await rows(`SELECT (SELECT count() FROM ${database}.events) AS events,
  (SELECT count() FROM ${database}.event_ids_local) AS ids, (SELECT toUInt32(sum(rows)) FROM ${database}.marks) AS marks,
  (SELECT toUInt32(sum(events)) FROM ${database}.sessions_v) AS fragments`)
  expect(counts).toEqual({ events: 100, ids: 100, marks: 100, fragments: 80 })
  expect((await store.known([{ project_id: TEST_PROJECT, event_id: '7' }])).size).toBe(1)
  expect(await store.landed(batch)).toBe(true)
  expect(await store.landed({ ...batch, token: 'other' })).toBe(false)
  await store.close()
})

/** A store of its own costs a case a second here; CLUSTER_CASES=all runs every one. */
const SAMPLE = [
  'known tells stored ids from new ones, per project',
  'a person is its user, the user its visitor is linked to, or its visitor',
  'removing twins leaves nothing of them behind: rows, sessions, links',
]

describe('the store on a cluster keeps the promises of the port', () => {
  const cases =
    process.env.CLUSTER_CASES === 'all'
      ? eventStoreCases
      : eventStoreCases.filter(({ name }) => SAMPLE.includes(name))
  for (const { name, run } of cases) {
    test(name, async () => {
      const store = clickhouseEvents({ client: embedded(), database: freshDatabase(), cluster: CLUSTER })
      await run(store)
      await store.close()
    }, 90_000)
  }
})
