import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { chdbEvents } from '@millimetric/core/chdb'
import { storedEvent, TEST_PROJECT } from '@millimetric/core/testing'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { FULL } from '../../../../scripts/test-run/measure.js'
import { acquireEngine } from '../../src/stores/chdb/engine.js'
import type { Connections, StoredIds } from '../../src/stores/clickhouse/client.js'
import { createHashFilter, FILTER_ROOM } from '../../src/stores/clickhouse/hash-filter.js'
import { sipHash64 } from '../../src/stores/clickhouse/sip-hash.js'
import { createStoredIds } from '../../src/stores/clickhouse/stored-ids.js'
import { ask } from '../../src/stores/clickhouse/upkeep-clients.js'

const path = mkdtempSync(join(tmpdir(), 'millimetric-stored-ids-'))
let engine: Connections

beforeAll(async () => {
  engine = await acquireEngine(path)
})
afterAll(async () => {
  await engine.close()
  rmSync(path, { recursive: true, force: true })
})

type Asked = { query: string; params: Record<string, unknown> }
type Deps = Parameters<typeof createStoredIds>[1]
const isAlone = (): boolean => true

function mayBeStored(ids: StoredIds | undefined, id: string): boolean {
  return ids?.among([{ event_id: id }]).length === 1
}

/** Asks the engine; what was asked is in the list. */
function asking(asked: Asked[] = []): Deps['ask'] {
  return async (query, params) => {
    asked.push({ query, params })
    return await ask({ db: '', writer: engine.writer, reader: engine.readers[0] }, query, params)
  }
}

const keys = (ids: readonly string[]): { project_id: string; event_id: string }[] =>
  ids.map((event_id) => ({ project_id: TEST_PROJECT, event_id }))

const named = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, n) => `${prefix}-${n}`)

test('hashes are those of the engine', async () => {
  const texts = fc.sample(
    fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 300 }),
      fc.string({ unit: 'binary', maxLength: 40 }).filter((text) => text.isWellFormed()),
      fc.uuid(),
    ),
    2000,
  )
  const all = [
    '',
    ...named('x'.repeat(2000), 3),
    ...Array.from({ length: 40 }, (_, n) => 'é'.repeat(n)),
    ...texts,
  ]
  const rows = await asking()<{ high: number; low: number }>(
    'SELECT toUInt32(bitShiftRight(h, 32)) AS high, toUInt32(bitAnd(h, 4294967295)) AS low FROM (SELECT sipHash64(arrayJoin({all:Array(String)})) AS h)',
    { all },
  )
  expect(all.map((text) => sipHash64(text))).toEqual(rows)
})

test('a filter holds all that it was given, however much it grew', () => {
  const filter = createHashFilter()
  const hashes = named('held', FULL ? 1_000_000 : 200_000).map((id) => sipHash64(id))
  for (const { high, low } of hashes) filter.add(high, low)
  expect(hashes.filter(({ high, low }) => !filter.mayHold(high, low))).toEqual([])
  const others = named('other', 100_000).map((id) => sipHash64(id))
  // Two of a hundred thousand a layer; a layer that is full too early shows hundreds.
  expect(others.filter(({ high, low }) => filter.mayHold(high, low)).length).toBeLessThan(40)
})

test.runIf(FULL)('a filter that is full takes more, and all memory it takes is bounded', () => {
  const filter = createHashFilter()
  const before = process.memoryUsage().arrayBuffers
  filter.reserve(FILTER_ROOM * 10)
  filter.reserve(FILTER_ROOM * 10)
  const hashes = named('late', 100_000).map((id) => sipHash64(id))
  for (const { high, low } of hashes) filter.add(high, low)
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(65 * 2 ** 20)
  expect(hashes.filter(({ high, low }) => !filter.mayHold(high, low))).toEqual([])
})

