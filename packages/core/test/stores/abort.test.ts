import { ClickHouseLogLevel, createClient } from '@clickhouse/client'
import { createAnalytics, isAnalyticsError } from '@millimetric/core'
import { chdbEvents } from '@millimetric/core/chdb'
import { clickhouseEvents } from '@millimetric/core/clickhouse'
import { memoryKeys } from '@millimetric/core/memory'
import { storedEvent, TEST_PROJECT } from '@millimetric/core/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { spawnClickhouseServer } from '../../../../scripts/clickhouse-server.js'
import { acquireEngine } from '../../src/stores/chdb/engine.js'
import type { Connections } from '../../src/stores/clickhouse/client.js'
import { createReader, QUERY_LIMITS, type Read } from '../../src/stores/clickhouse/reader.js'
import { batch, stats, total } from '../../src/testing/event-store-case.js'
import { CHDB_PATH, freshDatabase } from './chdb-path.js'

/** Works for minutes when nobody ends it. */
const HEAVY = { query: 'SELECT sum(cityHash64(number)) AS s FROM numbers(100000000000)', params: {} }

type Door = () => Promise<{ connections: Connections; close(): Promise<void> }>

const DOORS: readonly [string, Door][] = [
  [
    'in process',
    async () => {
      const connections = await acquireEngine(CHDB_PATH)
      return { connections, close: connections.close }
    },
  ],
  [
    'over HTTP',
    async () => {
      const server = await spawnClickhouseServer()
      const client = createClient({ url: server.url, log: { level: ClickHouseLogLevel.OFF } })
      const close = async (): Promise<void> => {
        await client.close()
        await server.close()
      }
      return { connections: { writer: client, readers: [client], close }, close }
    },
  ],
]

describe.each(DOORS)('a read that is abandoned %s', (_name, open) => {
  let door: Awaited<ReturnType<Door>>
  let read: Read
  beforeAll(async () => {
    door = await open()
    read = createReader(async () => door.connections, {
      ...QUERY_LIMITS,
      maxRowsToRead: 0,
      maxExecutionTime: 300,
    })
  })
  afterAll(async () => await door.close())

  async function heavyOnes(): Promise<number> {
    // Reads may all be taken.
    const { quick, readers } = door.connections
    const answer = await (quick ?? readers[0]).query({
      query:
        "SELECT count() AS n FROM system.processes WHERE query LIKE '%cityHash64(number)%' AND query NOT LIKE '%system.processes%'",
      format: 'JSONEachRow',
    })
    const [row] = await answer.json<{ n: number | string }>()
    return Number(row?.n)
  }

  async function reach(wanted: number): Promise<void> {
    await expect.poll(heavyOnes, { timeout: 10_000, interval: 20 }).toBe(wanted)
  }

  test('rejects with the reason of its signal, and the engine is free again', async () => {
    const gone = new AbortController()
    const asked = read(HEAVY, { signal: gone.signal })
    const failed = expect(asked).rejects.toThrow('the page was closed')
    await reach(1)
    gone.abort(new Error('the page was closed'))
    await failed
    const began = performance.now()
    await reach(0)
    expect(await read({ query: 'SELECT 1 AS one', params: {} })).toEqual([{ one: 1 }])
    expect(performance.now() - began).toBeLessThan(5000)
  })

  test('many at once are all ended, also those that had not begun, and disturb no other', async () => {
    const gone = Array.from({ length: 8 }, () => new AbortController())
    const asked = gone.map(({ signal }) =>
      read(HEAVY, { signal }).then(
        () => 'answered',
        (error: unknown) => (error instanceof DOMException ? error.name : error),
      ),
    )
    await expect.poll(heavyOnes, { timeout: 10_000, interval: 20 }).toBeGreaterThan(1)
    const other = read<{ one: number }>({ query: 'SELECT 1 AS one', params: {} })
    for (const one of gone) one.abort()
    expect(await Promise.all(asked)).toEqual(asked.map(() => 'AbortError'))
    expect(await other).toEqual([{ one: 1 }])
    await reach(0)
  })

  test('one that was given up before it was asked is not asked', async () => {
    const signal = AbortSignal.abort(new Error('never mind'))
    await expect(read(HEAVY, { signal })).rejects.toThrow('never mind')
    expect(await heavyOnes()).toBe(0)
  })

  test('a signal that outlives its reads ends none of the later ones', async () => {
    const gone = new AbortController()
    await read({ query: 'SELECT 1', params: {} }, { signal: gone.signal })
    gone.abort()
    const own = new AbortController()
    const heavy = read(HEAVY, { signal: own.signal }).catch(() => 'ended')
    await reach(1)
    own.abort()
    expect(await heavy).toBe('ended')
    await reach(0)
  })
})

