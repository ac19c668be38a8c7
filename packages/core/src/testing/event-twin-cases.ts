import type { EventStore, StoredEvent } from '../ports/event-store.js'
import {
  ask,
  batch,
  DAY,
  type EventStoreCase,
  events,
  groups,
  HOUR,
  MINUTE,
  sessionRows,
  sessions,
  sessionTotals,
  sources,
  stats,
  total,
} from './event-store-case.js'
import { visits } from './event-visits.js'
import { expectEqual } from './expect.js'
import { storedEvent, TEST_NOON, TEST_PROJECT } from './stored-event.js'

const kept = storedEvent({
  event_id: 'twin',
  received_at: TEST_NOON,
  source: 'kept',
  medium: 'paid',
  body_hash: 1,
})

/** Inserted by another process in the same instant: nobody could see that the id was taken. */
const twins: readonly { name: string; later: StoredEvent }[] = [
  { name: 'received later', later: { ...kept, received_at: TEST_NOON + 1 } },
  { name: 'received later, of an earlier time', later: at(-MINUTE, { received_at: TEST_NOON + 1 }) },
  { name: 'received together, of a later time', later: at(1, { received_at: TEST_NOON }) },
  { name: 'in another half hour', later: at(HOUR, {}) },
  { name: 'on another day', later: at(20 * HOUR, {}) },
  { name: 'in another month', later: at(-30 * DAY, { received_at: TEST_NOON + 1 }) },
]

function at(after: number, fields: Partial<StoredEvent>): StoredEvent {
  const timestamp = TEST_NOON + after
  return storedEvent({
    event_id: 'twin',
    timestamp,
    anonymous_id: 'other',
    source: 'later',
    body_hash: 2,
    ...fields,
  })
}

async function expectOnlyKept(store: EventStore, what: string): Promise<void> {
  const range = { from: TEST_NOON - 40 * DAY, to: TEST_NOON + 2 * DAY }
  const { rows } = await store.query<'events'>(events(range))
  expectEqual(
    rows.map((row) => [row.event_id, row.timestamp, row.source]),
    [['twin', new Date(TEST_NOON).toISOString(), 'kept']],
    `${what}: events`,
  )
  for (const metric of ['count', 'uniques', 'people', 'pageviews'] as const) {
    expectEqual(await total(store, stats({ ...range, metric })), 1, `${what}: ${metric}`)
    const grouped = stats({ ...range, metric, group_by: ['source'] })
    expectEqual(await groups(store, grouped), [['kept', 1]], `${what}: ${metric} by source`)
    const series = await store.query<'stats'>({ ...grouped, buckets: [range.from, TEST_NOON] })
    expectEqual(
      series.rows,
      [{ group: ['kept'], bucket: TEST_NOON, values: [1] }],
      `${what}: ${metric} by bucket`,
    )
  }
  expectEqual(
    (await store.query<'sources'>(sources(range))).rows,
    [{ source: 'kept', medium: 'paid', events: 1, uniques: 1, paid_events: 1 }],
    `${what}: sources`,
  )
  expectEqual(
    await sessionRows(store, sessions({ ...range, group_by: ['source'] })),
    [{ group: ['kept'], bucket: null, sessions: 1, bounces: 1, duration_ms: 0, pageviews: 1 }],
    `${what}: sessions`,
  )
  const found = await ask(store, { ...range, anonymous_id: 'visitor' })
  expectEqual([found.events, found.first_touch?.source], [1, 'kept'], `${what}: person`)
  const key = { project_id: TEST_PROJECT, event_id: 'twin' }
  expectEqual([...(await store.known([key])).values()], [1], `${what}: body_hash`)
}

/** Before and after the later row has been taken away, which may be asked for again and again. */
async function expectOnlyKeptAlways(store: EventStore, what: string): Promise<void> {
  await expectOnlyKept(store, what)
  expectEqual(await store.removeTwins(), 1, `${what}: rows removed`)
  await expectOnlyKept(store, `${what}, removed`)
  expectEqual(await store.removeTwins(), 0, `${what}: nothing left to remove`)
}

