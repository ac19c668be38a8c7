import {
  BING,
  BUY,
  byModel,
  credits,
  GOOGLE,
  MODELS,
  NEWS,
  OWN,
  type Told,
  tell,
} from './event-attribution-case.js'
import { batch, DAY, type EventStoreCase, HOUR, MINUTE } from './event-store-case.js'
import { visits } from './event-visits.js'
import { expectEqual } from './expect.js'
import { OTHER_PROJECT, TEST_NOON } from './stored-event.js'

/** What a touch is, and which touches belong to a conversion. */
export const touchCases: readonly EventStoreCase[] = [
  {
    name: 'attribution: the window takes in both its ends, and the conversion’s own event',
    async run(store) {
      await tell(store, [0, GOOGLE], [HOUR, BING], [3 * HOUR, { event_name: 'buy', ...NEWS }])
      const linear = async (lookback_ms: number): Promise<unknown> => await byModel(store, { lookback_ms })
      expectEqual(
        await linear(3 * HOUR),
        [
          'google',
          'news',
          'news',
          [
            ['bing', 1 / 3],
            ['google', 1 / 3],
            ['news', 1 / 3],
          ],
        ],
        'exactly at the look-back',
      )
      expectEqual(
        await linear(3 * HOUR - 1),
        [
          'bing',
          'news',
          'news',
          [
            ['bing', 0.5],
            ['news', 0.5],
          ],
        ],
        'a millisecond later',
      )
      expectEqual(await linear(1), ['news', 'news', 'news', [['news', 1]]], 'its own touch alone')
      const server = {
        conversion: { event: '$pageview', where: [] },
        filters: [{ op: 'is', field: 'source', values: ['bing'] }],
      } as const
      expectEqual(
        await byModel(store, server),
        [
          'google',
          'bing',
          'bing',
          [
            ['bing', 0.5],
            ['google', 0.5],
          ],
        ],
        'filters are about conversions; what comes after them is no touch',
      )
    },
  },
  {
    name: 'attribution: what opens the window is a touch only if it is one in the whole history',
    async run(store) {
      const later = 29 * MINUTE
      await tell(store, [0, GOOGLE], [later, GOOGLE], [later + 3 * HOUR, BUY])
      const at = TEST_NOON + later + 3 * HOUR
      for (const model of MODELS) {
        const plan = { model, from: at, to: at + 1 }
        expectEqual(
          await credits(store, { ...plan, lookback_ms: later + 3 * HOUR }),
          [['google', 1, 1]],
          `exactly at the look-back, ${model}`,
        )
        // The landing lies before the window; the same again, half an hour later at most, is no arrival.
        expectEqual(
          await credits(store, { ...plan, lookback_ms: 3 * HOUR }),
          [['direct', 1, 1]],
          `the same again, ${model}`,
        )
      }
    },
  },
  {
    name: 'attribution: touches of the conversion’s millisecond count when they come before it',
    async run(store) {
      await tell(
        store,
        [0, { ...BING, seq: 1 }],
        [0, { ...BUY, seq: 2 }],
        [0, { ...NEWS, seq: 3 }],
        [HOUR, { ...NEWS, anonymous_id: 'b', event_id: 'z' }],
        [HOUR, { ...BUY, anonymous_id: 'b', event_id: 'y' }],
      )
      for (const model of MODELS) {
        expectEqual(
          await credits(store, { model }),
          [
            ['bing', 1, 1],
            ['direct', 1, 1],
          ],
          model,
        )
      }
    },
  },
  {
    name: 'attribution: what is a touch: arriving from elsewhere, or from nowhere after half an hour',
    async run(store) {
      let count = 0
      const touches = async (...list: Told): Promise<unknown> => {
        count += 1
        const project_id = `00000000-0000-4000-8000-${String(count).padStart(12, '0')}`
        const told = visits(...list, [20 * HOUR, BUY]).map((event) => ({ ...event, project_id }))
        await store.insert(batch(...told))
        const found = await credits(store, { project_id, model: 'linear' })
        return found.map(([source, credit]) => [source, credit])
      }
      const half = 30 * MINUTE
      expectEqual(await touches([0, GOOGLE], [MINUTE, OWN], [2 * MINUTE, OWN]), [['google', 1]], 'own pages')
      expectEqual(
        await touches([0, GOOGLE], [half, GOOGLE], [2 * half, GOOGLE]),
        [['google', 1]],
        'the same again, and again',
      )
      expectEqual(
        await touches([0, GOOGLE], [1, BING], [half + 1, GOOGLE]),
        [
          ['google', 0.666_666_666_666_666_6],
          ['bing', 1 / 3],
        ],
        'the same again after another',
      )
      expectEqual(
        await touches([0, GOOGLE], [1, OWN], [half, GOOGLE], [2 * half + 1, BING]),
        [
          ['bing', 0.5],
          ['google', 0.5],
        ],
        'own pages between do not matter',
      )
      expectEqual(
        await touches([0, GOOGLE], [half, OWN], [half + 1, GOOGLE], [5 * HOUR, BING]),
        [
          ['google', 0.666_666_666_666_666_6],
          ['bing', 1 / 3],
        ],
        'the same more than half an hour later',
      )
      expectEqual(
        await touches([0, GOOGLE], [half, OWN], [2 * half + 1, OWN], [2 * half + 2, OWN]),
        [
          ['google', 0.5],
          ['internal', 0.5],
        ],
        'back on an own page after more than half an hour',
      )
      expectEqual(
        await touches([0], [half], [2 * half, BING]),
        [
          ['bing', 0.5],
          ['direct', 0.5],
        ],
        'direct, once',
      )
      for (const name of ['campaign', 'term', 'content', 'channel', 'medium'] as const) {
        expectEqual(
          await touches([0, { ...GOOGLE, [name]: 'a' }], [1, { ...GOOGLE, [name]: 'b' }], [HOUR * 2, BING]),
          [
            ['google', 0.666_666_666_666_666_6],
            ['bing', 1 / 3],
          ],
          `another ${name}`,
        )
      }
    },
  },
  {
    name: 'attribution: touches are of the person, on all devices, before the link was made too',
    async run(store) {
      const link = { event_name: '$identify', user_id: 'u', url: '', path: '' } as const
      await tell(
        store,
        [-5 * DAY, { ...GOOGLE, anonymous_id: 'phone' }],
        [-4 * DAY, { ...BING, anonymous_id: 'laptop' }],
        [-3 * DAY, { ...NEWS, anonymous_id: 'stranger' }],
        [0, { ...BUY, anonymous_id: '', user_id: 'u', session_id: '' }],
        [HOUR, { ...link, anonymous_id: 'phone' }],
        [50 * DAY, { ...link, anonymous_id: 'laptop' }],
      )
      expectEqual(
        await byModel(store),
        [
          'google',
          'bing',
          'bing',
          [
            ['bing', 0.5],
            ['google', 0.5],
          ],
        ],
        'both devices',
      )
      expectEqual(
        await byModel(store, { project_id: OTHER_PROJECT }),
        [undefined, undefined, undefined, []],
        'another project',
      )
      expectEqual(
        await byModel(store, { kept_from: TEST_NOON + 2 * HOUR }),
        ['direct', 'direct', 'direct', [['direct', 1]]],
        'older touches and links do not count, removed already or not',
      )
    },
  },
  {
    name: 'attribution: the documented timeline: facebook/paid brought user_42, with model first',
    async run(store) {
      const start = Date.UTC(2026, 4, 1)
      const at = (day: number, hour: number, minute: number): number =>
        start + (day - 1) * DAY + hour * HOUR + minute * MINUTE - TEST_NOON
      const paid = { anonymous_id: 'u_abc', source: 'facebook', medium: 'paid', channel: 'paid_social' }
      const own = { anonymous_id: 'u_abc', user_id: 'user_42' }
      await tell(
        store,
        [at(1, 14, 0), paid],
        [at(1, 14, 2), { ...paid, event_name: 'clicked_pricing' }],
        [at(5, 9, 30), { anonymous_id: 'u_abc' }],
        [at(7, 11, 14), { ...own, event_name: '$identify', url: '', path: '' }],
        [at(7, 11, 14), { ...own, event_name: 'signup' }],
        [at(9, 16, 22), { ...own, event_name: 'feature_used' }],
      )
      const plan = {
        conversion: { event: 'signup', where: [] },
        group_by: ['source', 'medium'] as const,
        from: start,
        to: start + 30 * DAY,
      }
      expectEqual(await credits(store, { ...plan, model: 'first' }), [['facebook', 'paid', 1, 1]], 'first')
      expectEqual(await credits(store, plan), [['facebook', 'paid', 1, 1]], 'last non-direct')
      expectEqual(await credits(store, { ...plan, model: 'last' }), [['direct', 'direct', 1, 1]], 'last')
      // Day 1, day 5 and the signup's own page on day 7.
      expectEqual(
        await credits(store, { ...plan, model: 'linear' }),
        [
          ['direct', 'direct', 0.666_666_666_666_666_6, 1],
          ['facebook', 'paid', 1 / 3, 1],
        ],
        'linear',
      )
    },
  },
]
