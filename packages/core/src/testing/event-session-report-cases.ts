import type { SessionDimension } from '@millimetric/schema/wire'
import type { EventStore } from '../ports/event-store.js'
import type { StatsPlan } from '../ports/stats-plan.js'
import {
  batch,
  DAY,
  type EventStoreCase,
  HOUR,
  MINUTE,
  sessionRows,
  sessions,
  sessionTotals,
  stats,
} from './event-store-case.js'
import { visits } from './event-visits.js'
import { expectEqual } from './expect.js'
import { OTHER_PROJECT, storedEvent, TEST_NOON, TEST_PROJECT } from './stored-event.js'

async function table(store: EventStore, plan: StatsPlan): Promise<unknown[]> {
  const rows = await sessionRows(store, plan)
  return rows.map((row) => [...row.group, ...(row.bucket === null ? [] : [row.bucket]), row.sessions])
}

/** Which range, bucket and group a session belongs to. */
export const sessionReportCases: readonly EventStoreCase[] = [
  {
    name: 'a session belongs to the range of its first event and counts whole, beyond the range too',
    async run(store) {
      await store.insert(
        batch(
          ...visits([-10 * MINUTE], [10 * MINUTE], [59 * MINUTE], [HOUR + 5 * MINUTE], [HOUR + 30 * MINUTE]),
        ),
      )
      const at = (from: number, to: number): StatsPlan =>
        sessions({ from: TEST_NOON + from, to: TEST_NOON + to })
      expectEqual(await sessionTotals(store, at(0, 30 * MINUTE)), [0, 0, 0, 0], 'it began before')
      expectEqual(await sessionTotals(store, at(-10 * MINUTE, 0)), [1, 0, 2, 20], 'it ends after')
      expectEqual(
        await sessionTotals(store, at(30 * MINUTE, 59 * MINUTE)),
        [0, 0, 0, 0],
        'half-open at the end',
      )
      expectEqual(await sessionTotals(store, at(59 * MINUTE, HOUR)), [1, 0, 3, 31], 'half-open at the start')
      expectEqual(await sessionTotals(store, at(HOUR, 2 * HOUR)), [0, 0, 0, 0], 'its later events')
    },
  },
  {
    name: 'what retention has ended is in no session, removed already or not',
    async run(store) {
      const past = visits([-10 * MINUTE, { path: '/old', event_id: 'old' }])
      const kept = visits([5 * MINUTE, { path: '/new' }], [HOUR / 4, { path: '/' }])
      const alone = kept.map((event) => ({ ...event, project_id: OTHER_PROJECT }))
      await store.insert(batch(...past, ...kept, ...alone))
      for (const project_id of [TEST_PROJECT, OTHER_PROJECT]) {
        const scope = { project_id, kept_from: TEST_NOON, from: TEST_NOON }
        expectEqual(await sessionTotals(store, sessions(scope)), [1, 0, 2, 10], 'sessions')
        const pages = sessions({ ...scope, group_by: ['entry_path', 'exit_path'] })
        expectEqual(await table(store, pages), [['/new', '/', 1]], 'pages of sessions')
        const { rows } = await store.query<'stats'>(stats({ ...scope, group_by: ['entry_path'] }))
        expectEqual(
          rows.map(({ group, values }) => [...group, ...values]),
          [['/new', 2]],
          'pages of events',
        )
      }
    },
  },
  {
    name: 'a session counts whole a day beyond the range, and no further',
    async run(store) {
      const call = { session_id: 'call' }
      await store.insert(batch(...visits([0, call], [DAY - 10 * MINUTE, call], [DAY + 10 * MINUTE, call])))
      const hour = sessions({ from: TEST_NOON - HOUR, to: TEST_NOON + 1 })
      expectEqual(await sessionTotals(store, hour), [1, 0, 2, 24 * 60 - 10], 'from the start')
      // From here the first event lies more than 24 hours back, and nothing is known of it.
      const later = sessions({ from: TEST_NOON + DAY + MINUTE, to: TEST_NOON + DAY + HOUR })
      expectEqual(await sessionTotals(store, later), [1, 1, 1, 0], 'the part after the split')
      const beyond = sessions({ from: TEST_NOON + DAY + 31 * MINUTE, to: TEST_NOON + 2 * DAY })
      expectEqual(await sessionTotals(store, beyond), [0, 0, 0, 0], 'no event in the range')
    },
  },
  {
    name: 'a series puts a session into the bucket of its first event',
    async run(store) {
      const midnight = Date.UTC(2026, 4, 17) - TEST_NOON
      await store.insert(
        batch(
          ...visits(
            [midnight - 20 * MINUTE],
            [midnight + MINUTE],
            [midnight + 2 * HOUR],
            [midnight - 20 * MINUTE, { anonymous_id: 'b' }],
          ),
        ),
      )
      const buckets = [TEST_NOON - DAY, TEST_NOON + midnight, TEST_NOON + midnight + DAY]
      expectEqual(
        (await sessionRows(store, sessions({ buckets }))).map((row) => [
          row.bucket,
          row.sessions,
          row.bounces,
          row.pageviews,
        ]),
        [
          [TEST_NOON - DAY, 2, 1, 3],
          [TEST_NOON + midnight, 1, 1, 1],
        ],
        'days',
      )
      // Midnight in Kathmandu is 18:15 UTC.
      const nepal = [
        TEST_NOON - DAY,
        TEST_NOON + midnight - 345 * MINUTE,
        TEST_NOON + midnight + 1095 * MINUTE,
      ]
      expectEqual(await table(store, sessions({ buckets: nepal })), [[nepal[1], 3]], 'days in Kathmandu')
    },
  },
  {
    name: 'groups and filters are of the first event, pages of the first and last pageview',
    async run(store) {
      await store.insert(
        batch(
          ...visits(
            [0, { source: 'google', event_name: 'click', path: '/click' }],
            [MINUTE, { source: 'direct', path: '/in' }],
            [2 * MINUTE, { source: 'google', path: '/out' }],
            [3 * MINUTE, { event_name: 'click', path: '/click' }],
            [0, { anonymous_id: 'b', source: 'bing', event_name: 'click' }],
            [MINUTE, { anonymous_id: 'b', source: 'google', event_name: 'click' }],
          ),
        ),
      )
      const by = (...group_by: SessionDimension[]): StatsPlan => sessions({ group_by })
      expectEqual(
        await table(store, by('source', 'entry_path', 'exit_path')),
        [
          ['bing', '', '', 1],
          ['google', '/in', '/out', 1],
        ],
        'groups',
      )
      const filters = [{ field: 'source', op: 'is', values: ['google', 'direct'] }] as const
      expectEqual(await sessionTotals(store, sessions({ filters })), [1, 0, 2, 3], 'filter')
      const none = [...filters, { field: 'source', op: 'is', values: ['bing'] }] as const
      expectEqual(await table(store, { ...by('source'), filters: none }), [], 'filters are combined with and')
    },
  },
  {
    name: 'every session dimension groups',
    async run(store) {
      const first = {
        source: 's',
        medium: 'm',
        campaign: 'c',
        channel: 'ch',
        referrer_host: 'r',
        hostname: 'h',
        country: 'FR',
        device_type: 'd',
        browser: 'b',
        os: 'o',
        path: '/1',
      }
      const names = [
        'source',
        'medium',
        'campaign',
        'channel',
        'referrer_host',
        'hostname',
        'country',
      ] as const
      const group_by = [...names, 'device_type', 'browser', 'os', 'entry_path', 'exit_path'] as const
      await store.insert(batch(...visits([0, first], [MINUTE, { path: '/2' }])))
      const group = ['s', 'm', 'c', 'ch', 'r', 'h', 'FR', 'd', 'b', 'o', '/1', '/2']
      expectEqual(await table(store, sessions({ group_by })), [[...group, 1]], 'all at once')
      for (const [n, dimension] of group_by.entries()) {
        expectEqual(await table(store, sessions({ group_by: [dimension] })), [[group[n], 1]], dimension)
      }
    },
  },
  {
    name: 'at one instant the first event is the one received, then sent, first',
    async run(store) {
      const same = (fields: {
        event_id: string
        received_at: number
        seq: number
      }): ReturnType<typeof storedEvent> =>
        storedEvent({ ...fields, source: fields.event_id, path: `/${fields.event_id}` })
      const late = TEST_NOON + 5
      const pages = sessions({ group_by: ['source', 'entry_path', 'exit_path'] })
      await store.insert(batch(same({ event_id: 'd', received_at: late, seq: 0 })))
      await store.insert(batch(same({ event_id: 'c', received_at: TEST_NOON, seq: 2 })))
      expectEqual(await table(store, pages), [['c', '/c', '/d', 1]], 'received_at')
      await store.insert(batch(same({ event_id: 'z', received_at: TEST_NOON, seq: 1 })))
      expectEqual(await table(store, pages), [['z', '/z', '/d', 1]], 'seq')
      await store.insert(batch(same({ event_id: '\u{1F642}', received_at: TEST_NOON, seq: 1 })))
      await store.insert(batch(same({ event_id: '\uFF21', received_at: TEST_NOON, seq: 1 })))
      expectEqual(await table(store, pages), [['z', '/z', '/d', 1]], 'event_id')
      await store.insert(batch(same({ event_id: '\uFF22', received_at: late, seq: 9 })))
      await store.insert(batch(same({ event_id: '\u{1F600}', received_at: late, seq: 9 })))
      expectEqual(await table(store, pages), [['z', '/z', '/\u{1F600}', 1]], 'event_id by code points')
    },
  },
  {
    name: 'groups of sessions come by sessions, then name, limited with a flag; a series keeps the largest whole',
    async run(store) {
      const sources = ['b', 'a', 'c', 'c', 'd\u{1F642}', 'd\uFF21']
      const list = sources.map((source, n) => [n * MINUTE, { source, anonymous_id: `${n}` }] as const)
      await store.insert(batch(...visits(...list)))
      const bySource = sessions({ group_by: ['source'] })
      expectEqual(
        await table(store, bySource),
        [
          ['c', 2],
          ['a', 1],
          ['b', 1],
          ['d\uFF21', 1],
          ['d\u{1F642}', 1],
        ],
        'order',
      )
      const cut = await store.query<'stats'>({ ...bySource, limit: 2 })
      expectEqual([cut.rows.length, cut.truncated], [2, true], 'limit')
      expectEqual((await store.query<'stats'>({ ...bySource, limit: 5 })).truncated, false, 'exact limit')
      const buckets = [TEST_NOON, TEST_NOON + 3 * MINUTE]
      expectEqual(
        await table(store, { ...bySource, buckets, limit: 2 }),
        [
          ['c', TEST_NOON, 1],
          ['a', TEST_NOON, 1],
          ['c', TEST_NOON + 3 * MINUTE, 1],
        ],
        'series',
      )
    },
  },
]
