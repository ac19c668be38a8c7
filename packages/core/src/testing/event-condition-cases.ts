import { isAnalyticsError } from '../errors.js'
import type { Condition } from '../ports/conditions.js'
import type { EventStore } from '../ports/event-store.js'
import {
  batch,
  type EventStoreCase,
  events,
  HOSTILE,
  ids,
  MINUTE,
  SCOPE,
  sessions,
  stats,
} from './event-store-case.js'
import { expectEqual } from './expect.js'
import { storedEvent, TEST_NOON } from './stored-event.js'

async function expectIds(
  store: EventStore,
  filters: readonly Condition[],
  wanted: string,
  what = JSON.stringify(filters),
): Promise<void> {
  const found = await ids(store, events({ filters }))
  expectEqual(found.sort().join(' '), wanted, what)
}

const field = 'properties.v'

/** With the events that they find. */
const RE2_PATTERNS: readonly (readonly [pattern: string, found: string])[] = [
  ['^[[:upper:][:digit:]]', 'e0 e10'],
  ['[[:^ascii:]]', 'e5 e9'],
  ['[^[:alnum:]\\s]', 'e1 e10 e4 e5 e7 e8 e9'],
  ['\\A[a-z]\\.\\w\\z', 'e7'],
  ['\\Q[]{', 'e8'],
  ['(?P<first>a)(?:_|\\Q.b\\E$)', 'e1 e7'],
  ['\\pN|\\p{Greek}{2}', 'e0 e5'],
  ['^\\p{^L}', 'e3 e8 e9'],
  ["o\\'h|^[]\\[]+", 'e4 e8'],
  ['^a{1,2}_|}$', 'e1 e8'],
  ['\\x{1F642}|\\x41b', 'e0 e9'],
  ['A\\a|\\141\\.', 'e10 e7'],
  ['(?m)^y|x.y', 'e6'],
  ['(?iU)^AB+?', 'e0'],
  ['^\\s*$', 'e2 e3'],
]
const NO_PATTERNS = ['(', 'a**', '(?=a)', '\\1', '[[:letters:]]', '\\u0041', 'a{1001}'] as const

