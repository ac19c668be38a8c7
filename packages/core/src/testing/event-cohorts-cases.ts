import type { CohortsPlan } from '../ports/cohorts-plan.js'
import type { EventStore, StoredEvent } from '../ports/event-store.js'
import { batch, DAY, type EventStoreCase, HOUR, SCOPE } from './event-store-case.js'
import { expectEqual } from './expect.js'
import { OTHER_PROJECT, storedEvent, TEST_NOON } from './stored-event.js'

const MIDNIGHT = TEST_NOON - DAY / 2
const day = (count: number): number => MIDNIGHT + count * DAY

/** Three days of cohorts from the day of {@link TEST_NOON}, each followed for two more. */
function cohorts(fields: Partial<CohortsPlan> = {}): CohortsPlan {
  const { project_id, filters, include_bots } = SCOPE
  return {
    kind: 'cohorts',
    project_id,
    filters,
    include_bots,
    from: day(0),
    to: day(3),
    start: null,
    returning: null,
    cohort: 'first',
    periods: 2,
    starts: [0, 1, 2, 3, 4].map(day),
    until: day(5),
    ...fields,
  }
}

/** `size: returned …` of each cohort. */
async function table(store: EventStore, plan: CohortsPlan): Promise<string> {
  const result = await store.query<'cohorts'>(plan)
  expectEqual([result.truncated, result.estimated, result.answered_by], [false, false, 'raw'], 'facts')
  return result.cohorts.map(({ size, returned }) => `${size}: ${returned.join(' ')}`).join(' / ')
}

const SIGNUP = { event: 'signup', where: [] }
const VIEW = { event: '$pageview', where: [] }

let count = 0
/** Events of one visitor, in days from the first midnight. */
function person(
  anonymous_id: string,
  ...list: readonly (readonly [number, string?, Partial<StoredEvent>?])[]
) {
  return list.map(([at, event_name = '$pageview', fields = {}]) => {
    count += 1
    return storedEvent({
      event_id: `${anonymous_id}/${count}`,
      anonymous_id,
      timestamp: MIDNIGHT + Math.round(at * DAY),
      event_name,
      ...fields,
    })
  })
}

