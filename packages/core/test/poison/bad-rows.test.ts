import type { Diagnostic, EventStore, StoredEvent } from '@millimetric/core'
import { chdbEvents } from '@millimetric/core/chdb'
import { storedEvent, TEST_NOON } from '@millimetric/core/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createDeliver, type DeliverOptions } from '../../src/ingest/deliver.js'
import { stats } from '../../src/testing/event-store-case.js'
import { CHDB_PATH, freshDatabase } from '../stores/chdb-path.js'
import { BAD_ROWS, badRow } from './bad-rows.js'

const OPTIONS: DeliverOptions = {
  maxBatchRows: 10_000,
  flushRows: 500,
  flushIntervalMs: 5,
  maxWaiting: 100_000,
  retryDelaysMs: [1, 1],
}
const NOW = Date.UTC(2026, 6, 1)

const store = chdbEvents({ path: CHDB_PATH, database: freshDatabase() })
beforeAll(async () => void (await store.migrate()))
afterAll(async () => await store.close())

function counted(): { counting: EventStore; inserts: () => number } {
  let inserts = 0
  const counting: EventStore = {
    ...store,
    async insert(batch) {
      inserts += 1
      await store.insert(batch)
    },
  }
  return { counting, inserts: () => inserts }
}

async function count(project_id: string): Promise<number> {
  const { rows } = await store.query<'stats'>(
    stats({ project_id, from: TEST_NOON - 1, to: TEST_NOON + 1, limit: 1 }),
  )
  return rows[0]?.values[0] ?? 0
}

test.each(BAD_ROWS.map((row, index) => ({ ...row, index })))(
  'one bad row in 1,000 costs itself: $name',
  async ({ fields, code, index }) => {
    const project_id = `33333333-3333-4333-8333-${String(index).padStart(12, '0')}`
    const heard: Diagnostic[] = []
    const { counting, inserts } = counted()
    const onDiagnostic = (diagnostic: Diagnostic): void => void heard.push(diagnostic)
    const deliver = createDeliver({ store: counting, options: OPTIONS, clock: () => NOW, onDiagnostic })
    const good = (n: number): { event: StoredEvent; fresh: boolean } => ({
      event: storedEvent({ event_id: `${n}`, project_id }),
      fresh: n % 2 === 0,
    })
    // The bad row is at another place each time; neighbours of two other requests share its insert.
    const place = (index * 37) % 500
    const mixed = Array.from({ length: 500 }, (_, n) => good(n))
    const bad = badRow({ project_id, ...fields })
    mixed[place] = { event: bad, fresh: false }
    const began = performance.now()
    const [one, two, three] = await Promise.all([
      deliver.append(mixed),
      deliver.append(Array.from({ length: 300 }, (_, n) => good(1000 + n))),
      deliver.append(Array.from({ length: 200 }, (_, n) => good(2000 + n))),
    ])
    expect(performance.now() - began).toBeLessThan(10_000)
    expect(inserts()).toBeLessThanOrEqual(21)
    expect(
      one.map((status, n) => (n === place ? status === 'quarantined' : status === 'stored')),
    ).not.toContain(false)
    expect(new Set([...two, ...three])).toEqual(new Set(['stored']))
    expect(await count(project_id)).toBe(999)

    const listed = await store.quarantined(String(bad.project_id), 10)
    expect(listed.length).toBe(1)
    expect(listed[0]).toMatchObject({ code, quarantined_at: NOW })
    expect(JSON.parse(listed[0]?.row ?? '')).toMatchObject({ event_id: bad.event_id, sdk_name: '' })
    // The engine's text quotes the row; the reason must not.
    expect(listed[0]?.reason).toMatch(/^[\w ()':;.-]{10,120}$/)
    expect(heard.map(({ kind }) => kind)).toEqual(['insert_failed', 'event_quarantined'])
    expect(heard[1]).toMatchObject({ code, reason: listed[0]?.reason })
    await deliver.close()
  },
)

test('several bad rows of one group are parted too, and the rest is stored once', async () => {
  const project_id = '44444444-4444-4444-8444-444444444444'
  const { counting, inserts } = counted()
  const deliver = createDeliver({
    store: counting,
    options: OPTIONS,
    clock: () => NOW,
    onDiagnostic: () => {},
  })
  const events = Array.from({ length: 1000 }, (_, n) => {
    const fields = n % 200 === 8 ? BAD_ROWS[n % BAD_ROWS.length]?.fields : undefined
    const event =
      fields === undefined
        ? storedEvent({ event_id: `${n}`, project_id })
        : badRow({ ...fields, event_id: `${n}` })
    return { event, fresh: false }
  })
  const statuses = await deliver.append(events)
  expect(statuses.filter((status) => status === 'quarantined').length).toBe(5)
  expect(await count(project_id)).toBe(995)
  expect(inserts()).toBeLessThanOrEqual(100)
})

test('the insert of a quarantine is refused for nothing that a row holds', async () => {
  const hostile = [
    '\ud800',
    '\0',
    '\u2028',
    "'); --",
    '\\',
    '"',
    '\u{1F600}',
    'x'.repeat(70_000),
    '\r\n\t',
    '',
  ]
  const project_id = '55555555-5555-4555-8555-555555555555'
  for (const [n, text] of hostile.entries()) {
    const { counting } = counted()
    const deliver = createDeliver({
      store: counting,
      options: OPTIONS,
      clock: () => NOW,
      onDiagnostic: () => {},
    })
    const event = badRow({ event_id: `${n}${text}`, project_id, user_id: text, path: text, is_bot: 'maybe' })
    expect(await deliver.append([{ event, fresh: false }])).toEqual(['quarantined'])
  }
  const listed = await store.quarantined(project_id, 100)
  expect(listed.length).toBe(hostile.length)
  const rows: { user_id: string }[] = listed.map(({ row }) => JSON.parse(row))
  expect(rows.map(({ user_id }) => user_id).toSorted()).toEqual(hostile.toSorted())
  expect(listed.map(({ row }) => /^[\x20-\x7e]*$/.test(row))).not.toContain(false)
})