/** What conditions let through. */
export const conditionCases: readonly EventStoreCase[] = [
  {
    name: 'operators on text: is, contains, starts_with, matches, with and without case, any of the values',
    async run(store) {
      const paths = ['/Blog/Ünit', '/blog', '', '/b%_g', 'x/blog']
      await store.insert(batch(...paths.map((path, n) => storedEvent({ event_id: `e${n}`, path }))))
      const on = (
        op: 'is' | 'contains' | 'starts_with' | 'matches',
        values: string[],
        fold = false,
      ): Condition[] => [{ op, field: 'path', values, ...(fold ? { fold } : {}) }]
      await expectIds(store, on('is', ['/blog']), 'e1')
      await expectIds(store, on('is', ['/BLOG', '/blog/ünit'], true), 'e0 e1')
      await expectIds(store, on('is', ['']), 'e2')
      await expectIds(store, on('contains', ['blog']), 'e1 e4')
      await expectIds(store, on('contains', ['BLOG/Ü', '%_'], true), 'e0 e3')
      await expectIds(store, on('starts_with', ['/b', 'x']), 'e1 e3 e4')
      await expectIds(store, on('starts_with', ['/B'], true), 'e0 e1 e3')
      await expectIds(store, on('matches', ['^/b.*g$']), 'e1 e3')
      await expectIds(store, on('matches', ['(?i)^/BLOG', 'x/']), 'e0 e1 e4')
      await expectIds(store, on('matches', ['^/BLOG'], true), 'e0 e1')
      await expectIds(store, on('matches', ['^$']), 'e2')
      await expectIds(
        store,
        [{ op: 'not', of: { op: 'is', field: 'path', values: ['/blog', ''] } }],
        'e0 e3 e4',
      )
    },
  },
  {
    name: 'matches: patterns of RE2, as they are written',
    async run(store) {
      const paths = [
        'Ab1',
        'a_b',
        '',
        ' \t',
        "o'hara",
        '\u03b1\u03b2',
        'x\ny',
        'a.b',
        '[]{}',
        '\u{1F642}',
        'A\u0007',
      ]
      await store.insert(batch(...paths.map((path, n) => storedEvent({ event_id: `e${n}`, path }))))
      for (const pattern of RE2_PATTERNS) {
        const found = await ids(
          store,
          events({ filters: [{ op: 'matches', field: 'path', values: [pattern[0]] }] }),
        )
        expectEqual(found.sort().join(' '), pattern[1], pattern[0])
      }
    },
  },
  {
    name: 'a pattern that is none is a mistake, also where there is nothing to hold against it',
    async run(store) {
      const refused = async (filters: readonly Condition[], what: string): Promise<void> => {
        const found = await store.query<'events'>(events({ filters })).catch((error: unknown) => error)
        const code = isAnalyticsError(found) ? [found.code, found.details?.reason] : String(found)
        expectEqual(code, ['invalid_params', 'invalid_pattern'], what)
      }
      for (const pattern of NO_PATTERNS) {
        await refused([{ op: 'matches', field: 'path', values: ['a', pattern] }], pattern)
      }
      const where: Condition[] = [{ op: 'matches', field: 'path', values: ['('] }]
      await refused([{ op: 'not', of: { op: 'done', match: { event: 'a', where } } }], 'of what was done')
    },
  },
  {
    name: 'conditions nest: and, or, not',
    async run(store) {
      const list = [
        { source: 'google', country: 'DE' },
        { source: 'google', country: 'FR' },
        { source: 'bing', country: 'DE' },
        { source: 'bing', country: '' },
      ]
      await store.insert(batch(...list.map((fields, n) => storedEvent({ event_id: `e${n}`, ...fields }))))
      const google: Condition = { op: 'is', field: 'source', values: ['google'] }
      const german: Condition = { op: 'is', field: 'country', values: ['DE'] }
      await expectIds(store, [google, german], 'e0')
      await expectIds(store, [{ op: 'or', of: [google, german] }], 'e0 e1 e2')
      await expectIds(store, [{ op: 'not', of: { op: 'or', of: [google, german] } }], 'e3')
      await expectIds(store, [{ op: 'and', of: [{ op: 'not', of: google }, german] }], 'e2')
      await expectIds(
        store,
        [{ op: 'not', of: { op: 'not', of: { op: 'and', of: [google, german] } } }],
        'e0',
      )
    },
  },
  {
    name: 'properties compare as text or as their JSON; only numbers compare with numbers',
    async run(store) {
      const values = ['pro', 'Pro', 7, 7.5, '7', true, null, { a: [1, 'x'] }, '', 1e21, -0.25]
      await store.insert(
        batch(
          ...values.map((v, n) =>
            storedEvent({
              event_id: `e${String(n).padStart(2, '0')}`,
              properties: JSON.stringify({ v, other: { v: 'nested' } }),
            }),
          ),
          storedEvent({ event_id: 'none', properties: '{"V":"pro"}' }),
        ),
      )
      await expectIds(store, [{ op: 'is', field, values: ['pro'] }], 'e00')
      await expectIds(store, [{ op: 'is', field, values: ['pro'], fold: true }], 'e00 e01')
      await expectIds(store, [{ op: 'is', field, values: ['7', 'true'] }], 'e02 e04 e05')
      await expectIds(store, [{ op: 'is', field, values: ['{"a":[1,"x"]}'] }], 'e07')
      await expectIds(store, [{ op: 'is', field, values: ['1e21', '-0.25'] }], 'e09 e10')
      await expectIds(store, [{ op: 'is', field, values: [''] }], 'e06 e08 none')
      await expectIds(store, [{ op: 'contains', field, values: ['nested'] }], '')
      await expectIds(store, [{ op: 'gt', field, value: 7 }], 'e03 e09')
      await expectIds(store, [{ op: 'gte', field, value: 7 }], 'e02 e03 e09')
      await expectIds(store, [{ op: 'lt', field, value: 7.5 }], 'e02 e10')
      await expectIds(store, [{ op: 'lte', field, value: 7.5 }], 'e02 e03 e10')
      await expectIds(
        store,
        [{ op: 'not', of: { op: 'gt', field, value: -1 } }],
        'e00 e01 e04 e05 e06 e07 e08 none',
        'what is no number never compares',
      )
    },
  },
  {
    name: 'hostile keys and values are bound, never part of a statement',
    async run(store) {
      await store.insert(
        batch(
          ...HOSTILE.map((text, n) =>
            storedEvent({ event_id: `h${n}`, path: text, properties: JSON.stringify({ [text]: text, n }) }),
          ),
        ),
      )
      for (const [n, text] of HOSTILE.entries()) {
        const own = `properties.${text}` as const
        await expectIds(store, [{ op: 'is', field: own, values: [text] }], `h${n}`)
        await expectIds(store, [{ op: 'contains', field: 'path', values: [text] }], `h${n}`)
        await expectIds(store, [{ op: 'starts_with', field: own, values: [text] }], `h${n}`)
      }
      const grouped = await store.query<'stats'>(stats({ group_by: [`properties.${HOSTILE[0]}`] }))
      expectEqual(
        grouped.rows.map(({ group }) => group[0]),
        ['', HOSTILE[0]],
        'a hostile key groups',
      )
    },
  },
  {
    name: 'done holds for all events of a person who did it in the range, across devices',
    async run(store) {
      const at = (n: number): number => TEST_NOON + n * MINUTE
      await store.insert(
        batch(
          storedEvent({ event_id: 'phone', anonymous_id: 'phone', timestamp: at(0) }),
          storedEvent({
            event_id: 'link',
            event_name: '$identify',
            anonymous_id: 'phone',
            user_id: 'u',
            timestamp: at(1),
          }),
          storedEvent({
            event_id: 'buy',
            event_name: 'buy',
            anonymous_id: '',
            user_id: 'u',
            session_id: '',
            timestamp: at(2),
          }),
          storedEvent({ event_id: 'other', anonymous_id: 'other', timestamp: at(3) }),
          storedEvent({ event_id: 'late', anonymous_id: 'late', timestamp: at(4) }),
          storedEvent({ event_id: 'later', event_name: 'buy', anonymous_id: 'late', timestamp: SCOPE.to }),
        ),
      )
      const bought: Condition = { op: 'done', match: { event: 'buy', where: [] } }
      await expectIds(store, [bought], 'buy link phone')
      await expectIds(store, [{ op: 'not', of: bought }], 'late other')
      const fromPhone: Condition = { op: 'is', field: 'anonymous_id', values: ['phone'] }
      await expectIds(store, [{ op: 'done', match: { event: 'buy', where: [fromPhone] } }], '')
    },
  },
  {
    name: 'session metrics: the session’s own fields are the session’s, any other condition asks for an event that meets it',
    async run(store) {
      const visit = (visitor: string, ...names: string[]) =>
        names.map((name, n) =>
          storedEvent({
            event_id: `${visitor}${n}`,
            anonymous_id: visitor,
            event_name: name.startsWith('/') ? '$pageview' : name,
            path: name.startsWith('/') ? name : '',
            source: n === 0 ? visitor : 'direct',
            campaign: n === 0 ? '' : 'late',
            timestamp: TEST_NOON + n * MINUTE,
          }),
        )
      await store.insert(
        batch(...visit('a', '/in', '/price', 'signup'), ...visit('b', '/price'), ...visit('c', '/in', '/x')),
      )
      const count = async (...filters: Condition[]): Promise<number | null | undefined> => {
        const { rows } = await store.query<'stats'>(sessions({ filters }))
        return rows[0]?.values[0]
      }
      const is = (
        name: 'path' | 'event_name' | 'source' | 'entry_path' | 'exit_path',
        value: string,
      ): Condition => ({
        op: 'is',
        field: name,
        values: [value],
      })
      expectEqual(await count(is('source', 'direct')), 0, 'source is the session’s first')
      expectEqual(await count(is('source', 'a')), 1, 'first source')
      expectEqual(await count(is('entry_path', '/in')), 2, 'entry')
      expectEqual(await count(is('exit_path', '/price')), 2, 'exit')
      expectEqual(await count(is('path', '/price')), 2, 'some event has the path')
      expectEqual(await count({ op: 'not', of: is('path', '/price') }), 1, 'no event has the path')
      const isSet = { op: 'is_set', field: 'path' } as const
      expectEqual(await count(isSet), 3, 'some event has a path, others have none')
      expectEqual(await count({ op: 'not', of: isSet }), 0, 'no event has a path')
      expectEqual(await count({ op: 'is_set', field: 'source' }), 3, 'the session has a source')
      expectEqual(
        await count({ op: 'is_set', field: 'campaign' }),
        0,
        'campaigns of later events are not its own',
      )
      expectEqual(await count({ op: 'is_set', field: 'properties.plan' }), 0, 'nobody has a plan')
      expectEqual(
        await count(is('event_name', 'signup'), is('path', '/price')),
        1,
        'two events meet two conditions',
      )
      expectEqual(await count({ op: 'done', match: { event: 'signup', where: [] } }), 1, 'the person did it')
    },
  },
  {
    name: 'visible bounds every event on the way to an answer: sessions, goals, histories',
    async run(store) {
      const tenant = (name: string, id: string, fields: object) =>
        storedEvent({
          event_id: id,
          anonymous_id: 'v',
          properties: JSON.stringify({ tenant: name }),
          ...fields,
        })
      await store.insert(
        batch(
          tenant('a', '1', { path: '/1', timestamp: TEST_NOON }),
          tenant('b', '2', { path: '/2', timestamp: TEST_NOON + 20 * MINUTE }),
          tenant('a', '3', { path: '/3', timestamp: TEST_NOON + 40 * MINUTE }),
          tenant('b', '4', { event_name: 'buy', timestamp: TEST_NOON + 41 * MINUTE }),
        ),
      )
      const visible: Condition[] = [{ op: 'is', field: 'properties.tenant', values: ['a'] }]
      const plan = stats({
        visible,
        metrics: ['count', 'sessions', 'bounce_rate', 'conversion_rate'],
        goal: { event: 'buy', where: [] },
      })
      expectEqual(
        (await store.query<'stats'>(plan)).rows[0]?.values,
        [2, 2, 1, 0],
        'two events forty minutes apart are two sessions; the other tenant’s goal is not there',
      )
      const done: Condition = { op: 'done', match: { event: 'buy', where: [] } }
      expectEqual((await store.query<'stats'>({ ...plan, filters: [done] })).rows[0]?.values[0], 0, 'done')
      expectEqual(await ids(store, events({ visible })), ['3', '1'], 'events')
      const grouped = await store.query<'stats'>(stats({ visible, group_by: ['entry_path'] }))
      expectEqual(
        grouped.rows.map(({ group }) => group[0]),
        ['/1', '/3'],
        'entry pages of sessions of what is visible',
      )
    },
  },
]