/** User retention. */
export const cohortsCases: readonly EventStoreCase[] = [
  {
    name: 'cohorts: people of their first period, and those who return in each period after; empty cohorts too',
    async run(store) {
      expectEqual(await table(store, cohorts()), '0: 0 0 0 / 0: 0 0 0 / 0: 0 0 0', 'nobody')
      await store.insert(
        batch(
          ...person('a', [0.1], [0.2], [1.1], [1.2], [2.9]),
          ...person('b', [0], [2]),
          ...person('c', [0.5]),
          ...person('d', [2.5], [4.99]),
        ),
      )
      expectEqual(await table(store, cohorts()), '3: 3 1 2 / 0: 0 0 0 / 1: 1 0 1', 'first')
      expectEqual(
        await table(store, cohorts({ cohort: 'any' })),
        '3: 3 1 2 / 1: 1 1 0 / 3: 3 0 1',
        'any: in every period with a start',
      )
    },
  },
  {
    name: 'cohorts: the first start ever counts, also before the range, as far as the project keeps it',
    async run(store) {
      await store.insert(batch(...person('old', [-3], [0.5], [1]), ...person('new', [0.5], [1])))
      expectEqual(await table(store, cohorts()), '1: 1 1 0 / 0: 0 0 0 / 0: 0 0 0', 'all kept')
      const kept_from = day(-2)
      expectEqual(
        (await table(store, cohorts({ kept_from }))).split(' / ')[0],
        '2: 2 2 0',
        'the oldest is not kept',
      )
      expectEqual(
        (await table(store, cohorts({ cohort: 'any' }))).split(' / ')[0],
        '2: 2 2 0',
        'any asks not for the first',
      )
    },
  },
  {
    name: 'cohorts: starts count inside the range only, returns up to the end of the last period',
    async run(store) {
      await store.insert(
        batch(
          ...person('early', [0.2], [1]),
          ...person('in', [0.4], [2.9]),
          ...person('edge', [1.5], [3]),
          ...person('at the end', [1.75], [2]),
        ),
      )
      // The range begins and ends within periods; both are listed, with the people of the part in the range.
      const plan = cohorts({
        from: day(0.25),
        to: day(1.75),
        starts: [0, 1, 2, 3].map(day),
        until: day(4),
      })
      expectEqual(await table(store, plan), '1: 1 0 1 / 1: 1 0 1', 'first')
      expectEqual(await table(store, { ...plan, cohort: 'any' }), '1: 1 0 1 / 2: 2 0 1', 'any')
      expectEqual(await table(store, { ...plan, until: day(2.9) }), '1: 1 0 0 / 1: 1 0 0', 'half-open end')
      expectEqual(await table(store, { ...plan, to: plan.from }), '0: 0 0 0 / 0: 0 0 0', 'empty range')
    },
  },
  {
    name: 'cohorts: of a start and a return event; in the own period the return counts from the start on',
    async run(store) {
      await store.insert(
        batch(
          ...person('before', [0.1], [0.2, 'signup'], [1]),
          ...person('same instant', [0.5], [0.5, 'signup']),
          ...person('after', [0.1, 'signup'], [0.2]),
          ...person('never', [0.3, 'signup'], [0.9, 'signup'], [1.5, 'signup']),
          ...person('no start', [0.1], [1]),
          ...person('later', [0.1], [1.1, 'signup'], [1.2, 'signup'], [1.15], [2.5]),
        ),
      )
      expectEqual(
        await table(store, cohorts({ start: SIGNUP, returning: VIEW })),
        '4: 2 1 0 / 1: 1 1 0 / 0: 0 0 0',
        'signup, then view',
      )
      expectEqual(
        await table(store, cohorts({ start: SIGNUP, returning: SIGNUP })),
        '4: 4 1 0 / 1: 1 0 0 / 0: 0 0 0',
        'the start itself is a return',
      )
      expectEqual(
        await table(store, cohorts({ start: SIGNUP, returning: VIEW, cohort: 'any' })),
        '4: 2 1 0 / 2: 1 1 0 / 0: 0 0 0',
        'any',
      )
      expectEqual(
        await table(store, cohorts({ start: SIGNUP })),
        '4: 4 2 0 / 1: 1 1 0 / 0: 0 0 0',
        'any return',
      )
      expectEqual(
        await table(store, cohorts({ returning: SIGNUP })),
        '6: 4 2 0 / 0: 0 0 0 / 0: 0 0 0',
        'any start',
      )
    },
  },
  {
    name: 'cohorts: filters bound starts and returns, conditions of a match its own; bots and other projects are out',
    async run(store) {
      const from = (source: string, more: Partial<StoredEvent> = {}): Partial<StoredEvent> => ({
        source,
        ...more,
      })
      const pro = { properties: '{"plan":"pro"}' }
      await store.insert(
        batch(
          ...person(
            'a',
            [0.1, 'signup', from('ads')],
            [0.2, 'signup', from('ads', pro)],
            [1, '$pageview', from('ads')],
          ),
          ...person('b', [0.1, 'signup', from('mail', pro)], [1, '$pageview', from('ads')]),
          ...person('c', [1.1, 'signup', from('ads', pro)], [2.5, '$pageview', from('mail')]),
          ...person('bot', [0.1, 'signup', { ...pro, is_bot: true }], [1, '$pageview', { is_bot: true }]),
          ...person('other', [0.1, 'signup', { ...pro, project_id: OTHER_PROJECT }]),
        ),
      )
      const start = {
        event: 'signup',
        where: [{ op: 'is', field: 'properties.plan', values: ['pro'] }],
      } as const
      const plan = cohorts({ start, returning: VIEW })
      expectEqual(await table(store, plan), '2: 0 2 0 / 1: 0 1 0 / 0: 0 0 0', 'match')
      const filters = [{ op: 'is', field: 'source', values: ['ads'] }] as const
      expectEqual(await table(store, { ...plan, filters }), '1: 0 1 0 / 1: 0 0 0 / 0: 0 0 0', 'filters')
      expectEqual(
        (await table(store, { ...plan, visible: filters })).split(' / ')[1],
        '1: 0 0 0',
        'what is visible',
      )
      expectEqual((await table(store, { ...plan, include_bots: true })).split(' / ')[0], '3: 0 3 0', 'bots')
      const elsewhere = { ...plan, project_id: OTHER_PROJECT }
      expectEqual((await table(store, elsewhere)).split(' / ')[0], '1: 0 0 0', 'other project')
    },
  },
  {
    name: 'cohorts: has_done looks at the range, whatever is read besides',
    async run(store) {
      await store.insert(
        batch(
          ...person('before', [-1, 'signup'], [0.5], [1]),
          ...person('inside', [0.5], [1, 'signup']),
          ...person('beyond', [0.5], [3.5, 'signup']),
        ),
      )
      const filters = [{ op: 'done', match: SIGNUP }] as const
      expectEqual(await table(store, cohorts({ filters })), '1: 1 1 0 / 0: 0 0 0 / 0: 0 0 0', 'filters')
      const start = { event: '$pageview', where: filters }
      expectEqual((await table(store, cohorts({ start }))).split(' / ')[0], '1: 1 1 0', 'of a match')
    },
  },
  {
    name: 'cohorts: people are persons; devices that are linked are one, a link holds for the past too',
    async run(store) {
      await store.insert(
        batch(
          ...person('phone', [0.1]),
          ...person('laptop', [1.1]),
          ...person('phone', [2.2, '$identify', { user_id: 'u' }]),
          ...person('laptop', [2.3, '$identify', { user_id: 'u' }]),
          ...person('', [2.5, 'signup', { user_id: 'u', session_id: '' }]),
          ...person('u', [0.1]),
        ),
      )
      expectEqual(await table(store, cohorts()), '2: 2 1 1 / 0: 0 0 0 / 0: 0 0 0', 'one person and visitor u')
    },
  },
  {
    name: 'cohorts: what is stored twice counts once, by its first row',
    async run(store) {
      const [event] = person('a', [0.5])
      const [later] = person('a', [1.5])
      if (event === undefined || later === undefined) throw new TypeError('no events')
      await store.insert(batch({ ...event, received_at: TEST_NOON + HOUR }))
      await store.insert(batch({ ...later, event_id: event.event_id, received_at: TEST_NOON }))
      expectEqual(await table(store, cohorts()), '0: 0 0 0 / 1: 1 0 0 / 0: 0 0 0', 'first row')
    },
  },
  {
    name: 'cohorts: periods may be of any length',
    async run(store) {
      // A day of 23 hours, and one of 25.
      const starts = [day(0), day(1) - HOUR, day(2), day(3)]
      await store.insert(
        batch(...person('a', [0], [23.5 / 24], [47.5 / 24]), ...person('b', [22.9 / 24], [2])),
      )
      const plan = cohorts({ starts, periods: 2, to: day(2), until: day(4) })
      expectEqual(await table(store, plan), '2: 2 1 1 / 0: 0 0 0', 'counts')
    },
  },
  {
    name: 'cohorts: however many periods there are, and however uneven',
    async run(store) {
      const hours = (...list: readonly number[]): [number][] => list.map((at) => [at / 24])
      await store.insert(
        batch(
          ...person('a', ...hours(0, 69.5, 139.5, 259.5, 299.5)),
          ...person('b', ...hours(200.1, 200.2, 299.1)),
        ),
      )
      for (const [length, expected] of [
        [70, '0 69'],
        [140, '0 69 139'],
        [260, '0 69 139 259'],
        [300, '0 69 139 259 299'],
      ] as const) {
        const starts = Array.from({ length }, (_, place) => day(place / 24))
        const plan = cohorts({ starts, periods: length - 1, to: day(1 / 24), until: day(length / 24) })
        const { cohorts: counts } = await store.query<'cohorts'>(plan)
        const came = counts[0]?.returned.flatMap((people, distance) => (people === 0 ? [] : [distance]))
        expectEqual([counts.length, came?.join(' ')], [1, expected], `${length} periods`)
      }
      const starts = [0, 1, 2, 200, 201, 299].map((hour) => day(hour / 24))
      const uneven = cohorts({ starts, periods: 2, to: day(201 / 24), until: day(300 / 24) })
      expectEqual(await table(store, uneven), '1: 1 0 1 / 0: 0 0 0 / 0: 0 0 0 / 1: 1 0 1', 'uneven')
      expectEqual(
        await table(store, { ...uneven, cohort: 'any' }),
        '1: 1 0 1 / 0: 0 0 0 / 1: 1 0 1 / 1: 1 0 1',
        'uneven, any',
      )
    },
  },
]
