import type { EventStore } from '../ports/event-store.js'
import type { EventMoment, PersonPlan, PersonResult } from '../ports/query-plan.js'
import { ask, batch, DAY, type EventStoreCase, factsOf, HOUR, person, SCOPE } from './event-store-case.js'
import { visits } from './event-visits.js'
import { expectEqual } from './expect.js'
import { OTHER_PROJECT, TEST_NOON } from './stored-event.js'

const identify = { event_name: '$identify', url: '', path: '' } as const

/** Ids of every event of somebody, by walking pages of so many; what all of them say is the same on each page. */
async function timeline(
  store: EventStore,
  fields: Partial<PersonPlan>,
  limit: number = 2,
): Promise<string[]> {
  const found: string[] = []
  const first = await ask(store, fields)
  let after: EventMoment | null = null
  for (let pages = 0; pages < 100; pages++) {
    const page: PersonResult = await store.query<'person'>(person({ limit, after, ...fields }))
    expectEqual(page.truncated, page.next !== null, 'whether there is more')
    expectEqual(factsOf(page), first, 'on each page')
    found.push(...page.rows.map(({ event_id }) => event_id))
    after = page.next
    if (after === null) break
  }
  return found
}

/** Everything there is about one person. */
export const personCases: readonly EventStoreCase[] = [
  {
    name: 'person: walking the timeline brings every event once, on all devices, crawlers’ too',
    async run(store) {
      await store.insert(
        batch(
          ...visits(
            [0, { anonymous_id: 'phone' }],
            [0, { anonymous_id: 'phone', event_id: 'twin-a' }],
            [0, { anonymous_id: 'phone', event_id: 'twin-b' }],
            [1, { anonymous_id: 'laptop', is_bot: true }],
            [2, { anonymous_id: 'stranger' }],
            [3, { anonymous_id: '', user_id: 'u', session_id: '' }],
            [4, { anonymous_id: 'phone', user_id: 'other' }],
            [5, { anonymous_id: 'stranger', user_id: 'u' }],
            [6, { anonymous_id: 'u' }],
            [7, { anonymous_id: 'phone', user_id: 'u', ...identify }],
            [8, { anonymous_id: 'laptop', user_id: 'u', ...identify }],
          ),
        ),
      )
      const own = ['v10', 'v9', 'v7', 'v5', 'v3', 'v0', 'twin-b', 'twin-a']
      expectEqual(await timeline(store, { user_id: 'u' }), own, 'the user')
      expectEqual(await timeline(store, { anonymous_id: 'laptop' }), own, 'by a device')
      expectEqual((await ask(store, { user_id: 'u' })).events, own.length, 'as many as are counted')
      expectEqual(await timeline(store, { anonymous_id: 'stranger' }), ['v4'], 'a visitor')
      expectEqual(await timeline(store, { anonymous_id: 'u' }), ['v8'], 'a visitor by the name of a user')
      expectEqual(await timeline(store, { user_id: 'nobody' }), [], 'nobody')
      expectEqual(await timeline(store, { user_id: 'u', project_id: OTHER_PROJECT }), [], 'another project')
      for (const limit of [1, 3, 7, 8, 9, 100]) {
        expectEqual(await timeline(store, { user_id: 'u' }, limit), own, `pages of ${limit}`)
      }
    },
  },
  {
    name: 'person: range and what a reader may see hold for the timeline',
    async run(store) {
      await store.insert(
        batch(
          ...visits(
            [0, { hostname: 'a.test', properties: '{"n":1}' }],
            [1, { hostname: 'b.test' }],
            [2, { hostname: 'a.test', is_bot: true }],
            [3, { hostname: 'a.test', user_id: 'u', ...identify, properties: '{"plan":"pro"}' }],
            [4, { hostname: 'b.test', user_id: 'u', ...identify, properties: '{"plan":"free"}' }],
          ),
        ),
      )
      const visible = [{ op: 'is', field: 'hostname', values: ['a.test'] }] as const
      const seen = await ask(store, { user_id: 'u', visible })
      expectEqual([seen.events, seen.last_seen, seen.traits], [3, TEST_NOON + 3, { plan: 'pro' }], 'seen')
      await store.insert(
        batch(
          ...visits([
            -20 * DAY,
            { event_id: 'x', anonymous_id: 'x', user_id: 'u', ...identify, hostname: 'b.test' },
          ]),
          ...visits([
            -20 * DAY,
            { event_id: 'y', anonymous_id: 'y', user_id: 'u', ...identify, hostname: 'a.test' },
          ]),
        ),
      )
      const known = await ask(store, { user_id: 'u', visible })
      expectEqual(known.anonymous_ids, ['visitor', 'y'], 'whose link is seen')
      const all = await ask(store, { user_id: 'u' })
      expectEqual(all.anonymous_ids, ['visitor', 'x', 'y'], 'everything is seen')
      expectEqual(await timeline(store, { user_id: 'u', visible }), ['v3', 'v2', 'v0'], 'visible')
      const range = { from: TEST_NOON + 1, to: TEST_NOON + 3 }
      expectEqual(await timeline(store, { user_id: 'u', ...range }), ['v2', 'v1'], 'range')
    },
  },
  {
    name: 'person: a visitor whose link the asker does not see is nobody’s, and the user has not them',
    async run(store) {
      const visible = [{ op: 'is', field: 'hostname', values: ['a.test'] }] as const
      const seen = { hostname: 'a.test' }
      await store.insert(
        batch(
          ...visits(
            [0, { ...seen, anonymous_id: 'hidden' }],
            [1, { ...seen, anonymous_id: '', user_id: 'w', session_id: '' }],
            [2, { anonymous_id: 'hidden', user_id: 'w', ...identify, hostname: 'b.test' }],
            [3, { ...seen, anonymous_id: 'shared' }],
            [4, { anonymous_id: 'shared', user_id: 'x', ...identify, hostname: 'b.test' }],
            [5, { ...seen, anonymous_id: 'shared', user_id: 'w', ...identify }],
          ),
        ),
      )
      const who = async (fields: Partial<PersonPlan>): Promise<unknown[]> => {
        const found = await ask(store, { visible, ...fields })
        return [found.user_id, found.anonymous_ids, found.conflicts, found.events]
      }
      // That somebody else has `shared` is not to be seen either.
      expectEqual(await who({ user_id: 'w' }), ['w', [], [], 2], 'the user')
      expectEqual(await timeline(store, { user_id: 'w', visible }), ['v5', 'v1'], 'of the user')
      expectEqual(await who({ anonymous_id: 'hidden' }), ['', ['hidden'], [], 1], 'the visitor')
      expectEqual(await timeline(store, { anonymous_id: 'hidden', visible }), ['v0'], 'of the visitor')
      expectEqual(await who({ anonymous_id: 'shared' }), ['', ['shared'], [], 1], 'linked to another')
      expectEqual(
        await who({ user_id: 'w', visible: [] }),
        ['w', ['hidden'], ['shared'], 4],
        'everything is seen',
      )
      expectEqual(
        await who({ anonymous_id: 'hidden', visible: [] }),
        ['w', ['hidden'], ['shared'], 4],
        'by visitor',
      )
    },
  },
  {
    name: 'person: of what was said of somebody, the last of each key',
    async run(store) {
      const said = (text: string, fields = {}): object => ({
        user_id: 'u',
        ...identify,
        properties: text,
        ...fields,
      })
      await store.insert(
        batch(
          ...visits(
            [0, said('{"a":1}')],
            [HOUR, said('{"b":"ü"}', { anonymous_id: 'phone' })],
            [HOUR, said('{"c":[1,{"d":null}]}', { anonymous_id: 'phone', seq: 1 })],
            [2 * HOUR, said('{"a":1}', { anonymous_id: '', session_id: '' })],
            [3 * HOUR, said('{"a":2}', { user_id: 'other', anonymous_id: 'tablet' })],
            [4 * HOUR, { user_id: 'u', properties: '{"a":3}' }],
            [5 * DAY, said('{"a":4}')],
          ),
        ),
      )
      const found = await ask(store, { user_id: 'u', from: SCOPE.from, to: SCOPE.to })
      expectEqual(found.traits, { b: 'ü', c: [1, { d: null }], a: 1 }, 'traits')
      expectEqual([found.first_seen, found.last_seen], [TEST_NOON, TEST_NOON + 4 * HOUR], 'moments')
    },
  },
]