/** Rows of one id in two batches: every question counts the one with the smallest (received_at, timestamp). */
export const twinCases: readonly EventStoreCase[] = [
  ...twins.flatMap(({ name, later }) => [
    {
      name: `a twin counts once: ${name}, arriving second`,
      async run(store: EventStore): Promise<void> {
        await store.insert(batch(kept))
        await store.insert(batch(later))
        await expectOnlyKeptAlways(store, name)
      },
    },
    {
      name: `a twin counts once: ${name}, arriving first`,
      async run(store: EventStore): Promise<void> {
        await store.insert(batch(later))
        await store.insert(batch(kept))
        await expectOnlyKeptAlways(store, name)
      },
    },
  ]),
  {
    name: 'the later twin neither joins sessions nor splits nor starts them',
    async run(store) {
      const list = visits([0], [20 * MINUTE], [HOUR], [3 * HOUR])
      await store.insert(batch(...list))
      expectEqual(await sessionTotals(store), [3, 2, 4, 20], 'before')
      const bridge = list.map((event) => ({
        ...event,
        timestamp: event.timestamp + 20 * MINUTE,
        received_at: event.received_at + 1,
        event_name: 'signup',
      }))
      await store.insert(batch(...bridge))
      expectEqual(await sessionTotals(store), [3, 2, 4, 20], 'after')
    },
  },
  {
    name: 'the later twin of an $identify links nobody',
    async run(store) {
      const identify = (event_id: string, user_id: string, after: number, received: number): StoredEvent =>
        storedEvent({
          event_id,
          event_name: '$identify',
          user_id,
          timestamp: TEST_NOON + after,
          received_at: TEST_NOON + received,
        })
      await store.insert(batch(identify('a', 'ann', 100, 100)))
      await store.insert(batch(identify('b', 'bob', 70, 100), ...visits([0])))
      await store.insert(batch(identify('a', 'ann', 50, 200)))
      const found = await ask(store, { anonymous_id: 'visitor' })
      expectEqual([found.user_id, found.events], ['bob', 2], 'bob was first')
      expectEqual((await ask(store, { user_id: 'ann' })).conflicts, ['visitor'], 'conflict')
      await store.insert(batch({ ...identify('b', 'bob', 70, 50), anonymous_id: 'elsewhere' }))
      expectEqual(
        (await ask(store, { anonymous_id: 'visitor' })).user_id,
        'ann',
        'the first of b is elsewhere',
      )
      expectEqual((await ask(store, { user_id: 'bob' })).anonymous_ids, ['elsewhere'], 'devices of bob')
      expectEqual(await total(store, stats({ metric: 'people' })), 2, 'people')
    },
  },
  {
    name: 'removing twins leaves nothing of them behind: rows, sessions, links',
    async run(store) {
      const row = (event_id: string, fields: Partial<StoredEvent>): StoredEvent =>
        storedEvent({ event_id, event_name: '$identify', ...fields })
      await store.insert(
        batch(
          row('a', { anonymous_id: 'phone', user_id: 'ann' }),
          row('b', { anonymous_id: 'phone', user_id: 'bob', timestamp: TEST_NOON + 1 }),
          storedEvent({ event_id: 'c', anonymous_id: 'tablet', timestamp: TEST_NOON + 2 }),
        ),
      )
      const later = { received_at: TEST_NOON + 5 }
      await store.insert(
        batch(
          // Of the same time, but of somebody else.
          row('a', { anonymous_id: 'tablet', user_id: 'eve', ...later }),
          row('b', { anonymous_id: 'phone', user_id: 'bob', timestamp: TEST_NOON - 9, ...later }),
          storedEvent({ event_id: 'c', anonymous_id: 'tablet', timestamp: TEST_NOON + 3, ...later }),
        ),
      )
      const look = async (): Promise<unknown[]> => [
        (await ask(store, { anonymous_id: 'phone' })).user_id,
        (await ask(store, { anonymous_id: 'tablet' })).user_id,
        (await ask(store, { user_id: 'ann' })).anonymous_ids,
        (await ask(store, { user_id: 'bob' })).conflicts,
        (await ask(store, { user_id: 'eve' })).anonymous_ids,
        await total(store, stats({ metric: 'people' })),
        await sessionTotals(store),
      ]
      const expected = ['ann', '', ['phone'], ['phone'], [], 3, [2, 1, 1, 1 / MINUTE]]
      expectEqual(await look(), expected, 'before')
      expectEqual(await store.removeTwins(), 3, 'rows removed')
      expectEqual(await look(), expected, 'after')
    },
  },
  {
    name: 'thousands of twins are removed as one is',
    async run(store) {
      const list = Array.from({ length: 3000 }, (_, n) =>
        storedEvent({ event_id: `e${n}`, anonymous_id: `v${n % 100}` }),
      )
      await store.insert(batch(...list))
      await store.insert(batch(...list.map((event) => ({ ...event, received_at: event.received_at + 1 }))))
      const expected = [3000, 100, [100, 0, 3000, 0]]
      const look = async (): Promise<unknown[]> => [
        await total(store),
        await total(store, stats({ metric: 'uniques' })),
        await sessionTotals(store),
      ]
      expectEqual(await look(), expected, 'before')
      expectEqual(await store.removeTwins(), 3000, 'rows removed')
      expectEqual(await look(), expected, 'after')
    },
  },
  {
    name: 'many twins of many ids, again and again',
    async run(store) {
      const list = Array.from({ length: 50 }, (_, n) =>
        storedEvent({ event_id: `e${n}`, anonymous_id: `v${n % 7}`, timestamp: TEST_NOON + n * 10 * MINUTE }),
      )
      for (const delay of [3, 0, 7, 3, 5]) {
        await store.insert(
          batch(
            ...list.map((event) => ({
              ...event,
              received_at: TEST_NOON + delay,
              timestamp: event.timestamp + delay * MINUTE,
              source: `delay-${delay}`,
            })),
          ),
        )
      }
      expectEqual(await groups(store, stats({ group_by: ['source'] })), [['delay-0', 50]], 'kept')
      expectEqual(await total(store, stats({ metric: 'uniques' })), 7, 'uniques')
      expectEqual((await sessionTotals(store)).slice(0, 3), [50, 50, 50], 'sessions')
    },
  },
  {
    name: 'known answers with the body hash of the row that counts',
    async run(store) {
      const row = (body_hash: number, received: number): StoredEvent =>
        storedEvent({ event_id: 'a', body_hash, received_at: TEST_NOON + received })
      const keys = [{ project_id: TEST_PROJECT, event_id: 'a' }]
      const largest = Number.MAX_SAFE_INTEGER
      await store.insert(batch(row(largest, 10)))
      expectEqual([...(await store.known(keys)).values()], [largest], '53 bits')
      await store.insert(batch(row(7, 20)))
      expectEqual([...(await store.known(keys)).values()], [largest], 'a later twin')
      await store.insert(batch(row(8, 0)))
      expectEqual([...(await store.known(keys)).values()], [8], 'an earlier twin')
    },
  },
]
