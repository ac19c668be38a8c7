import type { StoredEvent } from '../ports/event-store.js'
import {
  askAttribution,
  BING,
  BUY,
  byModel,
  credits,
  GOOGLE,
  MODELS,
  NEWS,
  tell,
} from './event-attribution-case.js'
import { batch, DAY, type EventStoreCase, HOUR } from './event-store-case.js'
import { expectEqual } from './expect.js'
import { storedEvent, TEST_NOON } from './stored-event.js'

/** What conversions are credited to, and how credit adds up. */
export const attributionCases: readonly EventStoreCase[] = [
  {
    name: 'attribution: first, last, last non-direct and linear touch',
    async run(store) {
      await tell(
        store,
        [-9 * HOUR, GOOGLE],
        [-6 * HOUR, BING],
        [-3 * HOUR],
        [0, { ...BUY, properties: '{"price":12.5}' }],
      )
      const value = 'properties.price'
      const none = { group: ['direct'], credit: 1 / 3, people: 1, value: 12.5 / 3 }
      expectEqual(
        await byModel(store),
        [
          'google',
          'direct',
          'bing',
          [
            ['bing', 1 / 3],
            ['direct', 1 / 3],
            ['google', 1 / 3],
          ],
        ],
        'models',
      )
      expectEqual(
        await askAttribution(store, { value, model: 'linear' }),
        {
          truncated: false,
          estimated: false,
          answered_by: 'raw',
          rows: [{ ...none, group: ['bing'] }, none, { ...none, group: ['google'] }],
          totals: { credit: 1, people: 1, value: 12.5 },
        },
        'linear',
      )
      expectEqual(
        await askAttribution(store, { value, group_by: ['campaign', 'channel', 'medium'], model: 'first' }),
        {
          truncated: false,
          estimated: false,
          answered_by: 'raw',
          rows: [{ group: ['spring', 'paid_search', 'paid'], credit: 1, people: 1, value: 12.5 }],
          totals: { credit: 1, people: 1, value: 12.5 },
        },
        'first',
      )
    },
  },
  {
    name: 'attribution: without a touch the conversion is direct; nothing at all is no row',
    async run(store) {
      const empty = { credit: 0, people: 0, value: 0 }
      const all = { group_by: ['source', 'medium', 'campaign', 'channel', 'term', 'content'] } as const
      for (const model of MODELS)
        expectEqual((await askAttribution(store, { model })).totals, empty, `empty, ${model}`)
      await tell(
        store,
        [0, { ...BUY, ...GOOGLE }],
        [1, { ...BUY, anonymous_id: '', user_id: 'u', session_id: '' }],
      )
      for (const model of MODELS) {
        expectEqual(
          await credits(store, { ...all, model }),
          [['direct', 'direct', '', 'direct', '', '', 2, 2]],
          `without a url an event is no touch, ${model}`,
        )
      }
    },
  },
  {
    name: 'attribution: conversions add up, people do not; groups in order; totals are of all groups',
    async run(store) {
      const shop = (
        after: number,
        anonymous_id: string,
        fields: Partial<StoredEvent>,
      ): [number, Partial<StoredEvent>] => [after, { anonymous_id, ...fields }]
      const price = (number: number | string): Partial<StoredEvent> => ({
        ...BUY,
        properties: JSON.stringify({ price: number }),
      })
      await tell(
        store,
        shop(0, 'a', GOOGLE),
        shop(1, 'a', price(1.5)),
        shop(2, 'a', price(2)),
        shop(HOUR, 'a', BING),
        shop(HOUR + 1, 'a', price('7')),
        shop(0, 'b', BING),
        shop(1, 'b', price(-4)),
        shop(0, 'c', NEWS),
        shop(1, 'c', { event_name: 'look' }),
        shop(0, 'd', { ...GOOGLE, is_bot: true }),
        shop(1, 'd', { ...price(100), is_bot: true }),
      )
      const value = 'properties.price'
      const found = await askAttribution(store, { value })
      expectEqual(
        found.rows,
        [
          { group: ['bing'], credit: 2, people: 2, value: -4 },
          { group: ['google'], credit: 2, people: 1, value: 3.5 },
        ],
        'rows',
      )
      expectEqual(found.totals, { credit: 4, people: 2, value: -0.5 }, 'totals')
      const cut = await askAttribution(store, { value, limit: 1 })
      expectEqual(
        [cut.truncated, cut.rows, cut.totals],
        [true, found.rows.slice(0, 1), found.totals],
        'limit',
      )
      expectEqual(
        await credits(store, { model: 'linear' }),
        [
          ['google', 2.5, 1],
          ['bing', 1.5, 2],
        ],
        'parts of the third conversion of a',
      )
      expectEqual(
        (await askAttribution(store, { include_bots: true })).totals,
        { credit: 5, people: 3, value: 0 },
        'bots',
      )
      const where = [{ op: 'gt', field: value, value: 1.5 }] as const
      expectEqual(await credits(store, { conversion: { event: 'buy', where } }), [['google', 1, 1]], 'where')
      expectEqual(
        await credits(store, { to: TEST_NOON + 2 }),
        [
          ['bing', 1, 1],
          ['google', 1, 1],
        ],
        'conversions lie in the range',
      )
      const late = await credits(store, { from: TEST_NOON + HOUR + 1, to: TEST_NOON + DAY, model: 'first' })
      expectEqual(late, [['google', 1, 1]], 'touches lie before it')
    },
  },
  {
    name: 'attribution: what a reader may not see is no conversion and no touch',
    async run(store) {
      await tell(
        store,
        [0, { ...GOOGLE, hostname: 'a.test' }],
        [HOUR, { ...BING, hostname: 'b.test' }],
        [2 * HOUR, { ...BUY, hostname: 'a.test' }],
        [2 * HOUR, { ...BUY, hostname: 'b.test', anonymous_id: 'x' }],
      )
      const visible = [{ op: 'is', field: 'hostname', values: ['a.test'] }] as const
      for (const model of MODELS)
        expectEqual(await credits(store, { visible, model }), [['google', 1, 1]], model)
    },
  },
  {
    name: 'attribution: parts of a conversion sum to one, however many touches share it',
    async run(store) {
      const many = Array.from({ length: 31 }, (_, n) =>
        storedEvent({
          event_id: `t${n}`,
          timestamp: TEST_NOON + n,
          source: `s${String(n).padStart(2, '0')}`,
          medium: 'email',
        }),
      )
      const buys = Array.from({ length: 7 }, (_, n) =>
        storedEvent({ ...BUY, event_id: `b${n}`, timestamp: TEST_NOON + 40 + n }),
      )
      await store.insert(batch(...many, ...buys))
      const { rows: found, totals } = await askAttribution(store, { model: 'linear' })
      expectEqual(totals, { credit: 7, people: 1, value: 0 }, 'totals')
      expectEqual(found.length, 31, 'touches')
      expectEqual(
        found.map(({ credit }) => Math.abs(credit - 7 / 31) < 1e-7),
        found.map(() => true),
        'each as much as the others',
      )
      expectEqual(found[0]?.group, ['s30'], 'what does not divide goes to the last')
    },
  },
]