/** A table of so many ids each in so many projects, twins and a hash of zeros among them. */
async function filled(database: string, projects: number, each: number): Promise<void> {
  const store = chdbEvents({ path, database })
  await store.migrate()
  await store.close()
  await engine.writer.command({
    query: `INSERT INTO ${database}.event_ids SETTINGS async_insert=0
SELECT reinterpretAsUUID(sipHash128(number % ${projects})), if(number < 2, number, sipHash64(concat('old-', toString(intDiv(number, 2))))), 1, now64(3, 'UTC'), now64(3, 'UTC'), 1,
  now64(6, 'UTC') FROM numbers(${projects * each * 2})`,
  })
}

test('ids of all projects are read, page by page, also after a page that failed', async () => {
  await filled('paged', 37, 100)
  const asked: Asked[] = []
  let failures = 2
  const engineAsk = asking(asked)
  const ids = createStoredIds(
    '`paged`',
    {
      isAlone,
      async ask(query, params) {
        const rows = await engineAsk(query, params)
        // The answer of the fourth statement is lost, and so is that of its repetition.
        if (asked.length >= 4 && failures > 0) {
          failures -= 1
          throw new Error('lost')
        }
        return rows as never
      },
    },
    { pageIds: 500 },
  )
  expect(mayBeStored(ids, 'never')).toBe(true)
  await vi.waitUntil(() => !mayBeStored(ids, 'never'), { timeout: 30_000 })
  expect(failures).toBe(0)
  // A count, 8 pages or more (twins need not be read twice) and two lost answers; no page but those was read twice.
  const pages = asked.slice(1).map(({ params }) => JSON.stringify(params))
  expect(pages.length).toBeGreaterThanOrEqual(9)
  expect(pages.length - new Set(pages).size).toBe(2)
  const old = named('old', 37 * 100).slice(1)
  expect(old.filter((id) => !mayBeStored(ids, id))).toEqual([])
  expect(named('new', 10_000).filter((id) => mayBeStored(ids, id)).length).toBeLessThan(10)
})

test('an id whose insert is under way while the table is read is not called new', async () => {
  await filled('underway', 1, 10)
  const ids = createStoredIds('`underway`', { ask: asking(), isAlone })
  ids.add(['before'])
  expect(mayBeStored(ids, 'x')).toBe(true)
  ids.add(['under-way'])
  await vi.waitUntil(() => !mayBeStored(ids, 'x'), { timeout: 30_000 })
  expect(['before', 'under-way', 'old-1', 'x'].map((id) => mayBeStored(ids, id))).toEqual([
    true,
    true,
    true,
    false,
  ])
})

test('a table of more ids than a filter has use for is not read: each id is looked up', async () => {
  await filled('too_many', 1, 20)
  const asked: Asked[] = []
  const ids = createStoredIds('`too_many`', { ask: asking(asked), isAlone }, { mostIds: 39 })
  expect(mayBeStored(ids, 'x')).toBe(true)
  ids.add(['y'])
  await asking()('SELECT sleep(0.1)', {})
  expect(['x', 'y', 'old-1'].map((id) => mayBeStored(ids, id))).toEqual([true, true, true])
  expect(asked.length).toBe(1)
})

test('new ids are not looked up, repeats are, from two handles and after a restart', async () => {
  const database = 'looked_up'
  const open = () => chdbEvents({ path, database })
  const [store, other] = [open(), open()]
  const lookups = vi.spyOn(engine.quick ?? engine.writer, 'query')
  const [first, second, third] = [named('first', 50), named('second', 50), named('third', 50)]
  const insert = async (to: typeof store, ids: readonly string[]): Promise<void> =>
    await to.insert({
      token: `token-of-${ids[0]}`,
      events: ids.map((event_id) => storedEvent({ event_id })),
    })
  await insert(store, first)
  expect((await store.known(keys([...first, ...second]))).size).toBe(50)
  const whole = async (): Promise<void> => {
    const ids = engine.storedIds?.(database)
    await vi.waitUntil(() => mayBeStored(ids, 'never') === false, { timeout: 30_000 })
  }
  await whole()
  lookups.mockClear()
  expect((await store.known(keys(second))).size).toBe(0)
  expect((await other.known(keys(second))).size).toBe(0)
  expect(lookups).not.toHaveBeenCalled()
  await insert(other, second)
  expect((await store.known(keys([...first, ...second, ...third]))).size).toBe(100)
  expect(lookups).toHaveBeenCalled()

  lookups.mockRestore()
  for (const handle of [store, other, engine]) await handle.close()
  engine = await acquireEngine(path)
  const again = open()
  expect((await again.known(keys([...first, ...second, ...third]))).size).toBe(100)
  await whole()
  expect((await again.known(keys([...first, ...second, ...third]))).size).toBe(100)
  expect(mayBeStored(engine.storedIds?.(database), 'third-1')).toBe(false)
  await again.close()
})

