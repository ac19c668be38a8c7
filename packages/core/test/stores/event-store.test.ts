import { createClient } from '@clickhouse/client'
import { chdbEvents } from '@millimetric/core/chdb'
import { memoryEvents } from '@millimetric/core/memory'
import { eventStoreCases } from '@millimetric/core/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ClickhouseServer, spawnClickhouseServer } from '../../../../scripts/clickhouse-server.js'
import { FULL, sampled } from '../../../../scripts/test-run/measure.js'
import { acquireEngine } from '../../src/stores/chdb/engine.js'
import type { Connections } from '../../src/stores/clickhouse/client.js'
import { looseReferences } from '../isolation/on-purpose.js'
import { newRecording, recordedEvents } from '../isolation/recorded-store.js'
import { CHDB_PATH, freshDatabase } from './chdb-path.js'
import { emptied } from './emptied.js'

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
  const database = freshDatabase()
  // Held open through all cases: the last user to leave would close the engine, and opening costs 0.3 s.
  let engine: Connections
  beforeAll(async () => {
    engine = await acquireEngine(CHDB_PATH)
  })
  afterAll(async () => await engine.close())

  for (const { name, run } of sampled(eventStoreCases, 7)) {
    test(name, async () => {
      const store = chdbEvents({ path: CHDB_PATH, database: await emptied(engine.writer, database) })
      await run(store)
      await store.close()
    })
  }
})

// The real client over real HTTP: parameters in the URL, compression, keep-alive.
describe('clickhouse over http', () => {
  let server: ClickhouseServer
  let client: ReturnType<typeof createClient>
  const database = freshDatabase()
  const recording = newRecording()
  beforeAll(async () => {
    server = await spawnClickhouseServer()
    client = createClient({ url: server.url, compression: { response: true, request: false } })
  })
  afterAll(async () => {
    await client.close()
    await server.close()
  })

  for (const { name, run } of sampled(eventStoreCases, 28)) {
    test(name, async () => {
      const own = { database: await emptied(client, database) }
      const store = recordedEvents(client, recording, own)
      await run(store)
      await store.close()
    })
  }

  test('none of the statements of all these cases touches a table without binding a project', () => {
    const { references, loose } = looseReferences(recording)
    expect(references).toBeGreaterThan(FULL ? 1000 : 10)
    expect(loose).toEqual([])
  })
})
