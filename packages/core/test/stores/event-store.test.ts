import { createClient } from '@clickhouse/client'
import { chdbEvents } from '@millimetric/core/chdb'
import { type ClickhouseClient, clickhouseEvents } from '@millimetric/core/clickhouse'
import { memoryEvents } from '@millimetric/core/memory'
import { eventStoreCases } from '@millimetric/core/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ClickhouseServer, spawnClickhouseServer } from '../../../../scripts/clickhouse-server.js'
import { looseTables } from '../isolation/bound-projects.js'
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
  const statements = new Map<string, string>()
  beforeAll(async () => {
    server = await spawnClickhouseServer()
    client = createClient({ url: server.url, compression: { response: true, request: false } })
  })
  afterAll(async () => {
    await client.close()
    await server.close()
  })

  /** The client, with every statement written down beside its database. */
  function recording(database: string): ClickhouseClient {
    return {
      command: async (params) => {
        statements.set(params.query, database)
        return await client.command(params)
      },
      query: async (params) => {
        statements.set(params.query, database)
        return await client.query(params)
      },
      close: async () => {},
    }
  }

  for (const { name, run } of eventStoreCases) {
    test(name, async () => {
      const database = freshDatabase()
      const store = clickhouseEvents({ client: recording(database), database })
      await run(store)
      await store.close()
    })
  }

  test('none of the statements of all these cases touches a table without binding a project', () => {
    const shapes = new Set<string>()
    for (const [sql, database] of statements) shapes.add(sql.replaceAll(database, 'one_database'))
    const { references, loose } = looseTables(shapes, 'one_database')
    expect(references).toBeGreaterThan(200)
    expect(loose).toEqual([])
  })
})
