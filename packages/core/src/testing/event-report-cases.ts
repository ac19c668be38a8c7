import type { Dimension } from '@millimetric/schema/wire'
import {
  batch,
  type EventStoreCase,
  events,
  groups,
  HOSTILE,
  HOUR,
  ids,
  MINUTE,
  SCOPE,
  sources,
  stats,
  total,
} from './event-store-case.js'
import { expectEqual } from './expect.js'
import { storedEvent, TEST_NOON } from './stored-event.js'

/** Counting and grouping. */
export const reportCases: readonly EventStoreCase[] = [
  {
    name: 'uniques count visitors; a user alone counts, in a name space of its own',
    async run(store) {
      await store.insert(
        batch(
          storedEvent({ event_id: '1', anonymous_id: '42' }),
          storedEvent({ event_id: '2', anonymous_id: '42', user_id: 'someone' }),
          storedEvent({ event_id: '3', anonymous_id: '', user_id: '42', session_id: '' }),
          storedEvent({ event_id: '4', anonymous_id: '', user_id: '42', session_id: '' }),
          storedEvent({ event_id: '5', anonymous_id: 'x' }),
        ),
      )
      expectEqual(await total(store, stats({ metric: 'uniques' })), 3, 'uniques')
    },
  },
  {
    name: 'groups come by value, ties by name, limited with a flag',
    async run(store) {
      const list = ['b', 'a', 'c', 'c'].map((source, n) =>
        storedEvent({ event_id: String(n), source, medium: n === 3 ? 'paid' : 'organic' }),
      )
      await store.insert(batch(...list))
      const bySource = stats({ group_by: ['source'] })
      expectEqual(
        await groups(store, bySource),
        [
          ['c', 2],
          ['a', 1],
          ['b', 1],
        ],
        'by value then name',
      )
      const both = stats({ group_by: ['medium', 'source'] })
      expectEqual(
        await groups(store, both),
        [
          ['organic', 'a', 1],
          ['organic', 'b', 1],
          ['organic', 'c', 1],
          ['paid', 'c', 1],
        ],
        'two dimensions',
      )
      const cut = await store.query<'stats'>({ ...bySource, limit: 2 })
      expectEqual([cut.rows.length, cut.truncated], [2, true], 'limit')
      expectEqual((await store.query<'stats'>({ ...bySource, limit: 3 })).truncated, false, 'exact limit')
    },
  },
  {
    name: 'every dimension groups',
    async run(store) {
      const dimensions: readonly Dimension[] = [
        'event_name',
        'source',
        'medium',
        'campaign',
        'channel',
        'country',
        'device_type',
        'browser',
        'os',
        'path',
        'hostname',
        'referrer_host',
      ]
      const values = Object.fromEntries(dimensions.map((dimension) => [dimension, `of-${dimension}`]))
      await store.insert(batch(storedEvent({ event_id: '1', ...values })))
      for (const dimension of dimensions) {
        expectEqual(
          await groups(store, stats({ group_by: [dimension] })),
          [[`of-${dimension}`, 1]],
          dimension,
        )
      }
      expectEqual(
        await groups(store, stats({ group_by: dimensions })),
        [[...dimensions.map((dimension) => `of-${dimension}`), 1]],
        'all at once',
      )
    },
  },
  {
    name: 'a series puts each event into the last start that is not after it',
    async run(store) {
      const starts = [TEST_NOON - HOUR, TEST_NOON, TEST_NOON + 30 * MINUTE, TEST_NOON + 2 * HOUR]
      const at = [
        TEST_NOON - 1,
        TEST_NOON,
        TEST_NOON + 29 * MINUTE,
        TEST_NOON + 2 * HOUR,
        TEST_NOON + 5 * HOUR,
      ]
      await store.insert(
        batch(
          ...at.map((timestamp, n) =>
            storedEvent({ event_id: String(n), timestamp, anonymous_id: `v${n % 2}` }),
          ),
        ),
      )
      const plan = stats({ from: TEST_NOON - HOUR, buckets: starts })
      const { rows } = await store.query<'stats'>(plan)
      expectEqual(
        rows.map(({ bucket, values: [value] }) => [bucket, value]),
        [
          [TEST_NOON - HOUR, 1],
          [TEST_NOON, 2],
          [TEST_NOON + 2 * HOUR, 2],
        ],
        'counts',
      )
      const uniques = await store.query<'stats'>({ ...plan, metrics: ['uniques'] })
      expectEqual(
        uniques.rows.map(({ values: [value] }) => value),
        [1, 2, 2],
        'uniques',
      )
    },
  },
  {
    name: 'a grouped series keeps the largest groups whole',
    async run(store) {
      const rows = [
        ['big', 0],
        ['big', 1],
        ['big', 1],
        ['mid', 0],
        ['mid', 0],
        ['small', 1],
      ] as const
      await store.insert(
        batch(
          ...rows.map(([source, hour], n) =>
            storedEvent({ event_id: String(n), source, timestamp: TEST_NOON + hour * HOUR }),
          ),
        ),
      )
      const buckets = [TEST_NOON, TEST_NOON + HOUR]
      const result = await store.query<'stats'>(stats({ group_by: ['source'], buckets, limit: 2 }))
      expectEqual(
        result.rows.map(({ group, bucket, values: [value] }) => [...group, bucket, value]),
        [
          ['big', TEST_NOON, 1],
          ['mid', TEST_NOON, 2],
          ['big', TEST_NOON + HOUR, 2],
        ],
        'rows',
      )
      expectEqual(result.truncated, true, 'truncated')
    },
  },
  {
    name: 'sources count events, visitors and paid events',
    async run(store) {
      const list = [
        ['facebook', 'paid', 'a'],
        ['facebook', 'paid', 'b'],
        ['facebook', 'social', 'a'],
        ['google', 'organic', 'c'],
        ['google', 'organic', 'c'],
        ['google', 'organic', 'd'],
      ] as const
      await store.insert(
        batch(
          ...list.map(([source, medium, anonymous_id], n) =>
            storedEvent({ event_id: String(n), source, medium, anonymous_id }),
          ),
        ),
      )
      expectEqual(
        (await store.query<'sources'>(sources())).rows,
        [
          { source: 'google', medium: 'organic', events: 3, uniques: 2, paid_events: 0 },
          { source: 'facebook', medium: 'paid', events: 2, uniques: 2, paid_events: 2 },
          { source: 'facebook', medium: 'social', events: 1, uniques: 1, paid_events: 0 },
        ],
        'source_medium',
      )
      const bySource = await store.query<'sources'>(sources({ breakdown: 'source', limit: 1 }))
      expectEqual(
        bySource.rows,
        [{ source: 'facebook', medium: '', events: 3, uniques: 2, paid_events: 2 }],
        'source (a tie goes by name)',
      )
      expectEqual(bySource.truncated, true, 'truncated')
    },
  },
  {
    name: 'hostile text is data: stored, filtered and grouped byte for byte',
    async run(store) {
      await store.insert(
        batch(
          ...HOSTILE.map((text, n) =>
            storedEvent({
              event_id: `h${n} ${text}`,
              event_name: text,
              anonymous_id: text,
              user_id: text,
              source: text,
              campaign: text,
              path: text,
              properties: JSON.stringify({ [text]: text }),
            }),
          ),
        ),
      )
      for (const [n, text] of HOSTILE.entries()) {
        for (const field of [
          'event_name',
          'source',
          'campaign',
          'path',
          'user_id',
          'anonymous_id',
        ] as const) {
          const filters = [{ field, op: 'is', values: [text] }] as const
          expectEqual(
            await ids(store, events({ filters })),
            [`h${n} ${text}`],
            `${field} = ${JSON.stringify(text)}`,
          )
        }
      }
      const { rows } = await store.query<'events'>(events())
      for (const row of rows) {
        expectEqual(row.properties, JSON.stringify({ [row.event_name]: row.event_name }), 'properties')
      }
      const buckets = [SCOPE.from]
      const series = await store.query<'stats'>(stats({ group_by: ['source', 'path'], buckets }))
      expectEqual(
        series.rows.map(({ group }) => group[0] ?? '').toSorted(),
        HOSTILE.toSorted(),
        'grouped series',
      )
    },
  },
  {
    name: 'filters are combined with and; several values with or',
    async run(store) {
      await store.insert(
        batch(
          storedEvent({ event_id: '1', source: 'google', medium: 'paid' }),
          storedEvent({ event_id: '2', source: 'google', medium: 'organic' }),
          storedEvent({ event_id: '3', source: 'bing', medium: 'paid' }),
          storedEvent({ event_id: '4', source: 'direct', medium: 'direct' }),
        ),
      )
      const filters = [
        { field: 'source', op: 'is', values: ['google', 'bing'] },
        { field: 'medium', op: 'is', values: ['paid'] },
      ] as const
      expectEqual((await ids(store, events({ filters }))).toSorted(), ['1', '3'], 'ids')
    },
  },
  {
    name: 'one batch may span 150 months',
    async run(store) {
      const list = Array.from({ length: 150 }, (_, n) =>
        storedEvent({ event_id: `m${n}`, timestamp: Date.UTC(2014, n, 15) }),
      )
      await store.insert(batch(...list))
      expectEqual(await total(store, stats({ from: 0, to: TEST_NOON })), 150 - 1, 'count until May 2026')
    },
  },
  {
    name: 'the bounds of time are stored exactly',
    async run(store) {
      const last = 4_291_747_199_999
      await store.insert(
        batch(
          storedEvent({ event_id: 'first', timestamp: 0 }),
          storedEvent({ event_id: 'last', timestamp: last }),
        ),
      )
      const { rows } = await store.query<'events'>(events({ from: 0, to: last + 1 }))
      expectEqual(
        rows.map(({ timestamp }) => timestamp),
        ['2105-12-31T23:59:59.999Z', '1970-01-01T00:00:00.000Z'],
        'times',
      )
    },
  },
]
