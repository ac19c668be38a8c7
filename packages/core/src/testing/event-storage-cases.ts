import {
  batch,
  DAY,
  type EventStoreCase,
  events,
  groups,
  HOSTILE,
  HOUR,
  ids,
  SCOPE,
  sources,
  stats,
  total,
} from './event-store-case.js'
import { expectEqual } from './expect.js'
import { OTHER_PROJECT, storedEvent, TEST_NOON, TEST_PROJECT } from './stored-event.js'

/** Storing, finding again, keeping apart. */
export const storageCases: readonly EventStoreCase[] = [
  {
    name: 'an empty store answers zero, not an error',
    async run(store) {
      expectEqual(await total(store), 0, 'count')
      expectEqual(await ids(store), [], 'events')
      expectEqual(await groups(store, stats({ group_by: ['source'] })), [], 'groups')
      expectEqual((await store.query<'sources'>(sources())).rows, [], 'sources')
      expectEqual((await store.query<'stats'>(stats({ buckets: [SCOPE.from] }))).rows, [], 'series')
    },
  },
  {
    name: 'an event comes back as it was stored',
    async run(store) {
      const event = storedEvent({
        event_id: 'one',
        timestamp: TEST_NOON + 123,
        user_id: 'u1',
        campaign: 'spring',
        referrer: 'https://www.google.com/?q=x',
        properties: '{"a.b":1,"a":{"b":[null,true,"x"]}}',
      })
      await store.insert(batch(event))
      const { rows } = await store.query<'events'>(events())
      expectEqual(
        rows,
        [
          {
            timestamp: '2026-05-16T12:00:00.123Z',
            event_id: 'one',
            event_name: '$pageview',
            anonymous_id: 'visitor',
            user_id: 'u1',
            session_id: event.session_id,
            source: 'direct',
            medium: 'direct',
            campaign: 'spring',
            channel: 'direct',
            source_confidence: 'high',
            source_rule_id: 'direct',
            referrer: 'https://www.google.com/?q=x',
            url: 'https://site.test/',
            path: '/',
            country: 'DE',
            device_type: 'desktop',
            browser: 'firefox',
            os: 'linux',
            is_bot: false,
            properties: '{"a.b":1,"a":{"b":[null,true,"x"]}}',
          },
        ],
        'row',
      )
    },
  },
  {
    name: 'absent text comes back as null where the wire says null',
    async run(store) {
      await store.insert(
        batch(
          storedEvent({ event_id: 'one', anonymous_id: '', user_id: 'u', url: '', path: '', session_id: '' }),
        ),
      )
      const { rows } = await store.query<'events'>(events())
      const [row] = rows
      expectEqual(
        [row?.anonymous_id, row?.session_id, row?.url, row?.path, row?.referrer, row?.campaign, row?.user_id],
        [null, null, null, null, null, null, 'u'],
        'nulls',
      )
    },
  },
  {
    name: 'the same batch sent three times is stored once',
    async run(store) {
      const same = batch(
        storedEvent({ event_id: 'a' }),
        storedEvent({ event_id: 'b', project_id: OTHER_PROJECT }),
        storedEvent({ event_id: 'c', timestamp: TEST_NOON - 40 * DAY }),
      )
      for (let send = 0; send < 3; send++) await store.insert(same)
      expectEqual(await total(store, stats({ from: TEST_NOON - 50 * DAY })), 2, 'own events')
      expectEqual(await total(store, stats({ project_id: OTHER_PROJECT })), 1, "the other project's")
      expectEqual((await ids(store, events({ from: TEST_NOON - 50 * DAY }))).toSorted(), ['a', 'c'], 'ids')
    },
  },
  {
    name: 'two batches with equal rows under two tokens do not swallow each other',
    async run(store) {
      await store.insert(batch(storedEvent({ event_id: 'a' })))
      await store.insert(batch(storedEvent({ event_id: 'b' })))
      await store.insert(batch(storedEvent({ event_id: 'c' })))
      expectEqual(await total(store), 3, 'count')
    },
  },
  {
    name: 'known tells stored ids from new ones, per project',
    async run(store) {
      await store.insert(batch(storedEvent({ event_id: 'a' }), storedEvent({ event_id: HOSTILE[0] ?? '' })))
      const asked = ['a', 'new', HOSTILE[0] ?? '', HOSTILE[1] ?? ''].flatMap((event_id) => [
        { project_id: TEST_PROJECT, event_id },
        { project_id: OTHER_PROJECT, event_id },
      ])
      const known = await store.known(asked)
      expectEqual(
        [...known.keys()].toSorted(),
        [`${TEST_PROJECT}/${HOSTILE[0]}`, `${TEST_PROJECT}/a`].toSorted(),
        'known',
      )
      expectEqual([...(await store.known([]))], [], 'nothing asked')
    },
  },
  {
    name: 'known answers for thousands of ids at once',
    async run(store) {
      const list = Array.from({ length: 2500 }, (_, n) => storedEvent({ event_id: `id-${n}`, seq: n }))
      await store.insert(batch(...list))
      const asked = Array.from({ length: 5000 }, (_, n) => ({
        project_id: TEST_PROJECT,
        event_id: `id-${n}`,
      }))
      expectEqual((await store.known(asked)).size, 2500, 'known')
    },
  },
  {
    name: 'ranges are half-open',
    async run(store) {
      await store.insert(
        batch(
          storedEvent({ event_id: 'at-from', timestamp: TEST_NOON }),
          storedEvent({ event_id: 'before-to', timestamp: TEST_NOON + HOUR - 1 }),
          storedEvent({ event_id: 'at-to', timestamp: TEST_NOON + HOUR }),
          storedEvent({ event_id: 'before-from', timestamp: TEST_NOON - 1 }),
        ),
      )
      const plan = { from: TEST_NOON, to: TEST_NOON + HOUR }
      expectEqual((await ids(store, events(plan))).toSorted(), ['at-from', 'before-to'], 'events')
      expectEqual(await total(store, stats(plan)), 2, 'stats')
    },
  },
  {
    name: 'no plan sees another project',
    async run(store) {
      await store.insert(
        batch(
          storedEvent({ event_id: 'a' }),
          storedEvent({ event_id: 'x', project_id: OTHER_PROJECT, source: 'leak' }),
        ),
      )
      expectEqual(await ids(store), ['a'], 'events')
      expectEqual(await groups(store, stats({ group_by: ['source'] })), [['direct', 1]], 'stats')
      const { rows } = await store.query<'sources'>(sources())
      expectEqual(
        rows.map(({ source }) => source),
        ['direct'],
        'sources',
      )
    },
  },
  {
    name: 'events come newest first, equal times in reverse order of sending',
    async run(store) {
      await store.insert(
        batch(
          storedEvent({ event_id: 'b', seq: 1 }),
          storedEvent({ event_id: 'a', seq: 0 }),
          storedEvent({ event_id: 'late', seq: 0, received_at: TEST_NOON + 5 }),
          storedEvent({ event_id: 'c', seq: 1 }),
          storedEvent({ event_id: 'newest', timestamp: TEST_NOON + 1 }),
        ),
      )
      expectEqual(await ids(store), ['newest', 'late', 'c', 'b', 'a'], 'order')
      const cut = await store.query<'events'>(events({ limit: 2 }))
      expectEqual([cut.rows.length, cut.truncated], [2, true], 'limit')
      const whole = await store.query<'events'>(events({ limit: 5 }))
      expectEqual([whole.rows.length, whole.truncated], [5, false], 'exact limit')
    },
  },
  {
    name: 'bots are left out unless asked for',
    async run(store) {
      await store.insert(
        batch(
          storedEvent({ event_id: 'a' }),
          storedEvent({ event_id: 'bot', is_bot: true, anonymous_id: 'crawler' }),
        ),
      )
      expectEqual([await total(store), await total(store, stats({ include_bots: true }))], [1, 2], 'count')
      expectEqual(await total(store, stats({ metric: 'uniques', include_bots: true })), 2, 'uniques')
      expectEqual((await ids(store)).length, 1, 'events')
    },
  },
]
