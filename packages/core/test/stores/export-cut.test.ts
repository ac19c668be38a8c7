import type { ExportPlan } from '@millimetric/core'
import { chdbEvents } from '@millimetric/core/chdb'
import { storedEvent, TEST_NOON, TEST_PROJECT } from '@millimetric/core/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { acquireEngine } from '../../src/stores/chdb/engine.js'
import { type Connections, identifier } from '../../src/stores/clickhouse/client.js'
import { createExportAnswer } from '../../src/stores/clickhouse/export-answer.js'
import { createReader, QUERY_LIMITS, type Read } from '../../src/stores/clickhouse/reader.js'
import { SCOPE } from '../../src/testing/event-store-case.js'
import { CHDB_PATH, freshDatabase } from './chdb-path.js'

const PLAN: ExportPlan = { kind: 'export', ...SCOPE, filters: [], limit: 3, after: null }

let engine: Connections
beforeAll(async () => {
  engine = await acquireEngine(CHDB_PATH)
})
afterAll(async () => await engine.close())

test('a row that is deleted while a page is read does not make it the last one', async () => {
  const database = freshDatabase()
  const store = chdbEvents({ path: CHDB_PATH, database })
  const events = [...'abcde'].map((event_id, n) =>
    storedEvent({ project_id: TEST_PROJECT, event_id, timestamp: TEST_NOON + n }),
  )
  await store.insert({ token: 'five', events })
  const read = createReader(async () => engine, QUERY_LIMITS)
  const statements: string[] = []
  // The engine looks how far a page reaches, then reads it; `b` goes between the two, as far as one can see from outside.
  const interrupted: Read = async (statement, options) => {
    const found = await read<never>(statement, options)
    statements.push(statement.query)
    if (statements.length > 1) return found
    await engine.writer.command({
      query: `ALTER TABLE ${identifier(database)}.events DELETE WHERE event_id = 'b' SETTINGS mutations_sync = 2`,
    })
    return found.filter(({ event_id }) => event_id !== 'b')
  }
  const answer = (how: Read): ReturnType<typeof createExportAnswer> =>
    createExportAnswer(how, async () => ({ database, distinct: false, kept_from: 0 }))

  const { rows, next } = await answer(interrupted)(PLAN)
  expect(rows.map(({ event_id }) => event_id)).toEqual(['a', 'c', 'd'])
  expect(next?.event_id).toBe('d')
  expect(statements).toHaveLength(2)
  const last = await answer(read)({ ...PLAN, after: next })
  expect([last.rows.map(({ event_id }) => event_id), last.next]).toEqual([['e'], null])
  await store.close()
})
