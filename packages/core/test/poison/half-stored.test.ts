import type { FrozenBatch } from '@millimetric/core'
import { chdbEvents } from '@millimetric/core/chdb'
import { storedEvent } from '@millimetric/core/testing'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { createDeliver, type Deliver } from '../../src/ingest/deliver.js'
import { acquireEngine } from '../../src/stores/chdb/engine.js'
import { type Connections, identifier } from '../../src/stores/clickhouse/client.js'
import { CHDB_PATH, freshDatabase } from '../stores/chdb-path.js'

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

interface Setup {
  deliver: Deliver
  batches: FrozenBatch[]
  kinds: string[]
}

// The view is mended meanwhile, also on a busy machine; the last pauses are taken on no other.
const PATIENCE = { timeout: 20_000 }
const UNTIL_MENDED = [50, 100, 200, 400, 800, 1600, 3200, 6400]

function setup(retryDelaysMs: readonly number[] = [1, 1]): Setup {
  const batches: FrozenBatch[] = []
  const kinds: string[] = []
  const deliver = createDeliver({
    store: {
      ...store,
      async insert(batch) {
        batches.push(batch)
        await store.insert(batch)
      },
    },
    options: { maxBatchRows: 10_000, flushRows: 500, flushIntervalMs: 1, maxWaiting: 1000, retryDelaysMs },
    clock: Date.now,
    onDiagnostic: ({ kind }) => kinds.push(kind),
  })
  return { deliver, batches, kinds }
}

/** Rows of a project in every table that a batch reaches. */
async function counts(project_id: string): Promise<Record<string, number>> {
  const answer = await engine.writer.query({
    query: `SELECT
  (SELECT count() FROM ${db}.events WHERE project_id = {p:UUID}) AS events,
  (SELECT count() FROM ${db}.event_ids WHERE project_id = {p:UUID}) AS ids,
  (SELECT toUInt32(sum(rows)) FROM ${db}.marks WHERE project_id = {p:UUID}) AS marks,
  (SELECT toUInt32(sum(events)) FROM ${db}.sessions_v WHERE project_id = {p:UUID}) AS fragments`,
    query_params: { p: project_id },
    format: 'JSONEachRow',
  })
  const [row] = await answer.json<Record<string, number>>()
  return row ?? {}
}

const all = (n: number): Record<string, number> => ({ events: n, ids: n, marks: n, fragments: n })

let views = 0
/** A view that throws for the events of this name, until it is dropped. */
async function breakView(name: string): Promise<() => Promise<void>> {
  views += 1
  const view = `${db}.broken_${views}`
  await engine.writer.command({
    query: `CREATE MATERIALIZED VIEW ${view} ENGINE = MergeTree ORDER BY x AS
SELECT throwIf(CAST(event_name AS String) = '${name}') AS x FROM ${db}.events`,
  })
  const fix = async (): Promise<void> =>
    void (await engine.writer.command({ query: `DROP TABLE IF EXISTS ${view} SYNC` }))
  broken.push(fix)
  return fix
}

// A test that fails with a broken view must not take the next ones with it.
const broken: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const fix of broken.splice(0)) await fix()
})

const event = (project_id: string, event_id: string, event_name = 'boom') => ({
  event: storedEvent({ project_id, event_id, event_name }),
  fresh: false,
})

test('a view that throws and is fixed during the pauses: the same batch again, everything equal', async () => {
  const project = '66666666-0000-4000-8000-000000000001'
  const { deliver, batches, kinds } = setup(UNTIL_MENDED)
  const fix = await breakView('boom')
  const pending = deliver.append(Array.from({ length: 50 }, (_, n) => event(project, `${n}`)))
  await expect.poll(() => batches.length, PATIENCE).toBeGreaterThan(1)
  // The rows are there, and some of the tables behind them are not: this is what a retry must heal.
  expect((await counts(project)).events).toBe(50)
  expect((await counts(project)).marks).toBe(0)
  await fix()
  expect(new Set(await pending)).toEqual(new Set(['stored']))
  expect(await counts(project)).toEqual(all(50))
  expect(new Set(batches)).toEqual(new Set([batches[0]]))
  expect(kinds).toEqual(['insert_failed'])
  await deliver.close()
})

