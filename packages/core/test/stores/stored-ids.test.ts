import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chdbEvents } from '@millimetric/core/chdb'
import { storedEvent, TEST_PROJECT } from '@millimetric/core/testing'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { FULL } from '../../../../scripts/test-run/measure.js'
import { acquireEngine } from '../../src/stores/chdb/engine.js'
import type { Connections } from '../../src/stores/clickhouse/client.js'
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

/** Asks the engine; what was asked is in the list. */
function asking(asked: Asked[] = []): Parameters<typeof createStoredIds>[1] {
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
  await chdbEvents({ path, database }).migrate()
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
    async (query, params) => {
      const rows = await engineAsk(query, params)
      // The answer of the fourth statement is lost, and so is that of its repetition.
      if (asked.length >= 4 && failures > 0) {
        failures -= 1
        throw new Error('lost')
      }
      return rows as never
    },
    { pageIds: 500 },
  )
  expect(ids.mayBeStored('never')).toBe(true)
  await vi.waitUntil(() => !ids.mayBeStored('never'), { timeout: 30_000 })
  expect(failures).toBe(0)
  // A count, 8 pages or more (twins need not be read twice) and two lost answers; no page but those was read twice.
  const pages = asked.slice(1).map(({ params }) => JSON.stringify(params))
  expect(pages.length).toBeGreaterThanOrEqual(9)
  expect(pages.length - new Set(pages).size).toBe(2)
  const old = named('old', 37 * 100).slice(1)
  expect(old.filter((id) => !ids.mayBeStored(id))).toEqual([])
  expect(named('new', 10_000).filter((id) => ids.mayBeStored(id)).length).toBeLessThan(10)
})

test('an id whose insert is under way while the table is read is not called new', async () => {
  await filled('underway', 1, 10)
  const ids = createStoredIds('`underway`', asking())
  ids.add(['before'])
  expect(ids.mayBeStored('x')).toBe(true)
  ids.add(['under-way'])
  await vi.waitUntil(() => !ids.mayBeStored('x'), { timeout: 30_000 })
  expect(['before', 'under-way', 'old-1', 'x'].map((id) => ids.mayBeStored(id))).toEqual([
    true,
    true,
    true,
    false,
  ])
})

test('a table of more ids than a filter has use for is not read: each id is looked up', async () => {
  await filled('too_many', 1, 20)
  const asked: Asked[] = []
  const ids = createStoredIds('`too_many`', asking(asked), { mostIds: 39 })
  expect(ids.mayBeStored('x')).toBe(true)
  ids.add(['y'])
  await asking()('SELECT sleep(0.1)', {})
  expect(['x', 'y', 'old-1'].map((id) => ids.mayBeStored(id))).toEqual([true, true, true])
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
    await vi.waitUntil(() => ids?.mayBeStored('never') === false, { timeout: 30_000 })
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
  expect(engine.storedIds?.(database).mayBeStored('third-1')).toBe(false)
  await again.close()
})
