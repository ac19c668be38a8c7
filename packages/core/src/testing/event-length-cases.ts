import {
  batch,
  DAY,
  type EventStoreCase,
  events,
  ids,
  MINUTE,
  person,
  SCOPE,
  stats,
} from './event-store-case.js'
import { expectEqual } from './expect.js'
import { storedEvent, TEST_NOON } from './stored-event.js'

/** Text of so many signs, of which each takes nine bytes in an address. */
function long(signs: number, end: number | string): string {
  return `${'\u6F22'.repeat(signs - String(end).length)}${end}`
}

const range = (count: number): number[] => Array.from({ length: count }, (_, n) => n)

/** Questions as long as they may be: the values of each are more than a request of a server holds as they stand. */
export const lengthCases: readonly EventStoreCase[] = [
  {
    name: 'a series has ten thousand buckets, evenly apart or not',
    async run(store) {
      const from = TEST_NOON - 10_000 * MINUTE
      await store.insert(
        batch(
          storedEvent({ event_id: '1', timestamp: from }),
          storedEvent({ event_id: '2', timestamp: TEST_NOON - 1 }),
          storedEvent({ event_id: '3', timestamp: TEST_NOON - 1, event_name: 'signup' }),
        ),
      )
      const goal = { event: 'signup', where: [] }
      const even = range(10_000).map((n) => from + n * MINUTE)
      // Some minutes later each: no two steps are alike.
      const odd = even.map((start, n) => start + (n % 2 === 0 ? 0 : (n % 50) * 1000))
      for (const buckets of [even, odd]) {
        const plan = stats({
          from,
          to: TEST_NOON,
          buckets,
          goal,
          metrics: ['count', 'conversion_rate', 'sessions'],
        })
        const { rows } = await store.query<'stats'>(plan)
        expectEqual(
          rows.map(({ bucket, values }) => [bucket, ...values]),
          [
            [buckets[0], 1, 0, 1],
            [buckets.at(-1), 2, 1, 1],
          ],
          'series',
        )
      }
    },
  },
  {
    name: 'a thousand groups of long values: as a series, alone, and what is beside them',
    async run(store) {
      const path = (n: number): string => long(300, n)
      await store.insert(
        batch(
          ...range(1001).map((n) =>
            storedEvent({ event_id: `e${n}`, path: path(n), source: n === 1000 ? 'late' : `s${n}:1` }),
          ),
          storedEvent({ event_id: 'more', path: path(0), source: 's0:1', timestamp: TEST_NOON + MINUTE }),
        ),
      )
      const group_by = ['path', 'source'] as const
      const order_by = [{ by: 'group', index: 0, descending: false }] as const
      const buckets = [TEST_NOON - DAY, TEST_NOON + MINUTE]
      const plan = stats({ group_by, order_by, buckets, limit: 1000 })
      const series = await store.query<'stats'>(plan)
      expectEqual([series.groups.length, series.rows.length, series.truncated], [1000, 1001, true], 'series')
      const { groups } = await store.query<'stats'>({ ...plan, buckets: null, order_by: [] })
      const kept = groups.filter(([name]) => name !== path(1000)).slice(0, 900)
      const only = { by: group_by, groups: kept, inside: true }
      const inside = await store.query<'stats'>({ ...plan, buckets: null, only })
      expectEqual(inside.groups.length, 900, 'inside')
      const whole = { group_by: [], order_by: [], buckets: null }
      const outside = await store.query<'stats'>({ ...plan, ...whole, only: { ...only, inside: false } })
      const within = await store.query<'stats'>({ ...plan, ...whole, only })
      expectEqual((outside.rows[0]?.values[0] ?? 0) + (within.rows[0]?.values[0] ?? 0), 1002, 'both sides')
      expectEqual(within.rows[0]?.values[0], kept.some(([name]) => name === path(0)) ? 901 : 900, 'counted')
    },
  },
  {
    name: 'a person has thousands of devices with long names',
    async run(store) {
      const devices = range(1500).map((n) => long(128, n))
      await store.insert(
        batch(
          ...devices.map((anonymous_id, n) =>
            storedEvent({ event_id: `i${n}`, event_name: '$identify', anonymous_id, user_id: 'u', url: '' }),
          ),
          storedEvent({ event_id: 'first', anonymous_id: devices[0] ?? '', timestamp: TEST_NOON + 1 }),
          storedEvent({ event_id: 'last', anonymous_id: devices.at(-1) ?? '', timestamp: TEST_NOON + 2 }),
          storedEvent({ event_id: 'other', anonymous_id: 'other', timestamp: TEST_NOON + 3 }),
        ),
      )
      const found = await store.query<'person'>(person({ user_id: 'u', limit: 2 }))
      expectEqual([found.events, found.anonymous_ids.length], [1502, 1500], 'person')
      expectEqual(
        found.rows.map(({ event_id }) => event_id),
        ['last', 'first'],
        'timeline',
      )
    },
  },
  {
    name: 'a schema has a thousand long names',
    async run(store) {
      await store.insert(
        batch(
          ...range(1001).map((n) =>
            storedEvent({ event_id: `e${n}`, event_name: long(128, 1000 + n), properties: `{"k${n}":1}` }),
          ),
        ),
      )
      const plan = { kind: 'schema', ...SCOPE, limit: 1000, properties_limit: 1000 } as const
      const { events: names, truncated } = await store.query<'schema'>(plan)
      expectEqual([names.length, truncated], [1000, true], 'names')
      expectEqual(
        names.filter(
          ({ name, properties }) => name !== long(128, 1000 + Number(properties[0]?.key.slice(1))),
        ),
        [],
        'keys',
      )
    },
  },
  {
    name: 'conditions have hundreds of long values',
    async run(store) {
      const values = (start: string): string[] => range(100).map((n) => `${start}${long(600, n)}`)
      await store.insert(batch(storedEvent({ event_id: 'e', path: values('/')[99] ?? '', source: 'x1' })))
      const many = values('/')
      for (const op of ['is', 'contains', 'starts_with', 'matches'] as const) {
        expectEqual(await ids(store, events({ filters: [{ op, field: 'path', values: many }] })), ['e'], op)
        const others = many.slice(0, 99)
        expectEqual(await ids(store, events({ filters: [{ op, field: 'path', values: others }] })), [], op)
      }
      const short = range(100).map((n) => `x${n}`)
      const all = range(99).map(() => ({ op: 'starts_with', field: 'source', values: short }) as const)
      expectEqual(
        await ids(store, events({ filters: all })),
        ['e'],
        'a hundred conditions of a hundred values',
      )
    },
  },
  {
    name: 'thousands of long ids are looked up, and asked after when an insert failed',
    async run(store) {
      const list = range(1500).map((n) => storedEvent({ event_id: long(128, n), body_hash: n }))
      const stored = batch(...list.slice(0, 1200))
      await store.insert(stored)
      expectEqual((await store.known(list)).size, 1200, 'known')
      expectEqual(await store.landed(stored), true, 'landed')
      expectEqual(await store.landed(batch(...list)), false, 'another batch')
    },
  },
]
