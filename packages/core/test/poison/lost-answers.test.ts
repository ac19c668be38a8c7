import type { FrozenBatch } from '@millimetric/core'
import { chdbEvents } from '@millimetric/core/chdb'
import { storedEvent, TEST_NOON, TEST_PROJECT } from '@millimetric/core/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { acquireEngine } from '../../src/stores/chdb/engine.js'
import { type Connections, identifier } from '../../src/stores/clickhouse/client.js'
import { isRepeatSafe } from '../../src/stores/clickhouse/repeat-safety.js'
import { MIGRATIONS } from '../../src/stores/clickhouse/schema/index.js'
import { DAY, stats } from '../../src/testing/event-store-case.js'
import { CHDB_PATH, freshDatabase } from '../stores/chdb-path.js'

let engine: Connections
beforeAll(async () => {
  engine = await acquireEngine(CHDB_PATH)
})
afterAll(async () => await engine.close())

/** Small and repeatable: the order must be the same in every run. */
function dice(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

/**
 * Sends batches of 50 in random order; of three answers in ten nobody hears, so that those batches are sent again, some
 * of them long after others, by the same process or by others. Returns how many sends it took.
 */
async function sendAll(database: string, batches: number, from: 'one' | 'many' = 'one'): Promise<number> {
  const store = chdbEvents({ path: CHDB_PATH, database, migrate: false })
  const random = dice(20_260_516)
  const open: FrozenBatch[] = Array.from({ length: batches }, (_, b) => ({
    token: `${database}-${b}`,
    events: Array.from({ length: 50 }, (_, n) =>
      storedEvent({
        event_id: `${b}-${n}`,
        anonymous_id: `v${(b * 7 + n) % 400}`,
        timestamp: TEST_NOON + ((b * 50 + n) % 5000) * 60_000,
      }),
    ),
  }))
  let sends = 0
  while (open.length > 0) {
    const at = Math.floor(random() * open.length)
    const [batch] = open.splice(at, 1)
    if (batch === undefined) break
    // A process that has sent a batch before looks whether it is there; to another it is new.
    await store.insert(from === 'one' ? batch : { ...batch })
    sends += 1
    if (random() < 0.3) open.push(batch)
  }
  await store.close()
  return sends
}

async function counts(database: string): Promise<Record<string, number>> {
  const db = identifier(database)
  const answer = await engine.writer.query({
    query: `SELECT (SELECT count() FROM ${db}.events) AS stored, (SELECT uniqExact(event_id) FROM ${db}.events) AS unique,
  (SELECT count() FROM ${db}.event_ids) AS ids, (SELECT toUInt32(sum(rows)) FROM ${db}.marks) AS marks,
  (SELECT toUInt32(sum(events)) FROM ${db}.sessions_v) AS fragments`,
    format: 'JSONEachRow',
  })
  const [row] = await answer.json<Record<string, number>>()
  return row ?? {}
}

/** The same tables and views as anybody would write them who does not know of the windows. */
async function makeByHand(database: string): Promise<void> {
  const db = identifier(database)
  await engine.writer.command({ query: `CREATE DATABASE ${db}` })
  for (const statement of MIGRATIONS.flatMap((migration) => migration.statements(db))) {
    const query = statement.replace(
      'non_replicated_deduplication_window = 10000',
      'parts_to_delay_insert = 1000',
    )
    await engine.writer.command({ query })
  }
}

test('200 batches, three answers in ten lost: accepted = stored = unique = rollup = marks = events in fragments', async () => {
  const database = freshDatabase()
  const store = chdbEvents({ path: CHDB_PATH, database, rollupFromRows: 0 })
  await store.migrate()
  expect(await sendAll(database, 30)).toBeGreaterThan(30)
  expect(await sendAll(database, 200, 'many')).toBeGreaterThan(250)
  const n = 10_000
  expect(await counts(database)).toEqual({ stored: n, unique: n, ids: n, marks: n, fragments: n })

  // A day is built only when nothing came for half a minute: the time of the marks moves instead.
  await engine.writer.command({
    query: `ALTER TABLE ${identifier(database)}.marks UPDATE last_at = last_at - INTERVAL 60 SECOND WHERE 1 SETTINGS mutations_sync=2`,
  })
  const from = Math.floor(TEST_NOON / DAY) * DAY
  const days = [0, 1, 2, 3].map((day) => ({ start: from + day * DAY, end: from + (day + 1) * DAY }))
  expect(await store.buildDays(TEST_PROJECT, days)).toBe(days.length)
  const to = from + days.length * DAY
  const plan = stats({ from, to, metrics: ['count', 'uniques'] })
  const starts = [...days.map(({ start }) => start), to]
  expect(await store.query<'stats'>({ ...plan, days: starts })).toMatchObject({
    answered_by: 'rollup',
    rows: [{ values: [n, 400] }],
  })
  expect(await store.query<'stats'>(plan)).toMatchObject({ answered_by: 'raw', rows: [{ values: [n, 400] }] })
  await store.close()
}, 300_000)

test('the same on tables without windows counts wrongly, and boot refuses such tables by name', async () => {
  const database = freshDatabase()
  await makeByHand(database)
  const sends = await sendAll(database, 30, 'many')
  const found = await counts(database)
  expect(sends).toBeGreaterThan(30)
  expect(found.unique).toBe(1500)
  // Every repeat was stored: this is what the window is for. Fragments hold sets of ids, which repeats can't change.
  expect([found.stored, found.ids, found.marks]).toEqual([sends * 50, sends * 50, sends * 50])
  expect(found.fragments).toBe(1500)

  const store = chdbEvents({ path: CHDB_PATH, database })
  const refusal = { code: 'unsafe_schema', message: expect.stringContaining(`${database}.events`) }
  await expect(store.migrate()).rejects.toMatchObject(refusal)
  await expect(store.insert({ token: 't', events: [storedEvent({ event_id: 'a' })] })).rejects.toMatchObject(
    refusal,
  )
  // What the message says to run is what helps.
  const message = await store.migrate().then(String, String)
  const cures = message.match(/ALTER TABLE [^;]+;/g) ?? []
  expect(cures.length).toBeGreaterThan(7)
  for (const query of cures) await engine.writer.command({ query: query.slice(0, -1) })
  await store.migrate()
  const before = (await counts(database)).stored ?? 0
  for (let send = 0; send < 3; send++) {
    await store.insert({ token: 'cured', events: [storedEvent({ event_id: 'cured' })] })
  }
  expect((await counts(database)).stored).toBe(before + 1)
  await store.close()
}, 60_000)

test.each([
  ['MergeTree ORDER BY x SETTINGS index_granularity = 8192', false],
  ['MergeTree ORDER BY x SETTINGS non_replicated_deduplication_window = 0, index_granularity = 8192', false],
  ['MergeTree ORDER BY x SETTINGS non_replicated_deduplication_window = 1, index_granularity = 8192', true],
  ['AggregatingMergeTree PARTITION BY toYYYYMM(x) ORDER BY x', false],
  ["ReplicatedMergeTree('/p', 'r') ORDER BY x SETTINGS index_granularity = 8192", true],
  ["ReplicatedMergeTree('/p', 'r') ORDER BY x SETTINGS replicated_deduplication_window = 0", false],
  ["SharedMergeTree('/p', 'r') ORDER BY x SETTINGS index_granularity = 8192", true],
  ["Distributed('main', 'shop', 'events_local', rand())", true],
])('%s is safe to send again: %s', (engineFull, safe) => {
  expect(isRepeatSafe(engineFull)).toBe(safe)
})
