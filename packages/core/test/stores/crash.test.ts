import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { StoredEvent } from '@millimetric/core'
import { chdbEvents } from '@millimetric/core/chdb'
import { storedEvent, TEST_NOON } from '@millimetric/core/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { acquireEngine } from '../../src/stores/chdb/engine.js'
import { createOpenInserts } from '../../src/stores/chdb/open-inserts.js'
import { type Connections, identifier } from '../../src/stores/clickhouse/client.js'
import { completeCrashedInserts } from '../../src/stores/clickhouse/crashed-inserts.js'
import { batchNumber } from '../../src/stores/clickhouse/insert.js'
import { person, sessionRows, sessions, stats } from '../../src/testing/event-store-case.js'
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

const COMPUTED = ['event_ids', 'identity_links', 'marks']

function visit(prefix: string): StoredEvent[] {
  return ['a', 'b', 'c'].map((name, n) =>
    storedEvent({
      event_id: prefix + name,
      timestamp: TEST_NOON + n * 60_000,
      anonymous_id: `${prefix}visitor`,
      event_name: n === 2 ? '$identify' : '$pageview',
      user_id: n === 2 ? `${prefix}u` : '',
    }),
  )
}

/** What a kill between the tables of one insert leaves: the events, and nothing else. */
async function cutOff(token: string, events: readonly StoredEvent[]): Promise<void> {
  await store.insert({ token, events })
  for (const table of COMPUTED) await engine.writer.command({ query: `TRUNCATE TABLE ${db}.${table}` })
}

async function rowsIn(table: string): Promise<number> {
  const answer = await engine.writer.query({
    query: `SELECT count() AS n FROM ${db}.${table}`,
    format: 'JSONEachRow',
  })
  const [row] = await answer.json<{ n: number | string }>()
  return Number(row?.n)
}

test('what an insert left that died is completed once, from the batches that were open', async () => {
  const events = visit('')
  await cutOff('cut-off', events)
  const keys = events.map(({ project_id, event_id }) => ({ project_id, event_id }))
  expect((await store.known(keys)).size).toBe(0)

  await completeCrashedInserts(engine.writer, database, [batchNumber('another')])
  expect((await store.known(keys)).size).toBe(0)
  for (let start = 0; start < 2; start++) {
    await completeCrashedInserts(engine.writer, database, [1, 2, batchNumber('cut-off')])
  }
  expect((await store.known(keys)).size).toBe(3)
  expect(await rowsIn('event_ids')).toBe(3)
  const [stored] = await sessionRows(store, sessions())
  expect(stored).toMatchObject({ sessions: 1, pageviews: 2 })
  expect(await store.query<'person'>(person({ user_id: 'u' }))).toMatchObject({
    anonymous_ids: ['visitor'],
    events: 3,
  })
  expect((await store.query<'stats'>(stats())).rows[0]?.values).toEqual([3])
})

test('what is being erased does not come back', async () => {
  const events = visit('gone-')
  await cutOff('erased', events)
  await engine.writer.command({
    query: `INSERT INTO ${db}.erased_rows (erasure_id, project_id, event_id, id_hash, timestamp, received_at, batch)
SELECT generateUUIDv4(), project_id, event_id, sipHash64(event_id), timestamp, received_at, batch FROM ${db}.events WHERE batch = ${batchNumber('erased')}`,
  })
  await completeCrashedInserts(engine.writer, database, [batchNumber('erased')])
  expect(await Promise.all(COMPUTED.map(rowsIn))).toEqual([0, 0, 0])
})

test('an insert is open until all of it is stored, or surely nothing', async () => {
  const open = (): string[] =>
    readdirSync(join(CHDB_PATH, 'open-inserts')).filter((name) => name.startsWith(`${database}.`))
  const batch = { token: 'half', events: visit('half-') }
  const name = `${database}.${batchNumber('half')}`
  expect(open()).toEqual([])
  await engine.writer.command({
    query: `CREATE MATERIALIZED VIEW ${db}.broken TO ${db}.sweeps AS SELECT now64(3) AS swept_until FROM ${db}.events WHERE throwIf(1)`,
  })
  await expect(store.insert(batch)).rejects.toMatchObject({ code: 'event_refused' })
  expect(open()).toEqual([name])
  expect(await store.landed(batch)).toBe(true)
  expect(open()).toEqual([name])
  await engine.writer.command({ query: `DROP TABLE ${db}.broken SYNC` })
  await store.insert(batch)
  expect(open()).toEqual([])

  const refused = { token: 'refused', events: [storedEvent({ event_id: 'r', project_id: 'no uuid' })] }
  await expect(store.insert(refused)).rejects.toMatchObject({ code: 'event_refused' })
  expect(open()).toEqual([`${database}.${batchNumber('refused')}`])
  expect(await store.landed(refused)).toBe(false)
  expect(open()).toEqual([])
})

test('open inserts outlive the process, apart by database, until they are completed', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'millimetric-open-'))
  const first = await createOpenInserts(directory)
  await first.begin('one', 7)
  await first.begin('one', 8)
  await first.begin('two', 9)
  await first.end('one', 8)
  const calls: unknown[] = []
  const complete = async (batches: readonly number[]): Promise<void> => void calls.push(batches)
  // What this process has under way is nothing to complete.
  await first.settle('one', complete)
  expect(calls).toEqual([])

  const second = await createOpenInserts(directory)
  const failing = async (): Promise<void> => {
    throw new Error('The engine is busy.')
  }
  await expect(second.settle('one', failing)).rejects.toThrow('busy')
  await Promise.all([second.settle('one', complete), second.settle('one', complete)])
  await second.settle('none', complete)
  expect(calls).toEqual([[7]])

  const third = await createOpenInserts(directory)
  await third.settle('one', complete)
  await third.settle('two', complete)
  expect(calls).toEqual([[7], [9]])
  expect(readdirSync(directory)).toEqual([])
  rmSync(directory, { recursive: true, force: true })
})