test('lookups of events on their way in stand behind no report', async () => {
  const store = chdbEvents({ path: CHDB_PATH, database: freshDatabase() })
  const long = Array.from({ length: 5000 }, (_, n) => `${n}-'\\${'\u{1F642}'.repeat(60)}`)
  await store.insert(batch(...long.slice(0, 3).map((event_id) => storedEvent({ event_id }))))
  const engine = await acquireEngine(CHDB_PATH)
  const read = createReader(async () => engine, { ...QUERY_LIMITS, maxRowsToRead: 0, maxExecutionTime: 300 })
  const gone = new AbortController()
  const bound = { query: HEAVY.query.replace('100000000000', '{n:UInt64}'), params: { n: 1e11 } }
  const reports = [1, 2, 3, 4].map((_) => read(bound, { signal: gone.signal }).catch(() => 'ended'))
  const found = await store.known(long.map((event_id) => ({ project_id: TEST_PROJECT, event_id })))
  expect(found.size).toBe(3)
  await store.insert(batch(storedEvent({ event_id: 'more' })))
  gone.abort()
  expect(await Promise.all(reports)).toEqual(reports.map(() => 'ended'))
  await engine.close()
  await store.close()
})

test('a request whose client went away is no failure of the server', async () => {
  const store = chdbEvents({ path: CHDB_PATH, database: freshDatabase() })
  const heard: unknown[] = []
  const analytics = createAnalytics({
    events: store,
    keys: memoryKeys(),
    onDiagnostic: (diagnostic) => void heard.push(diagnostic),
  })
  const { keys } = await analytics.projects.create({ slug: 'p' })
  await store.insert(batch(storedEvent({ event_id: 'a' })))
  const gone = new AbortController()
  const asked = analytics.handler(
    new Request('http://a/v1/stats?range=7d', {
      headers: { authorization: `Bearer ${keys.rk}` },
      signal: gone.signal,
    }),
  )
  gone.abort()
  const answer = await asked
  expect([answer.status, await answer.json()]).toMatchObject([499, { error: 'request_aborted' }])
  expect(heard).toEqual([])
  const error = await analytics
    .stats({ range: '7d' }, { signal: AbortSignal.abort() })
    .catch((cause: unknown) => cause)
  expect(isAnalyticsError(error)).toBe(false)
  expect(error).toMatchObject({ name: 'AbortError' })
  expect(await total(store, stats())).toBe(1)
  await analytics.close()
})

test('the store of a server ends reads too', async () => {
  const server = await spawnClickhouseServer()
  const store = clickhouseEvents({ url: server.url, database: freshDatabase() })
  await store.migrate()
  await server.fault({ mode: 'hang', match: 'log_comment' })
  const gone = new AbortController()
  const asked = store.query<'stats'>(stats(), { signal: gone.signal })
  const failed = expect(asked).rejects.toThrow('gone')
  await expect.poll(async () => (await server.stats()).statements).toBeGreaterThan(3)
  gone.abort(new Error('gone'))
  await failed
  expect(await total(store)).toBe(0)
  await store.close()
  await server.close()
})
