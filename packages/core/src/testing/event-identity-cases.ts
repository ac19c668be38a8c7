import type { Dimension } from '@millimetric/schema/wire'
import {
  ask,
  batch,
  DAY,
  type EventStoreCase,
  groups,
  HOUR,
  MINUTE,
  stats,
  total,
} from './event-store-case.js'
import { visits } from './event-visits.js'
import { expectEqual } from './expect.js'
import { OTHER_PROJECT, storedEvent, TEST_NOON } from './stored-event.js'

const identify = { event_name: '$identify', url: '', path: '' } as const
const people = stats({ metric: 'people' })

/** Who an event belongs to: links are found when asked, rows never change. */
export const identityCases: readonly EventStoreCase[] = [
  {
    name: 'a person is its user, the user its visitor is linked to, or its visitor',
    async run(store) {
      await store.insert(
        batch(
          ...visits(
            [0, { anonymous_id: 'phone' }],
            [1, { anonymous_id: 'laptop' }],
            [2, { anonymous_id: 'phone', user_id: 'u', ...identify }],
            [3, { anonymous_id: 'laptop', user_id: 'u', ...identify }],
            [4, { anonymous_id: '', user_id: 'u', session_id: '' }],
            [5, { anonymous_id: 'stranger' }],
          ),
        ),
      )
      expectEqual(await total(store, people), 2, 'people')
      expectEqual(await total(store, stats({ metric: 'uniques' })), 4, 'uniques')
      expectEqual(
        await ask(store, { user_id: 'u' }),
        {
          user_id: 'u',
          anonymous_ids: ['laptop', 'phone'],
          conflicts: [],
          events: 5,
          first_seen: TEST_NOON,
          last_seen: TEST_NOON + 4,
          first_touch: touch(0),
          last_touch: touch(4),
          traits: {},
        },
        'the user',
      )
      expectEqual(
        await ask(store, { anonymous_id: 'phone' }),
        await ask(store, { user_id: 'u' }),
        'by a device',
      )
      expectEqual(
        await ask(store, { anonymous_id: 'stranger' }),
        {
          user_id: '',
          anonymous_ids: ['stranger'],
          conflicts: [],
          events: 1,
          first_seen: TEST_NOON + 5,
          last_seen: TEST_NOON + 5,
          first_touch: touch(5),
          last_touch: touch(5),
          traits: {},
        },
        'a visitor who was never linked',
      )
      expectEqual(
        await ask(store, { user_id: 'nobody' }),
        {
          user_id: 'nobody',
          anonymous_ids: [],
          conflicts: [],
          events: 0,
          first_seen: null,
          last_seen: null,
          first_touch: null,
          last_touch: null,
          traits: {},
        },
        'nobody',
      )
    },
  },
  {
    name: 'users and visitors have separate name spaces',
    async run(store) {
      await store.insert(
        batch(
          ...visits(
            [0, { anonymous_id: '42' }],
            [1, { anonymous_id: '', user_id: '42', session_id: '' }],
            [2, { anonymous_id: 'x', user_id: '42' }],
          ),
        ),
      )
      expectEqual(await total(store, people), 2, 'people')
      expectEqual((await ask(store, { user_id: '42' })).events, 2, 'the user 42')
      expectEqual((await ask(store, { anonymous_id: '42' })).events, 1, 'the visitor 42')
      // Only $identify links; an event that carries both ids does not.
      expectEqual((await ask(store, { anonymous_id: 'x' })).user_id, '', 'the visitor x')
    },
  },
  {
    name: 'a link is the $identify with the smallest time and id, whatever arrived first',
    async run(store) {
      const link = (event_id: string, user_id: string, after: number): ReturnType<typeof storedEvent> =>
        storedEvent({ ...identify, event_id, user_id, anonymous_id: 'a', timestamp: TEST_NOON + after })
      await store.insert(batch(...visits([0, { anonymous_id: 'a' }])))
      await store.insert(batch(link('m', 'first', 100)))
      expectEqual((await ask(store, { anonymous_id: 'a' })).user_id, 'first', 'one')
      await store.insert(batch(link('k', 'later', 200)))
      expectEqual((await ask(store, { anonymous_id: 'a' })).user_id, 'first', 'a later one')
      await store.insert(batch(link('\uFF21', 'bigger', 100), link('\u{1F642}', 'biggest', 100)))
      expectEqual((await ask(store, { anonymous_id: 'a' })).user_id, 'first', 'one of a larger id')
      await store.insert(batch(link('l', 'smaller', 100)))
      expectEqual((await ask(store, { anonymous_id: 'a' })).user_id, 'smaller', 'one of a smaller id')
      await store.insert(batch(link('z', 'earlier', 50)))
      const found = await ask(store, { anonymous_id: 'a' })
      expectEqual([found.user_id, found.events], ['earlier', 2], 'an earlier one that arrived last')
    },
  },
  {
    name: 'on a shared device events follow the user they carry, and the conflict is reported',
    async run(store) {
      const tablet = { anonymous_id: 'tablet' }
      await store.insert(
        batch(
          ...visits(
            [0, tablet],
            [1, { ...tablet, ...identify, user_id: 'ann' }],
            [2, { ...tablet, user_id: 'ann' }],
            [3, { ...tablet, ...identify, user_id: 'bob' }],
            [4, { ...tablet, user_id: 'bob' }],
            [5, tablet],
            [6, { anonymous_id: 'phone', ...identify, user_id: 'bob' }],
          ),
        ),
      )
      const [ann, bob] = [await ask(store, { user_id: 'ann' }), await ask(store, { user_id: 'bob' })]
      expectEqual([ann.anonymous_ids, ann.conflicts, ann.events], [['tablet'], [], 4], 'ann')
      expectEqual([bob.anonymous_ids, bob.conflicts, bob.events], [['phone'], ['tablet'], 3], 'bob')
      expectEqual(await total(store, people), 2, 'people')
    },
  },
  {
    name: 'a link holds in every range, group, bucket and under every filter',
    async run(store) {
      await store.insert(
        batch(
          ...visits(
            [0, { anonymous_id: 'a', source: 'google' }],
            [HOUR, { anonymous_id: 'b', source: 'google' }],
            [HOUR, { anonymous_id: '', user_id: 'u', session_id: '', source: 'bing' }],
            [40 * DAY, { anonymous_id: 'a', user_id: 'u', ...identify, is_bot: true }],
            [-40 * DAY, { anonymous_id: 'b', user_id: 'u', ...identify }],
          ),
        ),
      )
      expectEqual(await total(store, people), 1, 'people')
      expectEqual(
        await groups(store, { ...people, group_by: ['source'] }),
        [
          ['bing', 1],
          ['google', 1],
        ],
        'groups',
      )
      const series = await store.query<'stats'>({ ...people, buckets: [TEST_NOON - DAY, TEST_NOON + HOUR] })
      expectEqual(
        series.rows.map(({ values: [value] }) => value),
        [1, 1],
        'buckets',
      )
      const filters = [{ field: 'source', op: 'is', values: ['google'] }] as const
      expectEqual(await total(store, { ...people, filters }), 1, 'filter')
      const narrow = await ask(store, { user_id: 'u', from: TEST_NOON, to: TEST_NOON + HOUR })
      expectEqual([narrow.anonymous_ids, narrow.events], [['a', 'b'], 1], 'range of the person')
      expectEqual(await total(store, { ...people, project_id: OTHER_PROJECT }), 0, 'another project')
    },
  },
  {
    name: 'links from before what retention keeps link nobody, removed already or not',
    async run(store) {
      const device = { anonymous_id: 'tablet', ...identify }
      await store.insert(
        batch(
          ...visits(
            [-2 * HOUR, { ...device, user_id: 'ann' }],
            [0, { anonymous_id: 'tablet' }],
            [1, { anonymous_id: '', user_id: 'bob', session_id: '' }],
            [HOUR, { ...device, user_id: 'bob' }],
          ),
        ),
      )
      const range = { from: TEST_NOON, to: TEST_NOON + 10 }
      const look = async (kept_from: number): Promise<unknown[]> => {
        const bob = await ask(store, { ...range, kept_from, user_id: 'bob' })
        const owner = await ask(store, { ...range, kept_from, anonymous_id: 'tablet' })
        const count = await total(store, { ...people, ...range, kept_from })
        return [count, owner.user_id, bob.anonymous_ids, bob.conflicts, bob.events]
      }
      expectEqual(await look(TEST_NOON - 2 * HOUR), [2, 'ann', [], ['tablet'], 1], 'kept')
      expectEqual(await look(TEST_NOON - 2 * HOUR + 1), [1, 'bob', ['tablet'], [], 2], 'ended')
    },
  },
  {
    name: 'pageviews count $pageview events; every group and bucket with events has a line',
    async run(store) {
      await store.insert(
        batch(
          ...visits(
            [0, { source: 'a' }],
            [1, { source: 'a', event_name: 'click' }],
            [2, { source: 'b', event_name: 'click' }],
          ),
        ),
      )
      const plan = stats({ metric: 'pageviews' })
      expectEqual(await total(store, plan), 1, 'total')
      const group_by: Dimension[] = ['source']
      expectEqual(
        await groups(store, { ...plan, group_by }),
        [
          ['a', 1],
          ['b', 0],
        ],
        'groups',
      )
    },
  },
  {
    name: 'the documented timeline: the first touch of user_42 is facebook/paid',
    async run(store) {
      const start = Date.UTC(2026, 4, 1)
      const at = (day: number, hour: number, minute: number): number =>
        start + (day - 1) * DAY + hour * HOUR + minute * MINUTE - TEST_NOON
      const paid = { anonymous_id: 'u_abc', source: 'facebook', medium: 'paid', channel: 'paid_social' }
      const own = { anonymous_id: 'u_abc', user_id: 'user_42' }
      await store.insert(
        batch(
          ...visits(
            [at(1, 14, 0), paid],
            [at(1, 14, 2), { ...paid, event_name: 'clicked_pricing' }],
            [at(5, 9, 30), { anonymous_id: 'u_abc' }],
            [at(7, 11, 14), { ...own, ...identify }],
            [at(7, 11, 14), { ...own, event_name: 'signup' }],
            [at(9, 16, 22), { ...own, event_name: 'feature_used' }],
          ),
        ),
      )
      const range = { from: start, to: start + 30 * DAY }
      const found = await ask(store, { ...range, user_id: 'user_42' })
      const first = { source: 'facebook', medium: 'paid', campaign: '', channel: 'paid_social' }
      expectEqual(found.first_touch, { timestamp: TEST_NOON + at(1, 14, 0), ...first }, 'first touch')
      expectEqual(found.last_touch, touch(at(9, 16, 22)), 'last touch')
      expectEqual([found.events, found.anonymous_ids], [6, ['u_abc']], 'history')
      expectEqual(await total(store, { ...people, ...range }), 1, 'people')
      const later = await ask(store, { ...range, user_id: 'user_42', from: start + 2 * DAY })
      expectEqual(later.first_touch, touch(at(5, 9, 30)), 'first touch of a later range')
    },
  },
]

function touch(after: number): unknown {
  const timestamp = TEST_NOON + after
  return { timestamp, source: 'direct', medium: 'direct', campaign: '', channel: 'direct' }
}
