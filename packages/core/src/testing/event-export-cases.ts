import type { ExportRow } from '@millimetric/schema/wire'
import type { EventStore } from '../ports/event-store.js'
import type { ExportPlan } from '../ports/export-plan.js'
import { batch, type EventStoreCase, HOSTILE, HOUR, MINUTE, SCOPE } from './event-store-case.js'
import { expectEqual } from './expect.js'
import { OTHER_PROJECT, storedEvent, TEST_NOON } from './stored-event.js'

function exported(fields: Partial<ExportPlan> = {}): ExportPlan {
  return { kind: 'export', ...SCOPE, after: null, ...fields }
}

/** All pages, one after the other. */
async function pages(store: EventStore, first: ExportPlan): Promise<string[][]> {
  const found: string[][] = []
  for (let plan = first; ; ) {
    const { rows, next } = await store.query<'export'>(plan)
    found.push(rows.map(({ event_id }) => event_id))
    if (next === null) return found
    plan = { ...plan, after: next }
  }
}

/** Exports: every column, one order, pages that neither repeat nor leave out. */
export const exportCases: readonly EventStoreCase[] = [
  {
    name: 'an export shows every column; absent text is null',
    async run(store) {
      const full = {
        event_id: 'full',
        event_name: 'signup',
        timestamp: TEST_NOON + 1,
        received_at: TEST_NOON + 2,
        client_timestamp: TEST_NOON + 3,
        seq: 4,
        anonymous_id: 'a',
        user_id: 'u',
        session_id: 's',
        url: 'https://b.test/p?x=1',
        hostname: 'b.test',
        path: '/p',
        referrer: 'https://google.com/',
        referrer_host: 'google.com',
        source: 'google',
        medium: 'paid',
        campaign: 'spring',
        term: 'shoes',
        content: 'banner',
        channel: 'paid_search',
        source_confidence: 'medium',
        source_rule_id: 'utm',
        country: 'FR',
        device_type: 'mobile',
        browser: 'chrome',
        os: 'ios',
        is_bot: true,
        properties: '{"price":1.25,"ü":[1,null]}',
        sdk_name: 'sdk',
        sdk_version: '1.0',
      } as const
      const bare = {
        anonymous_id: '',
        user_id: '',
        session_id: '',
        url: '',
        hostname: '',
        path: '',
        referrer: '',
        referrer_host: '',
      }
      await store.insert(
        batch(storedEvent(full), storedEvent({ event_id: 'bare', timestamp: TEST_NOON, ...bare })),
      )
      const { rows, next } = await store.query<'export'>(exported({ include_bots: true }))
      const nothing = Object.fromEntries(Object.keys(bare).map((name) => [name, null]))
      const expected: object[] = [
        {
          ...nothing,
          timestamp: '2026-05-16T12:00:00.000Z',
          received_at: '2026-05-16T12:00:00.000Z',
          client_timestamp: null,
          seq: 0,
          event_id: 'bare',
          event_name: '$pageview',
          source: 'direct',
          medium: 'direct',
          campaign: null,
          term: null,
          content: null,
          channel: 'direct',
          source_confidence: 'high',
          source_rule_id: 'direct',
          country: 'DE',
          device_type: 'desktop',
          browser: 'firefox',
          os: 'linux',
          is_bot: false,
          properties: '{}',
          sdk_name: null,
          sdk_version: null,
        },
        {
          ...full,
          timestamp: '2026-05-16T12:00:00.001Z',
          received_at: '2026-05-16T12:00:00.002Z',
          client_timestamp: '2026-05-16T12:00:00.003Z',
        },
      ]
      expectEqual(rows.map(sorted), expected.map(sorted), 'columns')
      expectEqual(next, null, 'nothing follows')
    },
  },
  {
    name: 'pages of an export go on where the last one ended, whatever is equal',
    async run(store) {
      const same = { timestamp: TEST_NOON, received_at: TEST_NOON + 5 }
      await store.insert(
        batch(
          storedEvent({ event_id: 'later', timestamp: TEST_NOON + 1, received_at: TEST_NOON }),
          storedEvent({ event_id: 'b', ...same, seq: 1 }),
          storedEvent({ event_id: 'B', ...same, seq: 1 }),
          storedEvent({ event_id: '\u{1F642}', ...same, seq: 1 }),
          storedEvent({ event_id: '\uFF21', ...same, seq: 1 }),
          storedEvent({ event_id: 'z', ...same, seq: 0 }),
          storedEvent({ event_id: 'first', timestamp: TEST_NOON, received_at: TEST_NOON + 4, seq: 9 }),
          storedEvent({ event_id: 'other', project_id: OTHER_PROJECT }),
        ),
      )
      const order = ['first', 'z', 'B', 'b', '\uFF21', '\u{1F642}', 'later']
      for (const limit of [1, 2, 3, 6, 7, 8]) {
        const found = await pages(store, exported({ limit }))
        expectEqual(found.flat(), order, `pages of ${limit}`)
        expectEqual(found.length, Math.ceil(order.length / limit), `as few pages of ${limit} as there can be`)
      }
      const moment = { timestamp: TEST_NOON, received_at: TEST_NOON + 5, seq: 1, event_id: 'a' }
      expectEqual(
        (await pages(store, exported({ after: moment }))).flat(),
        order.slice(3),
        'after a place where no event is',
      )
    },
  },
  {
    name: 'an export is of the range, the filters and what may be seen; an empty one has one empty page',
    async run(store) {
      await store.insert(
        batch(
          storedEvent({ event_id: 'before', timestamp: TEST_NOON - 1 }),
          storedEvent({ event_id: 'first', timestamp: TEST_NOON }),
          storedEvent({ event_id: 'bot', timestamp: TEST_NOON, is_bot: true }),
          storedEvent({ event_id: 'French', timestamp: TEST_NOON + 1, country: 'FR' }),
          storedEvent({ event_id: 'unseen', timestamp: TEST_NOON + 1, source: 'secret' }),
          storedEvent({ event_id: 'end', timestamp: TEST_NOON + HOUR }),
        ),
      )
      const range = { from: TEST_NOON, to: TEST_NOON + HOUR }
      const visible = [
        { op: 'not' as const, of: { op: 'is' as const, field: 'source' as const, values: ['secret'] } },
      ]
      const german = [{ op: 'is' as const, field: 'country' as const, values: ['DE'] }]
      expectEqual(
        await pages(store, exported({ ...range, visible })),
        [['first', 'French']],
        'range and sight',
      )
      expectEqual(await pages(store, exported({ ...range, visible, filters: german })), [['first']], 'filter')
      expectEqual(
        await pages(store, exported({ ...range, from: TEST_NOON + 1, to: TEST_NOON + 1 })),
        [[]],
        'empty',
      )
    },
  },
  {
    name: 'what a page asks about people and sessions is asked of the whole range',
    async run(store) {
      const at = (minute: number, fields: object): Parameters<typeof storedEvent>[0] => ({
        event_id: `${minute}`,
        timestamp: TEST_NOON + minute * MINUTE,
        session_id: 'call',
        ...fields,
      })
      await store.insert(
        batch(
          storedEvent(at(0, { path: '/landing', anonymous_id: 'v' })),
          storedEvent(at(1, { event_name: 'signup', anonymous_id: 'v' })),
          storedEvent(at(2, { path: '/a', anonymous_id: 'v' })),
          storedEvent(at(3, { path: '/b', anonymous_id: 'w' })),
        ),
      )
      const entered = [{ op: 'is' as const, field: 'entry_path' as const, values: ['/landing'] }]
      expectEqual(
        (await pages(store, exported({ filters: entered, limit: 1 }))).flat(),
        ['0', '1', '2', '3'],
        'of sessions that began before the page',
      )
      const did = [{ op: 'done' as const, match: { event: 'signup', where: [] } }]
      expectEqual(
        (await pages(store, exported({ filters: did, limit: 1 }))).flat(),
        ['0', '1', '2'],
        'of people who did it before the page',
      )
    },
  },
  {
    name: 'events that come during an export are never in it twice, nor do they push one out',
    async run(store) {
      const at = (minute: number): ReturnType<typeof storedEvent> =>
        storedEvent({
          event_id: `at ${minute}`,
          timestamp: TEST_NOON + minute * MINUTE,
          received_at: TEST_NOON + HOUR,
        })
      await store.insert(batch(at(0), at(2), at(4)))
      const first = await store.query<'export'>(exported({ limit: 2 }))
      expectEqual(
        first.rows.map(({ event_id }) => event_id),
        ['at 0', 'at 2'],
        'first page',
      )
      await store.insert(batch(at(1), at(2), at(3)))
      expectEqual(
        await pages(store, exported({ limit: 2, after: first.next })),
        [['at 3', 'at 4']],
        'the rest',
      )
    },
  },
  {
    name: 'texts of an export are those that came, hostile ones included',
    async run(store) {
      await store.insert(
        batch(
          ...HOSTILE.map((text, n) =>
            storedEvent({
              event_id: `${n}${text}`,
              seq: n,
              path: text,
              term: text,
              properties: JSON.stringify({ text }),
            }),
          ),
        ),
      )
      const found: ExportRow[] = []
      for (let plan = exported({ limit: 3 }); ; ) {
        const { rows, next } = await store.query<'export'>(plan)
        found.push(...rows)
        if (next === null) break
        plan = { ...plan, after: next }
      }
      expectEqual(
        found.map(({ event_id, path, term, properties }) => [event_id, path, term, properties]),
        HOSTILE.map((text, n) => [`${n}${text}`, text, text, JSON.stringify({ text })]),
        'texts',
      )
    },
  },
]

function sorted(row: object): [string, unknown][] {
  const order = (a: string, b: string): number => (a < b ? -1 : 1)
  return Object.entries(row)
    .filter(([name]) => name !== 'project_id' && name !== 'body_hash' && name !== 'ip_hash')
    .sort(([a], [b]) => order(a, b))
}
