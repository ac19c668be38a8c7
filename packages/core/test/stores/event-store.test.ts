import { createClient } from '@clickhouse/client'
import { chdbEvents } from '@millimetric/core/chdb'
import { memoryEvents } from '@millimetric/core/memory'
import { eventStoreCases } from '@millimetric/core/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ClickhouseServer, spawnClickhouseServer } from '../../../../scripts/clickhouse-server.js'
import { looseReferences } from '../isolation/on-purpose.js'
import { newRecording, recordedEvents } from '../isolation/recorded-store.js'
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
  let client: ReturnType<typeof createClient>
  const recording = newRecording()
  beforeAll(async () => {
    server = await spawnClickhouseServer()
    client = createClient({ url: server.url, compression: { response: true, request: false } })
  })
  afterAll(async () => {
    await client.close()
    await server.close()
  })

  for (const { name, run } of eventStoreCases) {
    test(name, async () => {
      const database = freshDatabase()
      const store = recordedEvents(client, recording, { database })
      await run(store)
      await store.close()
    })
  }

  test('none of the statements of all these cases touches a table without binding a project', () => {
    const { references, loose } = looseReferences(recording)
    expect(references).toBeGreaterThan(1000)
    expect(loose).toEqual([])
  })
})
