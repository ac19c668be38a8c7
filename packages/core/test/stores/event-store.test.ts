import { chdbEvents } from '@millimetric/core/chdb'
import { clickhouseEvents } from '@millimetric/core/clickhouse'
import { memoryEvents } from '@millimetric/core/memory'
import { eventStoreCases } from '@millimetric/core/testing'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { type ClickhouseServer, spawnClickhouseServer } from '../../../../scripts/clickhouse-server.js'
import { CHDB_PATH, freshDatabase } from './chdb-path.js'

describe('memory', () => {
  for (const { name, run } of eventStoreCases) {
    test(name, async () => {
      const store = memoryEvents()
      await run(store)
      await store.close()
    })
  }
})

describe('chdb', () => {
  // Held open through all cases: the last user to leave would close the engine, and opening costs 0.3 s.
  const holder = chdbEvents({ path: CHDB_PATH, database: freshDatabase() })
  afterAll(async () => await holder.close())

  for (const { name, run } of eventStoreCases) {
    test(name, async () => {
      await holder.migrate()
      const store = chdbEvents({ path: CHDB_PATH, database: freshDatabase() })
      await run(store)
      await store.close()
    })
  }
})

// The real client over real HTTP: parameters in the URL, compression, keep-alive.
describe('clickhouse over http', () => {
  let server: ClickhouseServer
  beforeAll(async () => {
    server = await spawnClickhouseServer()
  })
  afterAll(async () => await server.close())

  for (const { name, run } of eventStoreCases) {
    test(name, async () => {
      const store = clickhouseEvents({ url: server.url, database: freshDatabase() })
      await run(store)
      await store.close()
    })
  }
})
