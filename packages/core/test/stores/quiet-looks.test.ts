import type { QueryPlan } from '@millimetric/core'
import { chdbEvents } from '@millimetric/core/chdb'
import { storedEvent, TEST_NOON, TEST_PROJECT } from '@millimetric/core/testing'
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { createConnectionPool } from '../../src/stores/chdb/connection-pool.js'
import { acquireEngine } from '../../src/stores/chdb/engine.js'
import type { Connections } from '../../src/stores/clickhouse/client.js'
import type { ClickhouseEventStore } from '../../src/stores/clickhouse/event-store.js'
import { DAY, stats } from '../../src/testing/event-store-case.js'
import { CHDB_PATH, freshDatabase } from './chdb-path.js'

const MIDNIGHT = Math.floor(TEST_NOON / DAY) * DAY
const DAYS = [MIDNIGHT, MIDNIGHT + DAY]
const PLAN = stats({ from: MIDNIGHT, to: MIDNIGHT + DAY, days: DAYS })

let engine: Connections
let store: ClickhouseEventStore
let other: ClickhouseEventStore
let database: string
beforeAll(async () => {
  engine = await acquireEngine(CHDB_PATH)
})
afterAll(async () => await engine.close())
beforeEach(async () => {
  database = freshDatabase()
  store = chdbEvents({ path: CHDB_PATH, database, rollupFromRows: 0 })
  other = chdbEvents({ path: CHDB_PATH, database, rollupFromRows: 0 })
  await store.insert({ token: 'first', events: [event('a', 0), event('b', 1)] })
  return async () => {
    await store.close()
    await other.close()
  }
})

function event(event_id: string, second: number): ReturnType<typeof storedEvent> {
  const at = TEST_NOON + second * 1000
  return storedEvent({ event_id, timestamp: at, received_at: at })
}

/** What is counted, and how many looks at ids it took. */
async function counted(plan: Extract<QueryPlan, { kind: 'stats' }> = PLAN): Promise<[unknown, number]> {
  const [reader] = engine.readers
  const query = vi.spyOn(reader, 'query')
  try {
    const { rows } = await store.query<'stats'>(plan)
    return [
      rows[0]?.values[0],
      query.mock.calls.filter(([asked]) => asked.query.includes(' AS swept')).length,
    ]
  } finally {
    query.mockRestore()
  }
}

test('ids are looked at once for as long as nobody writes', async () => {
  expect(await counted()).toEqual([2, 2])
  expect(await counted()).toEqual([2, 0])
  expect(await counted()).toEqual([2, 0])
  expect(await counted({ ...PLAN, project_id: '99999999-9999-4999-8999-999999999999' })).toEqual([0, 1])
  expect(await counted()).toEqual([2, 0])
})

test('whoever writes, the next question looks again: an event that came twice counts once', async () => {
  await counted()
  expect(await counted()).toEqual([2, 0])
  await other.insert({ token: 'second', events: [event('a', 30)] })
  // Without the look it counts three.
  expect(await counted()).toEqual([2, 2])
  // While the two are there, they are told apart without looking for them again.
  expect(await counted()).toEqual([2, 0])
  await other.removeTwins()
  // What a sweep removed may have been read: so it is read again.
  expect(await counted()).toEqual([2, 2])
  expect(await counted()).toEqual([2, 0])
})

test('what is written while a question is answered is looked at when the answer is there', async () => {
  await counted()
  const [reader] = engine.readers
  const ask = reader.query.bind(reader)
  const query = vi.spyOn(reader, 'query').mockImplementationOnce(async (statement) => {
    await other.insert({ token: 'meanwhile', events: [event('a', 30)] })
    return await ask(statement)
  })
  try {
    const { rows } = await store.query<'stats'>(PLAN)
    expect(rows[0]?.values).toEqual([2])
  } finally {
    query.mockRestore()
  }
})

test('a rollup that changes under a question is noticed though nothing was written before it', async () => {
  await engine.writer.command({
    query: `ALTER TABLE ${database}.marks UPDATE last_at = last_at - INTERVAL 60 SECOND WHERE 1 SETTINGS mutations_sync=2`,
  })
  expect(await store.buildDays(TEST_PROJECT, [{ start: MIDNIGHT, end: MIDNIGHT + DAY }])).toBe(1)
  await counted()
  const [reader] = engine.readers
  const ask = reader.query.bind(reader)
  let late = false
  const query = vi.spyOn(reader, 'query').mockImplementation(async (statement) => {
    if (!late && statement.query.includes('daily_rollup')) {
      late = true
      await other.insert({ token: 'late', events: [event('c', 40)] })
    }
    return await ask(statement)
  })
  try {
    const { rows, answered_by } = await store.query<'stats'>(PLAN)
    expect([late, rows[0]?.values, answered_by]).toEqual([true, [3], 'raw'])
  } finally {
    query.mockRestore()
  }
})

/** A connection whose statements end when they are told to. */
function patient(): { pool: ReturnType<typeof createConnectionPool>; ends: (() => void)[] } {
  const ends: (() => void)[] = []
  const command = async (): Promise<unknown> => await new Promise<void>((resolve) => ends.push(resolve))
  const client = { command, query: async () => ({ json: async () => [] }), close: async () => {} }
  return { pool: createConnectionPool([client]), ends }
}

async function settle(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve))
}

test('a pool tells how many statements have ended, and nothing while one is under way, waits or was left alone', async () => {
  const { pool, ends } = patient()
  expect(pool.ended()).toBe(0)
  const abort = new AbortController()
  const left = pool.command({ query: 'INSERT', abort_signal: abort.signal })
  await settle()
  abort.abort(new Error('gone'))
  await expect(left).rejects.toThrow('gone')
  expect(pool.ended()).toBeUndefined()
  const next = pool.command({ query: 'INSERT' })
  ends.shift()?.()
  await settle()
  expect(pool.ended()).toBeUndefined()
  ends.shift()?.()
  await next
  await settle()
  expect(pool.ended()).toBe(2)
  await pool.close()
})

test('a statement that is left before it has begun is never begun', async () => {
  const { pool, ends } = patient()
  const abort = new AbortController()
  const left = pool.command({ query: 'INSERT', abort_signal: abort.signal })
  abort.abort(new Error('gone'))
  await expect(left).rejects.toThrow('gone')
  await settle()
  expect([ends.length, pool.ended()]).toEqual([0, 0])
  await pool.close()
})

test('upkeep asks as much of a thousand days without news as of one', async () => {
  await store.insert({ token: 'second', events: [event('c', 2)] })
  const [reader] = engine.readers
  async function asked(days: number): Promise<number> {
    const query = vi.spyOn(reader, 'query')
    try {
      const past = Array.from({ length: days }, (_, n) => MIDNIGHT - (days - n) * DAY)
      const built = await store.buildDays(
        TEST_PROJECT,
        past.map((start) => ({ start, end: start + DAY })),
      )
      expect(built).toBe(0)
      return query.mock.calls.length
    } finally {
      query.mockRestore()
    }
  }
  await asked(0)
  const one = await asked(1)
  expect(one).toBeGreaterThan(0)
  expect(await asked(1000)).toBe(one)
})
