import type { Dimension } from '@millimetric/schema/wire'
import type { EventStore, EventsPlan, SourcesPlan, StatsPlan, StoredEvent } from '../ports/event-store.js'
import { expectEqual } from './expect.js'
import { OTHER_PROJECT, storedEvent, TEST_NOON, TEST_PROJECT } from './stored-event.js'

/** One promise of the port. Each case gets an empty store of its own. */
export interface EventStoreCase {
  readonly name: string
  run(store: EventStore): Promise<void>
}

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

const scope = {
  project_id: TEST_PROJECT,
  from: TEST_NOON - DAY,
  to: TEST_NOON + DAY,
  filters: [],
  include_bots: false,
  limit: 100,
}

function stats(fields: Partial<StatsPlan> = {}): StatsPlan {
  return { kind: 'stats', ...scope, metric: 'count', group_by: [], buckets: null, ...fields }
}

function events(fields: Partial<EventsPlan> = {}): EventsPlan {
  return { kind: 'events', ...scope, ...fields }
}

function sources(fields: Partial<SourcesPlan> = {}): SourcesPlan {
  return { kind: 'sources', ...scope, breakdown: 'source_medium', ...fields }
}

let tokens = 0
function batch(...list: StoredEvent[]): { token: string; events: StoredEvent[] } {
  tokens += 1
  return {
    token: `case-${Date.now().toString(36)}-${tokens}-${Math.random().toString(36).slice(2)}`,
    events: list,
  }
}

async function total(store: EventStore, plan: StatsPlan = stats()): Promise<number> {
  const { rows } = await store.query<'stats'>(plan)
  return rows[0]?.value ?? 0
}

async function ids(store: EventStore, plan: EventsPlan = events()): Promise<string[]> {
  const { rows } = await store.query<'events'>(plan)
  return rows.map(({ event_id }) => event_id)
}

async function groups(store: EventStore, plan: StatsPlan): Promise<[...string[], number][]> {
  const { rows } = await store.query<'stats'>(plan)
  return rows.map(({ group, value }) => [...group, value])
}

const HOSTILE: readonly string[] = [
  "'; DROP TABLE events; --",
  "back\\slash \\n \\' \\0",
  'tab\tnewline\ncarriage\r',
  '{project_id:UUID} ? $1 :x %s',
  '"double" `tick` /* */ --',
  'ünïcödé 漢字 🙂 \u202e',
  '\u{1F468}\u200D\u{1F469}',
  ' leading and trailing ',
  'null',
  '[1,2]',
]

/** What every event store must do. */
export const eventStoreCases: readonly EventStoreCase[] = [
  {
    name: 'an empty store answers zero, not an error',
    async run(store) {
      expectEqual(await total(store), 0, 'count')
      expectEqual(await ids(store), [], 'events')
      expectEqual(await groups(store, stats({ group_by: ['source'] })), [], 'groups')
      expectEqual((await store.query<'sources'>(sources())).rows, [], 'sources')
      expectEqual((await store.query<'stats'>(stats({ buckets: [scope.from] }))).rows, [], 'series')
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
        [...known].toSorted(),
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
        rows.map(({ bucket, value }) => [bucket, value]),
        [
          [TEST_NOON - HOUR, 1],
          [TEST_NOON, 2],
          [TEST_NOON + 2 * HOUR, 2],
        ],
        'counts',
      )
      const uniques = await store.query<'stats'>({ ...plan, metric: 'uniques' })
      expectEqual(
        uniques.rows.map(({ value }) => value),
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
        result.rows.map(({ group, bucket, value }) => [...group, bucket, value]),
        [
          ['mid', TEST_NOON, 2],
          ['big', TEST_NOON, 1],
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
      const buckets = [scope.from]
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
