import {
  batch,
  DAY,
  type EventStoreCase,
  HOUR,
  MINUTE,
  sessionRows,
  sessions,
  sessionTotals,
  total,
} from './event-store-case.js'
import { visits } from './event-visits.js'
import { expectEqual } from './expect.js'
import { storedEvent, TEST_NOON } from './stored-event.js'

const HALF_HOUR = 30 * MINUTE

/** Which events are one session. */
export const sessionCases: readonly EventStoreCase[] = [
  {
    name: 'thirty minutes without an event continue a session, one millisecond more ends it',
    async run(store) {
      expectEqual(await sessionTotals(store), [0, 0, 0, 0], 'nothing yet')
      await store.insert(batch(...visits([0], [HALF_HOUR], [2 * HALF_HOUR + 1], [2 * HALF_HOUR + 1])))
      expectEqual(await sessionTotals(store), [2, 0, 4, 30], 'sessions, bounces, pageviews, minutes')
    },
  },
  {
    name: 'half hours, midnight and the end of a month are no edges of a session',
    async run(store) {
      const edges = [TEST_NOON + HALF_HOUR, Date.UTC(2026, 4, 17), Date.UTC(2026, 5, 1), Date.UTC(2027, 0, 1)]
      // Midnight in zones that are 5:45 and 10:30 hours ahead of UTC.
      edges.push(Date.UTC(2026, 4, 19, 18, 15), Date.UTC(2026, 4, 20, 13, 30))
      const list = edges.flatMap((edge) => [
        [edge - 1 - TEST_NOON],
        [edge - TEST_NOON],
        [edge + 29 * MINUTE - TEST_NOON],
      ])
      await store.insert(batch(...visits(...list.map(([at = 0]) => [at] as const))))
      const plan = sessions({ to: Date.UTC(2027, 5, 1) })
      expectEqual(
        (await sessionTotals(store, plan)).slice(0, 3),
        [edges.length, 0, 3 * edges.length],
        'sessions',
      )
      const days = Array.from({ length: 400 }, (_, day) => plan.from + day * DAY)
      const byDay = await sessionRows(store, { ...plan, buckets: days })
      expectEqual(
        byDay.reduce((sum, row) => sum + row.sessions, 0),
        edges.length,
        'over all days',
      )
    },
  },
  {
    name: 'visitors have their own sessions',
    async run(store) {
      await store.insert(
        batch(
          ...visits(
            [0, { anonymous_id: 'a' }],
            [MINUTE, { anonymous_id: 'b' }],
            [2 * MINUTE, { anonymous_id: 'a' }],
          ),
        ),
      )
      expectEqual(await sessionTotals(store), [2, 1, 3, 2], 'sessions')
    },
  },
  {
    name: 'the order of arrival does not matter, and a late event joins two sessions',
    async run(store) {
      const list = visits([0], [25 * MINUTE], [70 * MINUTE], [95 * MINUTE], [47 * MINUTE])
      const [first, second, third, fourth, late] = list
      if (!first || !second || !third || !fourth || !late) throw new Error('five events')
      await store.insert(batch(fourth, second))
      await store.insert(batch(first))
      await store.insert(batch(third))
      expectEqual(await sessionTotals(store), [2, 0, 4, 50], 'before')
      await store.insert(batch({ ...late, received_at: TEST_NOON + DAY }))
      expectEqual(await sessionTotals(store), [1, 0, 5, 95], 'after')
    },
  },
  {
    name: 'a batch sent again changes no session, under its token or another',
    async run(store) {
      const list = visits([0], [MINUTE, { event_name: 'signup' }], [HOUR])
      const once = batch(...list)
      await store.insert(once)
      await store.insert(once)
      await store.insert(batch(...list))
      await store.insert(batch(...list.slice(1)))
      expectEqual(await sessionTotals(store), [2, 1, 2, 1], 'sessions')
    },
  },
  {
    name: "a caller's session id is one session whatever the gaps, and leaves derived ones alone",
    async run(store) {
      const session_id = 'call-7'
      await store.insert(
        batch(
          ...visits(
            [0],
            [20 * MINUTE, { session_id }],
            [45 * MINUTE],
            [5 * HOUR, { session_id }],
            [6 * HOUR],
          ),
        ),
      )
      // Derived: 0, 45 min and 6 h. The caller's: 20 min to 5 h.
      expectEqual(await sessionTotals(store), [4, 3, 5, 5 * 60 - 20], 'sessions')
    },
  },
  {
    name: "a caller's session id shared by visitors and users is one session",
    async run(store) {
      const session_id = 'shared'
      await store.insert(
        batch(
          ...visits(
            [0, { session_id, anonymous_id: 'a' }],
            [MINUTE, { session_id, anonymous_id: 'b' }],
            [2 * HOUR, { session_id, anonymous_id: '', user_id: 'u', event_name: 'paid' }],
          ),
        ),
      )
      expectEqual(await sessionTotals(store), [1, 0, 2, 120], 'sessions')
    },
  },
  {
    name: "a derived id that a client copies is derived; one of another visitor or half hour is the caller's",
    async run(store) {
      const half = TEST_NOON / HALF_HOUR
      await store.insert(
        batch(
          ...visits(
            [0, { session_id: `visitor-${half}` }],
            [40 * MINUTE, { session_id: `visitor-${half}` }],
            [HOUR, { session_id: `visitor-${half + 2}` }],
            [61 * MINUTE, { session_id: `someone-${half + 2}` }],
          ),
        ),
      )
      // Derived: 0 and 60 min are two; the copies of other moments and visitors are the caller's, one each.
      expectEqual(await sessionTotals(store), [4, 4, 4, 0], 'sessions')
    },
  },
  {
    name: 'crawlers have sessions of their own, left out unless asked for',
    async run(store) {
      const session_id = 'shared'
      await store.insert(
        batch(
          ...visits(
            [0],
            [20 * MINUTE, { is_bot: true }],
            [40 * MINUTE],
            [HOUR, { session_id }],
            [61 * MINUTE, { session_id, is_bot: true }],
          ),
        ),
      )
      expectEqual(await sessionTotals(store), [3, 3, 3, 0], 'people')
      expectEqual(await sessionTotals(store, sessions({ include_bots: true })), [5, 5, 5, 0], 'with crawlers')
    },
  },
  {
    name: 'an event of a user alone opens no session and joins one only by a caller-set id',
    async run(store) {
      const user = { anonymous_id: '', user_id: 'u', session_id: '' }
      const half = TEST_NOON / HALF_HOUR
      await store.insert(
        batch(...visits([0], [MINUTE, user], [2 * HOUR, user], [3 * HOUR, { ...user, session_id: 'call' }])),
      )
      expectEqual(await sessionTotals(store), [2, 2, 2, 0], 'sessions')
      // What looks like the derived id of nobody is a text like any other: no gap joins two of them.
      await store.insert(
        batch(
          storedEvent({
            event_id: 'n1',
            ...user,
            timestamp: TEST_NOON + 29 * MINUTE,
            session_id: `-${half}`,
          }),
          storedEvent({
            event_id: 'n2',
            ...user,
            timestamp: TEST_NOON + 31 * MINUTE,
            session_id: `-${half + 1}`,
          }),
        ),
      )
      expectEqual(await sessionTotals(store), [4, 4, 4, 0], "nobody's ids")
      expectEqual(await total(store), 6, 'all are events')
    },
  },
  {
    name: 'sessions are split every 48 half hours after the half hour they began in',
    async run(store) {
      const began = 10 * MINUTE
      const steps = Array.from({ length: 73 }, (_, n) => began + n * 25 * MINUTE)
      await store.insert(batch(...visits(...steps.map((at) => [at] as const))))
      // 12:10 to 18:10 of the next day; 12:00 of the next day is the edge, 11:55 is before it.
      const plan = sessions({ to: TEST_NOON + 3 * DAY })
      expectEqual(await sessionTotals(store, plan), [2, 0, 73, 57 * 25 + 14 * 25], 'derived')
    },
  },
  {
    name: "a caller's session is split likewise",
    async run(store) {
      const call = { session_id: 'call', anonymous_id: 'c' }
      await store.insert(
        batch(
          ...visits(
            [10 * MINUTE, call],
            [DAY - 1, call],
            [DAY, { ...call, anonymous_id: 'd' }],
            [DAY + 5 * MINUTE, call],
            [2 * DAY, call],
          ),
        ),
      )
      const plan = sessions({ to: TEST_NOON + 3 * DAY })
      const [count, bounces, views, minutes = 0] = await sessionTotals(store, plan)
      expectEqual([count, bounces, views], [3, 1, 5], 'sessions')
      expectEqual(Math.round(minutes), 24 * 60 - 10 + 5, 'minutes')
    },
  },
  {
    name: 'a bounce is one pageview and nothing else but $identify',
    async run(store) {
      const as = (anonymous_id: string, ...names: string[]): ReturnType<typeof visits> =>
        visits(...names.map((event_name, n) => [n * MINUTE, { anonymous_id, event_name }] as const)).map(
          (event) => ({
            ...event,
            event_id: `${anonymous_id}-${event.event_id}`,
          }),
        )
      await store.insert(
        batch(
          ...as('view', '$pageview'),
          ...as('view-identify', '$pageview', '$identify', '$identify'),
          ...as('identify-view', '$identify', '$pageview'),
          ...as('two-views', '$pageview', '$pageview'),
          ...as('view-click', '$pageview', 'click'),
          ...as('view-system', '$pageview', '$click'),
          ...as('click', 'click'),
          ...as('identify', '$identify'),
        ),
      )
      expectEqual(await sessionTotals(store), [8, 3, 7, 2 + 1 + 1 + 1 + 1], 'sessions')
    },
  },
]
