import type { Metric, StatsDimension } from '@millimetric/schema/wire'
import { batch, type EventStoreCase, HOUR, MINUTE, stats } from './event-store-case.js'
import { expectEqual } from './expect.js'
import { storedEvent, TEST_NOON } from './stored-event.js'

const priced = (event_id: string, price: unknown, source = 'google') =>
  storedEvent({ event_id, source, properties: JSON.stringify({ price }) })

/** Several metrics and dimensions at once, aggregates of properties, conversion, order and limits. */
export const statsCases: readonly EventStoreCase[] = [
  {
    name: 'aggregates are over the numbers under a key; a median lies between the two in the middle',
    async run(store) {
      const prices = [1, 2, 4, 8, '16', null, true]
      await store.insert(batch(...prices.map((price, n) => priced(`p${n}`, price))))
      const names = ['sum', 'avg', 'min', 'max', 'median', 'p95'] as const
      const metrics = names.map((name): Metric => `${name}(properties.price)`)
      const all = await store.query<'stats'>(stats({ metrics }))
      expectEqual(all.rows[0]?.values, [15, 3.75, 1, 8, 3, 7.399999999999999], 'values')
      const none = await store.query<'stats'>(
        stats({
          metrics: ['count', ...metrics.map((m): Metric => m)],
          filters: [{ op: 'is', field: 'source', values: ['nobody'] }],
        }),
      )
      expectEqual(none.rows[0]?.values, [0, 0, null, null, null, null, null], 'of no event')
      const other: Metric[] = ['count', 'sum(properties.weight)', 'max(properties.weight)']
      expectEqual(
        (await store.query<'stats'>(stats({ metrics: other }))).rows[0]?.values,
        [7, 0, null],
        'no number',
      )
    },
  },
  {
    name: 'metrics of events and of sessions stand side by side; each counts under its own dimensions',
    async run(store) {
      const at = (n: number): number => TEST_NOON + n * MINUTE
      await store.insert(
        batch(
          storedEvent({ event_id: '1', anonymous_id: 'a', source: 'google', path: '/', timestamp: at(0) }),
          storedEvent({ event_id: '2', anonymous_id: 'a', source: 'direct', path: '/x', timestamp: at(2) }),
          storedEvent({ event_id: '3', anonymous_id: 'b', source: 'direct', path: '/', timestamp: at(3) }),
          storedEvent({
            event_id: '4',
            anonymous_id: '',
            user_id: 'u',
            session_id: '',
            source: 'api',
            timestamp: at(4),
          }),
        ),
      )
      const metrics: Metric[] = [
        'people',
        'count',
        'sessions',
        'bounce_rate',
        'session_duration',
        'views_per_session',
      ]
      const { rows } = await store.query<'stats'>(stats({ metrics, group_by: ['source'] }))
      expectEqual(
        rows.map(({ group, values }) => [...group, ...values]),
        [
          ['direct', 2, 2, 1, 1, 0, 1],
          ['api', 1, 1, 0, null, null, null],
          ['google', 1, 1, 1, 0, 120, 2],
        ],
        'rows',
      )
      const order_by = [{ by: 'metric', index: 4, descending: false }] as const
      const byDuration = await store.query<'stats'>(
        stats({ metrics, group_by: ['source'], order_by, limit: 2 }),
      )
      expectEqual(
        byDuration.rows.map(({ group }) => group[0]),
        ['direct', 'google'],
        'null is last, also ascending',
      )
      expectEqual([byDuration.truncated, byDuration.groups], [true, [['direct'], ['google']]], 'groups')
      const series = await store.query<'stats'>(
        stats({ metrics: ['count', 'sessions'], group_by: ['source'], buckets: [at(0), at(2)] }),
      )
      expectEqual(
        series.rows.map(({ group, bucket, values }) => [...group, bucket, ...values]),
        [
          ['google', at(0), 1, 1],
          ['direct', at(2), 2, 1],
          ['api', at(2), 1, 0],
        ],
        'series',
      )
    },
  },
  {
    name: 'events are grouped and filtered by the pages of their session',
    async run(store) {
      const visit = (visitor: string, ...paths: string[]) =>
        paths.map((path, n) =>
          storedEvent({
            event_id: visitor + n,
            anonymous_id: visitor,
            path,
            timestamp: TEST_NOON + n * MINUTE,
          }),
        )
      await store.insert(
        batch(
          ...visit('a', '/in', '/x', '/out'),
          ...visit('b', '/in', '/out'),
          ...visit('c', '/out'),
          storedEvent({ event_id: 'none', anonymous_id: '', user_id: 'u', session_id: '' }),
        ),
      )
      const by = async (...group_by: StatsDimension[]): Promise<unknown[]> => {
        const { rows } = await store.query<'stats'>(stats({ metrics: ['uniques', 'count'], group_by }))
        return rows.map(({ group, values }) => [...group, ...values])
      }
      expectEqual(
        await by('entry_path'),
        [
          ['/in', 2, 5],
          ['', 1, 1],
          ['/out', 1, 1],
        ],
        'entry',
      )
      expectEqual(
        await by('exit_path', 'path'),
        [
          ['/out', '/out', 3, 3],
          ['/out', '/in', 2, 2],
          ['', '/', 1, 1],
          ['/out', '/x', 1, 1],
        ],
        'exit and path',
      )
      const filters = [{ op: 'is', field: 'entry_path', values: ['/out'] }] as const
      expectEqual((await store.query<'stats'>(stats({ filters }))).rows[0]?.values, [1], 'filter')
    },
  },
  {
    name: 'conversion: of the people in a group, the share that did the goal in the range, or in the bucket',
    async run(store) {
      const at = (hour: number): number => TEST_NOON + hour * HOUR
      const visit = (id: string, visitor: string, source: string, hour: number, event_name = '$pageview') =>
        storedEvent({ event_id: id, anonymous_id: visitor, source, timestamp: at(hour), event_name })
      await store.insert(
        batch(
          visit('1', 'a', 'google', 0),
          visit('2', 'a', 'direct', 2, 'signup'),
          visit('3', 'b', 'google', 0),
          visit('4', 'c', 'bing', 2),
          { ...visit('5', 'c', 'bing', 3, 'signup'), properties: '{"plan":"pro"}' },
        ),
      )
      const goal = { event: 'signup', where: [] }
      const plan = stats({ metrics: ['people', 'conversion_rate'], goal, group_by: ['source'] })
      const rows = async (fields: Partial<typeof plan>): Promise<unknown[]> =>
        (await store.query<'stats'>({ ...plan, ...fields })).rows.map(({ group, bucket, values }) => [
          ...group,
          ...(bucket === null ? [] : [(bucket - TEST_NOON) / HOUR]),
          ...values,
        ])
      expectEqual(
        await rows({}),
        [
          ['google', 2, 0.5],
          ['bing', 1, 1],
          ['direct', 1, 1],
        ],
        'the goal counts whatever group its own event is in',
      )
      expectEqual(
        await rows({ group_by: [], buckets: [at(0), at(2), at(3)] }),
        [
          [0, 2, 0],
          [2, 2, 0.5],
          [3, 1, 1],
        ],
        'in the bucket',
      )
      const filters = [{ op: 'is', field: 'source', values: ['google'] }] as const
      expectEqual(await rows({ group_by: [], filters }), [[2, 0.5]], 'filters bound the people, not the goal')
      const where = [{ op: 'is', field: 'properties.plan', values: ['pro'] }] as const
      expectEqual(
        await rows({ group_by: [], goal: { event: 'signup', where } }),
        [[3, 1 / 3]],
        'filters of the goal',
      )
      expectEqual(await rows({ group_by: [], to: at(-1) }), [[0, null]], 'nobody')
    },
  },
  {
    name: 'only these groups, or only the others; also of groups that are not asked for as columns',
    async run(store) {
      await store.insert(
        batch(
          ...['a', 'a', 'b', 'c'].map((source, n) =>
            storedEvent({ event_id: `e${n}`, source, anonymous_id: `v${n}` }),
          ),
        ),
      )
      const only = { by: ['source'] as const, groups: [['a'], ['c']] }
      for (const metrics of [['count'], ['sessions'], ['count', 'sessions']] as Metric[][]) {
        const ask = async (inside: boolean, group_by: StatsDimension[]): Promise<unknown[]> =>
          (await store.query<'stats'>(stats({ metrics, group_by, only: { ...only, inside } }))).rows.map(
            (row) => [...row.group, row.values[0]],
          )
        expectEqual(await ask(true, []), [[3]], 'inside')
        expectEqual(await ask(false, []), [[1]], 'outside')
        expectEqual(
          await ask(true, ['source']),
          [
            ['a', 2],
            ['c', 1],
          ],
          'grouped',
        )
      }
    },
  },
]
