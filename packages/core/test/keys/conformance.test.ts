import { afterAll, beforeAll, describe, it } from 'vitest'
import type { KeyStore } from '../../src/ports/key-store.js'
import { memoryKeys } from '../../src/stores/memory/memory-keys.js'
import { pgliteKeys } from '../../src/stores/pglite/index.js'
import { postgresKeys } from '../../src/stores/postgres/index.js'
import { keyStoreCases } from '../../src/testing/key-store-cases.js'
import { createTestDatabase, type TestDatabase } from './postgres-server.js'

let database: TestDatabase | undefined

const engines: Record<string, () => Promise<KeyStore | undefined>> = {
  memory: async () => memoryKeys(),
  pglite: async () => pgliteKeys(),
  postgres: async () => {
    database = await createTestDatabase()
    return database && postgresKeys({ pool: database.pool(), pepper: 'a pepper for the tests' })
  },
}

describe.each(Object.entries(engines))('key store on %s', (_name, open) => {
  let store: KeyStore | undefined

  beforeAll(async () => {
    store = await open()
  })
  afterAll(async () => {
    await store?.close()
    await database?.close()
  })

  it.for(keyStoreCases)('$name', async ({ run }, { skip }) => {
    if (store === undefined) return skip()
    await run(store)
  })
})
