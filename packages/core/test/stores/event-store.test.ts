import { chdbEvents } from '@millimetric/core/chdb'
import { memoryEvents } from '@millimetric/core/memory'
import { eventStoreCases } from '@millimetric/core/testing'
import { afterAll, describe, test } from 'vitest'
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
