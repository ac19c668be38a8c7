import type { EventStore } from '../ports/event-store.js'
import type { LivePlan, LiveResult } from '../ports/live-plan.js'
import { batch, type EventStoreCase, MINUTE, SCOPE } from './event-store-case.js'
import { visits } from './event-visits.js'
import { expectEqual } from './expect.js'
import { OTHER_PROJECT, TEST_NOON } from './stored-event.js'

const GOOGLE = { source: 'google', medium: 'paid' } as const
const OWN = { source: 'internal', medium: 'direct' } as const

/** The last five minutes before noon. */
async function ask(store: EventStore, fields: Partial<LivePlan> = {}): Promise<LiveResult> {
  const { project_id, filters, include_bots } = SCOPE
  return await store.query<'live'>({
    kind: 'live',
    project_id,
    filters,
    include_bots,
    from: TEST_NOON - 5 * MINUTE + 1,
    to: TEST_NOON + 1,
    as_of: TEST_NOON,
    top: 10,
    ...fields,
  })
}

/** Who is there now. */
export const liveCases: readonly EventStoreCase[] = [
  {
    name: 'live: after the beginning of the time, up to the moment itself',
    async run(store) {
      const none = { visitors: 0, events: 0, pages: [], sources: [], countries: [], per_minute: [] }
      const facts = { truncated: false, estimated: false, answered_by: 'raw' } as const
      expectEqual(await ask(store), { ...facts, ...none }, 'nobody')
      await store.insert(
        batch(
          ...visits(
            [-5 * MINUTE, { anonymous_id: 'gone' }],
            [-5 * MINUTE + 1, { anonymous_id: 'a' }],
            [-4 * MINUTE - 1, { anonymous_id: 'a' }],
            [-4 * MINUTE, { anonymous_id: 'b' }],
            [-MINUTE, { anonymous_id: 'a' }],
            [0, { anonymous_id: '', user_id: 'a', session_id: '' }],
            [0, { anonymous_id: 'bot', is_bot: true }],
            [1, { anonymous_id: 'later' }],
          ),
        ),
      )
      expectEqual(
        await ask(store),
        {
          ...facts,
          visitors: 3,
          events: 5,
          pages: [{ path: '/', visitors: 3 }],
          sources: [{ source: 'direct', medium: 'direct', visitors: 3 }],
          countries: [{ country: 'DE', visitors: 3 }],
          per_minute: [
            { ago: 0, events: 1, visitors: 1 },
            { ago: 1, events: 1, visitors: 1 },
            // The minute before noon − 3 ends at noon − 3, inclusive; noon − 4 itself is one further.
            { ago: 4, events: 3, visitors: 2 },
          ],
        },
        'five minutes',
      )
      expectEqual((await ask(store, { project_id: OTHER_PROJECT })).visitors, 0, 'another project')
      expectEqual((await ask(store, { kept_from: TEST_NOON, from: TEST_NOON })).events, 1, 'kept')
    },
  },
  {
    name: 'live: each visitor is in one place, came from one source and is of one country',
    async run(store) {
      await store.insert(
        batch(
          ...visits(
            [-9, { anonymous_id: 'a', ...GOOGLE, path: '/' }],
            [-8, { anonymous_id: 'a', ...OWN, path: '/b', country: 'FR' }],
            [-7, { anonymous_id: 'a', ...OWN, path: '', url: '' }],
            [-6, { anonymous_id: 'b', ...OWN, path: '/c', country: '' }],
            [-5, { anonymous_id: 'b', path: '/b', country: '' }],
            [-4, { anonymous_id: 'c', ...GOOGLE, path: '', medium: 'organic' }],
            [-4, { anonymous_id: 'c', ...GOOGLE, path: '/a', seq: 1, country: 'FR' }],
            [-3, { anonymous_id: 'd', path: '', url: '', country: '' }],
          ),
        ),
      )
      const found = await ask(store)
      expectEqual([found.visitors, found.events], [4, 8], 'all')
      expectEqual(
        found.pages,
        [
          { path: '/b', visitors: 2 },
          { path: '/a', visitors: 1 },
        ],
        'pages',
      )
      expectEqual(
        found.sources,
        [
          { source: 'direct', medium: 'direct', visitors: 2 },
          { source: 'google', medium: 'paid', visitors: 2 },
        ],
        'sources',
      )
      expectEqual(
        found.countries,
        [
          { country: 'DE', visitors: 1 },
          { country: 'FR', visitors: 1 },
        ],
        'countries',
      )
    },
  },
  {
    name: 'live: lists are cut, ordered by visitors and name; filters and sight hold',
    async run(store) {
      const names = ['é', '\u{1F642}', 'a', '\uFF21', 'z', 'a']
      await store.insert(
        batch(
          ...visits(
            ...names.map(
              (name, n) =>
                [-n, { anonymous_id: `${n}`, path: `/${name}`, source: name, medium: 'email' }] as const,
            ),
          ),
        ),
      )
      const found = await ask(store, { top: 4 })
      expectEqual(
        found.pages.map(({ path, visitors }) => [path, visitors]),
        [
          ['/a', 2],
          ['/z', 1],
          ['/é', 1],
          ['/\uFF21', 1],
        ],
        'pages',
      )
      expectEqual(
        found.sources.map(({ source }) => source),
        ['a', 'z', 'é', '\uFF21'],
        'sources',
      )
      expectEqual([found.visitors, found.truncated], [6, true], 'visitors are not cut')
      expectEqual((await ask(store, { top: 5 })).truncated, false, 'all are there')
      const filters = [{ op: 'is', field: 'source', values: ['z'] }] as const
      const filtered = await ask(store, { filters })
      expectEqual([filtered.visitors, filtered.pages], [1, [{ path: '/z', visitors: 1 }]], 'filters')
      expectEqual((await ask(store, { visible: filters })).visitors, 1, 'sight')
    },
  },
]
