import type { StoredEvent } from '../ports/event-store.js'
import type { FunnelPlan } from '../ports/funnel-plan.js'
import { counts, funnel, groups, is, minutes, walk } from './event-funnel-case.js'
import { batch, DAY, type EventStoreCase, HOUR, MINUTE } from './event-store-case.js'
import { expectEqual } from './expect.js'
import { storedEvent, TEST_NOON } from './stored-event.js'

/** How chains of steps are found among the events of one person. */
export const funnelCases: readonly EventStoreCase[] = [
  {
    name: 'funnel: nobody at all',
    async run(store) {
      const { steps, groups: none, truncated } = await store.query<'funnel'>(funnel('ab'))
      const nobody = { count: 0, median_ms: null, p90_ms: null }
      expectEqual([steps, none, truncated], [[nobody, nobody], [], false], 'zeros')
      const grouped = funnel('ab', { group_by: { of: 'first_touch', field: 'source' } })
      expectEqual(await groups(store, grouped), [], 'no group')
    },
  },
  {
    name: 'funnel: people count at every step up to the deepest they reached, in whatever order rows came',
    async run(store) {
      const who = (anonymous_id: string, names: string): StoredEvent[] =>
        walk(...[...names].map((name, n) => [name, n, { anonymous_id }] as const)).map((event) => ({
          ...event,
          event_id: `${anonymous_id}${event.event_id}`,
        }))
      const all = [...who('v1', 'abc'), ...who('v2', 'axxbx'), ...who('v3', 'ba'), ...who('v4', 'bc')]
      await store.insert(batch(...[...all, ...who('v5', 'acb')].reverse()))
      expectEqual(await counts(store, funnel('abc')), [4, 3, 1], 'ordered')
      expectEqual(await counts(store, funnel('abc', { order: 'strict' })), [4, 1, 1], 'strict')
      expectEqual(await counts(store, funnel('bc')), [5, 2], 'other steps')
    },
  },
  {
    name: 'funnel: an event is one step at most, so the same step twice needs two events',
    async run(store) {
      await store.insert(batch(...walk(['a', 0], ['b', 1], ['a', 2])))
      expectEqual(await counts(store, funnel('aaa')), [1, 1, 0], 'twice')
      expectEqual(await counts(store, funnel('aba')), [1, 1, 1], 'again')
      expectEqual(await counts(store, funnel('abb')), [1, 1, 0], 'not the same b')
      expectEqual(await counts(store, funnel('aa', { order: 'strict' })), [1, 0], 'not next to each other')
    },
  },
  {
    name: 'funnel: the window is from the first step to the last, both ends in',
    async run(store) {
      await store.insert(batch(...walk(['a', 0], ['b', 40], ['c', 60])))
      expectEqual(await counts(store, funnel('abc')), [1, 1, 1], 'an hour to the millisecond')
      expectEqual(
        await counts(store, funnel('abc', { window_ms: HOUR - 1 })),
        [1, 1, 0],
        'a millisecond less',
      )
      expectEqual(
        await counts(store, funnel('abc', { window_ms: HOUR - 1, order: 'strict' })),
        [1, 1, 0],
        'strict',
      )
      expectEqual(await counts(store, funnel('abc', { window_ms: MINUTE })), [1, 0, 0], 'a minute')
    },
  },
  {
    name: 'funnel: the first step lies in the range, later steps may lie beyond it',
    async run(store) {
      await store.insert(batch(...walk(['a', -1], ['b', 1], ['a', 58], ['b', 70], ['c', 118])))
      const at = (from: number, to: number, fields: Partial<FunnelPlan> = {}): FunnelPlan =>
        funnel('abc', { from: TEST_NOON + from * MINUTE, to: TEST_NOON + to * MINUTE, ...fields })
      expectEqual(await counts(store, at(0, 60)), [1, 1, 1], 'from noon to one')
      expectEqual(await counts(store, at(0, 58)), [0, 0, 0], 'half-open at the end')
      expectEqual(await counts(store, at(58, 59)), [1, 1, 1], 'in at the start')
      expectEqual(await counts(store, at(-1, 0)), [1, 1, 0], 'before noon')
      expectEqual(await counts(store, at(59, 200)), [0, 0, 0], 'steps without the first')
      expectEqual(await counts(store, at(0, 60, { order: 'strict' })), [1, 1, 1], 'strict')
      expectEqual(await counts(store, at(50, 59, { scope: 'session' })), [1, 1, 0], 'in a session of its own')
    },
  },
  {
    name: 'funnel: no chain goes on in the next session, also where only length ends one',
    async run(store) {
      const day = Array.from({ length: 52 }, (_, place) => ['x', 29 * place] as const)
      await store.insert(batch(...walk(['a', 1], ...day, ['b', 29 * 51 + 1])))
      const days = funnel('ab', { window_ms: 2 * DAY, to: TEST_NOON + 2 * DAY })
      expectEqual(await counts(store, days), [1, 1], 'of the person')
      expectEqual(await counts(store, { ...days, scope: 'session' }), [1, 0], 'split after a day')
      expectEqual(
        await counts(store, { ...days, steps: [is('x'), is('b')], scope: 'session' }),
        [2, 1],
        'the second part of it is one too',
      )
    },
  },
  {
    name: 'funnel: what filters leave out breaks no strict chain',
    async run(store) {
      const phone = { device_type: 'mobile' }
      await store.insert(batch(...walk(['a', 0, phone], ['x', 1], ['b', 2, phone])))
      const filters = [{ op: 'is', field: 'device_type', values: ['mobile'] }] as const
      for (const scope of ['person', 'session'] as const) {
        const strict = funnel('ab', { order: 'strict', scope })
        expectEqual(await counts(store, strict), [1, 0], `${scope}: something between`)
        expectEqual(await counts(store, { ...strict, filters }), [1, 1], `${scope}: left out`)
      }
    },
  },
  {
    name: 'funnel: a person counts by the best of all starts, also when a later start spoils an earlier chain',
    async run(store) {
      // From the first a, b comes in time; from the second, c too.
      await store.insert(batch(...walk(['a', 0], ['b', 10], ['a', 30], ['b', 50], ['c', 85])))
      const plan = funnel('abc')
      expectEqual(await counts(store, plan), [1, 1, 1], 'depth')
      expectEqual(await minutes(store, plan), [null, 20, 35], 'of the chain that got there')
      // Here only the early start can get to c.
      const early = { anonymous_id: 'early' }
      const list = walk(['a', 0, early], ['b', 1, early], ['a', 2, early], ['c', 50, early], ['b', 55, early])
      await store.insert(batch(...list.map((event) => ({ ...event, event_id: `early-${event.event_id}` }))))
      expectEqual(await counts(store, plan), [2, 2, 2], 'both')
      expectEqual(await minutes(store, plan), [null, 10.5, 42], 'a to b: 20 and 1, b to c: 35 and 49')
    },
  },
  {
    name: 'funnel: times are of the chain that is there first, from the latest start, by the earliest steps',
    async run(store) {
      await store.insert(
        batch(...walk(['a', 0], ['a', 10], ['b', 13], ['b', 20], ['c', 25], ['a', 30], ['b', 31], ['c', 32])),
      )
      expectEqual(await minutes(store, funnel('abc')), [null, 3, 12], 'not the fastest one afterwards')
    },
  },
  {
    name: 'funnel: median and p90 lie between the two nearest values',
    async run(store) {
      const list = [1, 2, 4, 10].flatMap((after, n) => {
        const own = { anonymous_id: `v${n}` }
        return walk(['a', 0, own], ['b', after, own]).map((event) => ({
          ...event,
          event_id: `${n}${event.event_id}`,
        }))
      })
      await store.insert(batch(...list))
      const { steps } = await store.query<'funnel'>(funnel('abc'))
      // Place 0.9 × 3 = 2.7: 4 + 0.7 × 6.
      const p90 = Math.round(steps[1]?.p90_ms ?? 0)
      expectEqual([steps[1]?.median_ms, p90], [3 * MINUTE, Math.round(8.2 * MINUTE)], 'PERCENTILE.INC')
      const nulls = [steps[0], steps[2]].flatMap((step) => [step?.median_ms, step?.p90_ms])
      expectEqual(nulls, [null, null, null, null], 'nothing before the first, nobody at the last')
    },
  },
  {
    name: 'funnel: events of one instant connect in the order of receipt, then sending, then id',
    async run(store) {
      const at = (event_name: string, anonymous_id: string, fields: Partial<StoredEvent>): StoredEvent =>
        storedEvent({ event_id: `${anonymous_id}-${event_name}`, event_name, anonymous_id, ...fields })
      await store.insert(
        batch(
          at('b', 'sent', { seq: 0 }),
          at('a', 'sent', { seq: 1 }),
          at('b', 'received', { received_at: TEST_NOON, seq: 5 }),
          at('a', 'received', { received_at: TEST_NOON + 1, seq: 0 }),
        ),
      )
      const plans = (names: string): FunnelPlan[] => [
        funnel(names),
        funnel(names, { order: 'strict' }),
        funnel(names, { scope: 'session' }),
      ]
      for (const plan of plans('ba')) expectEqual(await counts(store, plan), [2, 2], 'as sent')
      for (const plan of plans('ab')) expectEqual(await counts(store, plan), [2, 0], 'not the other way')
      // Not even seq tells them apart; code points are not the order of JavaScript.
      const id = { anonymous_id: 'id' }
      await store.insert(
        batch(
          storedEvent({ event_id: '\u{1F642}', event_name: 'a', ...id }),
          storedEvent({ event_id: '\uFF21', event_name: 'b', ...id }),
        ),
      )
      for (const plan of plans('ba')) expectEqual(await counts(store, plan), [3, 3], 'by id')
      for (const plan of plans('ab')) expectEqual(await counts(store, plan), [3, 0], 'by id, the other way')
    },
  },
  {
    name: 'funnel: one instant: two starts are two, the later one counts',
    async run(store) {
      const at = (event_name: string, seq: number, after = 0): StoredEvent =>
        storedEvent({
          event_id: `${event_name}${seq}`,
          event_name,
          seq,
          timestamp: TEST_NOON + after * MINUTE,
          received_at: TEST_NOON,
        })
      await store.insert(batch(at('a', 0), at('b', 1), at('a', 2), at('b', 3, 5), at('c', 4, 9)))
      expectEqual(await minutes(store, funnel('abc')), [null, 5, 4], 'from the second a')
    },
  },
]