test('another thread that has the engine open is noticed: what it stores is no news, and its own lookups are whole', async () => {
  const database = 'threads'
  const store = chdbEvents({ path, database })
  const event = (event_id: string): Parameters<typeof store.insert>[0] => ({
    token: `token-${event_id}`,
    events: [storedEvent({ event_id })],
  })
  await store.insert(event('first'))
  await store.known(keys(['first']))
  await vi.waitUntil(() => !mayBeStored(engine.storedIds?.(database), 'never'), { timeout: 30_000 })
  expect(engine.writes?.()).toBeTypeOf('number')

  // A thread finds nothing on its own globalThis; a module that is loaded into another realm neither.
  const holder = Symbol.for('millimetric.chdb.engine')
  const held: unknown = Reflect.get(globalThis, holder)
  Reflect.set(globalThis, holder, undefined)
  const other = chdbEvents({ path, database })
  await other.insert(event('second'))
  expect((await store.known(keys(['first', 'second', 'third']))).size).toBe(2)
  expect(mayBeStored(engine.storedIds?.(database), 'never')).toBe(true)
  expect(engine.writes?.()).toBeUndefined()
  await store.insert(event('third'))
  expect((await other.known(keys(['first', 'second', 'third']))).size).toBe(3)
  await other.close()
  Reflect.set(globalThis, holder, held)
  await store.close()
})

test('another thread that came, stored and left between two questions is noticed', async () => {
  const database = 'visited'
  await engine.close()
  engine = await acquireEngine(path)
  const store = chdbEvents({ path, database })
  await store.known(keys(['x']))
  await vi.waitUntil(() => !mayBeStored(engine.storedIds?.(database), 'never'), { timeout: 30_000 })
  const holder = Symbol.for('millimetric.chdb.engine')
  const held: unknown = Reflect.get(globalThis, holder)
  Reflect.set(globalThis, holder, undefined)
  const other = chdbEvents({ path, database })
  await other.insert({ token: 'of-a-visitor', events: [storedEvent({ event_id: 'x' })] })
  await other.close()
  Reflect.set(globalThis, holder, held)
  expect((await store.known(keys(['x']))).size).toBe(1)
  expect(engine.writes?.()).toBeUndefined()
  await store.close()
})

test('an engine that closes is waited for, and a holder that died is nobody', async () => {
  await engine.close()
  const dead = join(path, 'millimetric-holders', `${process.pid}_1_dead`)
  writeFileSync(dead, '')
  engine = await acquireEngine(path)
  expect(engine.writes?.()).toBeTypeOf('number')
  expect(existsSync(dead)).toBe(false)
  const ends: string[] = []
  const slow = engine.writer.command({ query: 'SELECT sleep(0.5)' })
  const closing = engine.close().then(() => ends.push('closed'))
  engine = await acquireEngine(path)
  ends.push('opened')
  await Promise.all([slow, closing])
  expect(ends).toEqual(['closed', 'opened'])
  expect(engine.writes?.()).toBeTypeOf('number')
  expect(readdirSync(join(path, 'millimetric-holders')).length).toBe(1)
})

test('a thread tells the start of its process as the main one does, which is how holders know each other', async () => {
  const code = `require('node:worker_threads').parentPort.postMessage(Number(process.hrtime.bigint()) / 1e6 - process.uptime() * 1000)`
  const [told] = await once(new Worker(code, { eval: true }), 'message')
  const own = Number(process.hrtime.bigint()) / 1e6 - process.uptime() * 1000
  expect(Math.abs(told - own)).toBeLessThan(50)
})
