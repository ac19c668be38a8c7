import type { StoredEvent } from '../ports/event-store.js'
import type { FunnelPlan } from '../ports/funnel-plan.js'
import { counts, funnel, groups, is, minutes, walk } from './event-funnel-case.js'
import { batch, DAY, type EventStoreCase, HOUR, MINUTE } from './event-store-case.js'
import { expectEqual } from './expect.js'
import { OTHER_PROJECT, storedEvent, TEST_NOON } from './stored-event.js'

/** Who is counted, by which events, and in which group. */
export const funnelPeopleCases: readonly EventStoreCase[] = [
  {
    name: 'funnel: strict looks at all events that pass the filters, $identify apart',
    async run(store) {
      await store.insert(
        batch(
          ...walk(
            ['a', 0],
            ['$identify', 1, { user_id: 'u' }],
            ['b', 2, { user_id: 'u' }],
            ['x', 3, { country: 'FR' }],
            ['c', 4],
          ),
        ),
      )
      const strict = (names: string, fields: Partial<FunnelPlan> = {}): FunnelPlan =>
        funnel(names, { order: 'strict', ...fields })
      expectEqual(await counts(store, strict('abc')), [1, 1, 0], 'x lies between')
      const filters = [{ field: 'country', op: 'is', values: ['DE'] }] as const
      expectEqual(await counts(store, strict('abc', { filters })), [1, 1, 1], 'x does not pass')
      const steps = [is('a'), is('$identify'), is('b')]
      expectEqual(await counts(store, strict('', { steps })), [1, 1, 1], '$identify as a step')
      const skipped = [is('a'), is('b'), is('$identify')]
      expectEqual(await counts(store, strict('', { steps: skipped })), [1, 0, 0], 'then it lies between')
      // Beyond the range no $identify is a first step, but the step it is named in all the same.
      const to = TEST_NOON + MINUTE
      const other = { anonymous_id: 'w', user_id: 'w' }
      const line = walk(['$identify', 0, other], ['$identify', 1, other], ['b', 2, other])
      await store.insert(batch(...line.map((event) => ({ ...event, event_id: `w${event.event_id}` }))))
      const last = strict('', { steps: [is('$identify'), is('b')], from: TEST_NOON, to })
      expectEqual(await counts(store, last), [1, 0], 'the second one lies between')
    },
  },
  {
    name: 'funnel: steps have conditions, filters bound every event, has_done looks at the range only',
    async run(store) {
      await store.insert(
        batch(
          ...walk(
            ['a', 0, { path: '/x' }],
            ['b', 1, { properties: '{"price":5}' }],
            ['b', 2, { properties: '{"price":50}', country: 'FR' }],
            ['vip', 100],
          ),
        ),
      )
      const step = (price: number): FunnelPlan['steps'][number] => ({
        event: 'b',
        where: [{ field: 'properties.price', op: 'gte', value: price }],
      })
      const asked = (price: number, fields: Partial<FunnelPlan> = {}): FunnelPlan =>
        funnel('', { steps: [is('a'), step(price)], ...fields })
      expectEqual(await minutes(store, asked(5)), [null, 1], 'the cheap one fits')
      expectEqual(await minutes(store, asked(6)), [null, 2], 'the dear one')
      expectEqual(await counts(store, asked(51)), [1, 0], 'none')
      const filters = [{ field: 'country', op: 'is', values: ['DE'] }] as const
      expectEqual(await counts(store, asked(6, { filters })), [1, 0], 'filtered')
      const vip = [{ op: 'done', match: is('vip') }] as const
      expectEqual(await counts(store, asked(6, { filters: vip })), [1, 1], 'done in the range')
      const hour = { from: TEST_NOON, to: TEST_NOON + HOUR, window_ms: 3 * HOUR }
      expectEqual(await counts(store, asked(6, { ...hour, filters: vip })), [0, 0], 'done beyond the range')
      const entry = [{ field: 'entry_path', op: 'is', values: ['/'] }] as const
      expectEqual(await counts(store, asked(6, { filters: entry })), [0, 0], 'pages are of pageviews')
    },
  },
  {
    name: 'funnel: a person is all their devices, before they are linked too; a user is not the visitor of that name',
    async run(store) {
      const phone = { anonymous_id: 'phone' }
      await store.insert(
        batch(
          ...walk(
            ['a', 0, phone],
            ['b', 5],
            ['$identify', 10, { ...phone, user_id: 'u' }],
            ['$identify', 11, { user_id: 'u' }],
            ['c', 20, { anonymous_id: '', user_id: 'u', session_id: '' }],
            ['b', 6, { anonymous_id: 'u' }],
            ['c', 7, { anonymous_id: 'u', is_bot: true }],
          ),
        ),
      )
      expectEqual(await counts(store, funnel('abc')), [1, 1, 1], 'three devices')
      expectEqual(await counts(store, funnel('bc')), [2, 1], 'the visitor called u')
      expectEqual(await counts(store, funnel('bc', { include_bots: true })), [2, 2], 'with crawlers')
      const forgotten = funnel('abc', { kept_from: TEST_NOON + DAY })
      expectEqual(await counts(store, forgotten), [1, 0, 0], 'links that retention has ended')
    },
  },
  {
    name: 'funnel: in a session all steps lie in one true session, across half hours; events without one are left out',
    async run(store) {
      const lone = { anonymous_id: '', user_id: 'u' }
      await store.insert(
        batch(
          ...walk(
            ['a', 0],
            ['b', 29],
            ['c', 59],
            ['a', 200],
            ['b', 231],
            ['a', 0, lone],
            ['b', 1, lone],
            ['a', 0, { anonymous_id: 'p', session_id: 'call' }],
            ['b', 50, { anonymous_id: 'q', session_id: 'call' }],
          ),
        ),
      )
      const plan = funnel('abc', { scope: 'session' })
      expectEqual(await counts(store, plan), [3, 2, 1], 'three sessions')
      expectEqual(await minutes(store, plan), [null, 39.5, 30], 'medians')
      expectEqual(await counts(store, { ...plan, scope: 'person' }), [3, 2, 1], 'people')
      expectEqual(
        await counts(store, { ...plan, filters: [{ field: 'user_id', op: 'is', values: ['u'] }] }),
        [0, 0, 0],
        'no session at all',
      )
    },
  },
  {
    name: 'funnel: groups are of the event that was the first step, largest first, then by code point, limited',
    async run(store) {
      const rows = ['x', 'x', 'y', '\u{1F642}', '\uFF21'].flatMap((source, n) => {
        const own = { anonymous_id: `v${n}` }
        const list = walk(
          ['a', 0, { ...own, source: 'old' }],
          ['a', 70, { ...own, source, properties: `{"n":${n % 2}}` }],
          ['b', 80, { ...own, source: 'later' }],
        )
        return list.map((event) => ({ ...event, event_id: `${n}${event.event_id}` }))
      })
      await store.insert(batch(...rows, storedEvent({ event_id: 'alone', event_name: 'a', source: 'x' })))
      const by = (field: 'source' | 'properties.n' | 'user_id'): FunnelPlan =>
        funnel('ab', { group_by: { of: 'first_step', field } })
      const all = [
        ['x', 3, 2],
        ['y', 1, 1],
        ['\uFF21', 1, 1],
        ['\u{1F642}', 1, 1],
      ]
      expectEqual(await groups(store, by('source')), all, 'sources')
      const cut = await store.query<'funnel'>({ ...by('source'), limit: 3 })
      expectEqual(
        [cut.groups.map(({ value }) => value), cut.truncated],
        [['x', 'y', '\uFF21'], true],
        'limit',
      )
      expectEqual(
        cut.steps.map(({ count }) => count),
        [6, 5],
        'everybody, whatever the limit',
      )
      expectEqual((await store.query<'funnel'>({ ...by('source'), limit: 4 })).truncated, false, 'exactly')
      const byNumber = [
        ['0', 3, 3],
        ['1', 2, 2],
        ['', 1, 0],
      ]
      expectEqual(await groups(store, by('properties.n')), byNumber, 'a property')
      expectEqual(await groups(store, by('user_id')), [['', 6, 5]], 'empty')
    },
  },
  {
    name: 'funnel: first touch is of the person, whenever it was, by the question’s crawlers and not its filters',
    async run(store) {
      const old = (minute: number, fields: Partial<StoredEvent>): StoredEvent =>
        storedEvent({
          event_id: `old${minute}`,
          timestamp: TEST_NOON - 30 * DAY + minute * MINUTE,
          ...fields,
        })
      await store.insert(
        batch(
          old(0, { source: 'nowhere', url: '' }),
          old(1, { source: 'crawled', is_bot: true }),
          old(2, {
            source: 'facebook',
            medium: 'paid',
            campaign: 'spring',
            channel: 'paid_social',
            anonymous_id: 'tv',
          }),
          old(3, { source: 'google', medium: 'organic', campaign: 'c', channel: 'organic_search' }),
          ...walk(
            ['a', 0, { source: 'direct' }],
            ['b', 1],
            ['$identify', 2, { user_id: 'u' }],
            ['$identify', 3, { user_id: 'u', anonymous_id: 'tv' }],
            ['a', 0, { anonymous_id: 'new', source: 'bing' }],
            ['a', 0, { anonymous_id: 'app', url: '' }],
          ),
        ),
      )
      const by = (
        field: 'source' | 'medium' | 'campaign' | 'channel',
        fields: Partial<FunnelPlan> = {},
      ): FunnelPlan => funnel('ab', { group_by: { of: 'first_touch', field }, ...fields })
      const expected = [
        ['', 1, 0],
        ['bing', 1, 0],
        ['facebook', 1, 1],
      ]
      expectEqual(await groups(store, by('source')), expected, 'of the other device')
      expectEqual(
        await groups(store, by('source', { scope: 'session' })),
        expected,
        'of the session’s person',
      )
      const filters = [{ field: 'source', op: 'is', values: ['direct'] }] as const
      expectEqual(
        await groups(store, by('medium', { filters })),
        [
          ['', 1, 0],
          ['paid', 1, 1],
        ],
        'filters',
      )
      const kept_from = TEST_NOON - 30 * DAY + 3 * MINUTE
      expectEqual(
        (await groups(store, by('campaign', { kept_from }))).map(([value]) => value),
        ['', 'c'],
        'retention',
      )
      const visible = [{ op: 'not', of: { field: 'source', op: 'is', values: ['facebook'] } }] as const
      expectEqual(
        (await groups(store, by('channel', { visible }))).map(([value]) => value),
        ['', 'direct', 'organic_search'],
        'what the asker may see',
      )
      const crawled = await groups(store, by('source', { include_bots: true, kept_from: 0 }))
      expectEqual(
        crawled.map(([value]) => value),
        ['', 'bing', 'crawled'],
        'crawlers',
      )
    },
  },
  {
    name: 'funnel: nothing of other projects, of hidden events or of later rows of one id',
    async run(store) {
      const rows = walk(['a', 0], ['b', 1], ['c', 2, { source: 'hidden' }])
      await store.insert(batch(...rows))
      await store.insert(batch(...rows.map((row) => ({ ...row, project_id: OTHER_PROJECT }))))
      const visible = [{ field: 'source', op: 'is', values: ['direct'] }] as const
      expectEqual(await counts(store, funnel('abc', { visible })), [1, 1, 0], 'hidden')
      for (const scope of ['person', 'session'] as const) {
        expectEqual(await counts(store, funnel('aa', { scope })), [1, 0], 'one a')
      }
      // Another process stored a again, later and with another time.
      const twin = { ...rows[0], timestamp: TEST_NOON + 3 * MINUTE, received_at: TEST_NOON + 9 * MINUTE }
      await store.insert(batch(storedEvent({ event_id: 'v0', ...twin })))
      for (const scope of ['person', 'session'] as const) {
        expectEqual(await counts(store, funnel('aa', { scope })), [1, 0], 'still one a')
        expectEqual(await counts(store, funnel('ca', { scope })), [1, 0], 'not after c')
      }
    },
  },
]