test('a view that stays broken: the caller hears it, others pass at once, and the repair heals it later', async () => {
  const project = '66666666-0000-4000-8000-000000000002'
  const { deliver, batches, kinds } = setup()
  const fix = await breakView('boom')
  const events = Array.from({ length: 30 }, (_, n) => event(project, `${n}`))
  await expect(deliver.append(events)).rejects.toMatchObject({ code: 'storage_unavailable' })
  // A second request of the same events must not store them a second time, nor call them stored.
  await expect(deliver.append(events)).rejects.toMatchObject({ code: 'storage_unavailable' })
  const sends = batches.length
  for (let n = 0; n < 20; n++) {
    expect(await deliver.append([event(project, `other-${n}`, 'fine')])).toEqual(['stored'])
  }
  // Each waits for one more try of what is held, and none for its pauses; a timer may try besides.
  expect(batches.length - sends).toBeLessThan(3 * 20)
  expect((await counts(project)).events).toBe(50)
  await fix()
  await expect.poll(async () => await counts(project), PATIENCE).toEqual(all(50))
  expect(new Set(await deliver.append(events))).toEqual(new Set(['duplicate']))
  expect(await counts(project)).toEqual(all(50))
  // Never parted: parts under tokens of their own would have stored the rows again.
  const broken = batches.filter((batch) => batch.events[0]?.event_name === 'boom')
  expect(new Set(broken.map(({ token }) => token)).size).toBe(1)
  expect(kinds.filter((kind) => kind === 'event_quarantined')).toEqual([])
  await deliver.close()
})

test('a bad row beside a broken view: the row is quarantined, the rest is stored once', async () => {
  const project = '66666666-0000-4000-8000-000000000003'
  const { deliver } = setup(UNTIL_MENDED)
  const fix = await breakView('boom')
  const events = Array.from({ length: 64 }, (_, n) => event(project, `${n}`, n < 32 ? 'boom' : 'fine'))
  const bad = event(project, 'bad', 'fine')
  Object.assign(bad.event, { is_bot: 'maybe' })
  const pending = deliver.append([...events, bad])
  await expect.poll(async () => (await counts(project)).events, PATIENCE).toBeGreaterThan(0)
  await fix()
  const statuses = await pending
  expect(statuses.at(-1)).toBe('quarantined')
  expect(new Set(statuses.slice(0, -1))).toEqual(new Set(['stored']))
  expect(await counts(project)).toEqual(all(64))
  await deliver.close()
})

test('what is stored in part is tried once more when the writer closes, and then reported', async () => {
  const project = '66666666-0000-4000-8000-000000000004'
  const { deliver } = setup([])
  const fix = await breakView('boom')
  await expect(deliver.append([event(project, 'a')])).rejects.toMatchObject({ code: 'storage_unavailable' })
  await fix()
  expect(await deliver.close()).toEqual({ undelivered: 1 })
  expect(await counts(project)).toEqual(all(1))
})

test('a repeat of a quarantined event with a good body is stored, whichever request brings it', async () => {
  const project = '66666666-0000-4000-8000-000000000005'
  const { deliver } = setup()
  const bad = event(project, 'same')
  Object.assign(bad.event, { is_bot: 'maybe', body_hash: 1 })
  const good = { event: storedEvent({ project_id: project, event_id: 'same', body_hash: 2 }), fresh: false }
  const [one, two] = await Promise.all([
    deliver.append([bad]),
    deliver.append([good, event(project, 'else')]),
  ])
  expect([one, two]).toEqual([['quarantined'], ['stored', 'stored']])
  expect(await counts(project)).toEqual(all(2))
  await deliver.close()
})

test('control: without the look at what has landed, a fixed view would lack the rows for ever', async () => {
  const project = '66666666-0000-4000-8000-000000000006'
  const deliver = createDeliver({
    store: { ...store, landed: async () => false },
    options: {
      maxBatchRows: 10_000,
      flushRows: 500,
      flushIntervalMs: 1,
      maxWaiting: 1000,
      retryDelaysMs: [1],
    },
    clock: Date.now,
    onDiagnostic: () => {},
  })
  const fix = await breakView('boom')
  await deliver.append(Array.from({ length: 8 }, (_, n) => event(project, `${n}`))).catch(() => {})
  await fix()
  await deliver.close()
  expect(await counts(project)).not.toEqual(all(8))
})
