import type { StoredEvent } from '../ports/event-store.js'
import type { PathsPlan } from '../ports/paths-plan.js'
import { moves, paths, walk } from './event-paths-case.js'
import { batch, DAY, type EventStoreCase } from './event-store-case.js'
import { expectEqual } from './expect.js'
import { OTHER_PROJECT, storedEvent, TEST_NOON } from './stored-event.js'

/** Ways through sessions. */
export const pathsCases: readonly EventStoreCase[] = [
  {
    name: 'paths: forward from the first page of each session, to the last step and beyond',
    async run(store) {
      expectEqual(await moves(store, paths()), [], 'no session')
      await store.insert(
        batch(
          ...walk('a', '/', '/b', '/c'),
          ...walk('b', '/', '/b'),
          ...walk('c', '/c'),
          ...walk('d', '/', '/b', 31, '/c', '/b'),
          ...walk('e', 'click', 'signup'),
        ),
      )
      expectEqual(
        await moves(store, paths()),
        ['0 / > /b 3', '0 /c . 1', '0 /c > /b 1', '1 /b . 3', '1 /b > /c 1', '2 /c . 1'],
        'all',
      )
      expectEqual(
        await moves(store, paths({ steps: 1 })),
        ['0 / > /b 3', '0 /c . 1', '0 /c > /b 1', '1 /b . 3', '1 /b + 1'],
        'one move',
      )
    },
  },
  {
    name: 'paths: backward from the last page of each session, latest first',
    async run(store) {
      await store.insert(
        batch(...walk('a', '/', '/b', '/c'), ...walk('b', '/', '/c', 'click'), ...walk('c', '/b')),
      )
      expectEqual(
        await moves(store, paths({ direction: 'backward' })),
        ['0 /b . 1', '0 /c > / 1', '0 /c > /b 1', '1 / . 1', '1 /b > / 1', '2 / . 1'],
        'backward',
      )
    },
  },
  {
    name: 'paths: from a page, or to it: its first visit, or its last; sessions without it have no path',
    async run(store) {
      await store.insert(
        batch(...walk('a', '/x', '/a', '/b', '/a', '/c'), ...walk('b', '/x', '/b'), ...walk('c', '/a')),
      )
      const start = { event: '$pageview', where: [{ op: 'is', field: 'path', values: ['/a'] }] } as const
      expectEqual(
        await moves(store, paths({ start })),
        ['0 /a . 1', '0 /a > /b 1', '1 /b > /a 1', '2 /a > /c 1', '3 /c . 1'],
        'from',
      )
      expectEqual(
        await moves(store, paths({ start, direction: 'backward' })),
        ['0 /a . 1', '0 /a > /b 1', '1 /b > /a 1', '2 /a > /x 1', '3 /x . 1'],
        'to',
      )
    },
  },
  {
    name: 'paths: an event as the start is a node; others are nodes when asked for, $identify never',
    async run(store) {
      await store.insert(
        batch(
          ...walk(
            'a',
            '/',
            'click',
            'signup',
            { event_name: '$identify', user_id: 'u' },
            '/welcome',
            'signup',
            '/app',
          ),
          ...walk('b', '/', 'click'),
        ),
      )
      const start = { event: 'signup', where: [] }
      expectEqual(
        await moves(store, paths({ start })),
        ['0 signup > /welcome 1', '1 /welcome > /app 1', '2 /app . 1'],
        'its later ones are no nodes',
      )
      expectEqual(
        await moves(store, paths({ start, events: true })),
        ['0 signup > /welcome 1', '1 /welcome > signup 1', '2 signup > /app 1', '3 /app . 1'],
        'with events',
      )
      expectEqual(
        await moves(store, paths({ start, events: true, direction: 'backward' })),
        ['0 signup > /welcome 1', '1 /welcome > signup 1', '2 signup > click 1', '3 click > / 1', '4 / . 1'],
        'backward',
      )
      expectEqual(
        await moves(store, paths({ events: true, steps: 1 })),
        ['0 / > click 2', '1 click . 1', '1 click + 1'],
        'from the first page',
      )
      const identify = { event: '$identify', where: [] }
      expectEqual(
        (await moves(store, paths({ start: identify, events: true })))[0],
        '0 $identify > /welcome 1',
        '$identify',
      )
      const named = { event: 'signup', where: [{ op: 'is', field: 'user_id', values: ['u'] }] } as const
      expectEqual(await moves(store, paths({ start: named })), [], 'conditions of the start')
    },
  },
  {
    name: 'paths: equal neighbours are one unless asked otherwise, and also what stands between them is no node',
    async run(store) {
      await store.insert(batch(...walk('a', '/a', '/a', '/b', 'click', '/b', '/a')))
      expectEqual(await moves(store, paths()), ['0 /a > /b 1', '1 /b > /a 1', '2 /a . 1'], 'collapsed')
      expectEqual(
        await moves(store, paths({ collapse: false })),
        ['0 /a > /a 1', '1 /a > /b 1', '2 /b > /b 1', '3 /b > /a 1', '4 /a . 1'],
        'each',
      )
      expectEqual(
        await moves(store, paths({ events: true })),
        ['0 /a > /b 1', '1 /b > click 1', '2 click > /b 1', '3 /b > /a 1', '4 /a . 1'],
        'events between',
      )
    },
  },
  {
    name: 'paths: each step keeps its largest nodes, ties by name; the rest is one node at both ends',
    async run(store) {
      await store.insert(
        batch(
          ...walk('1', '/a', '/x'),
          ...walk('2', '/a', '/y'),
          ...walk('3', '/b', '/y'),
          ...walk('4', '/c', '/z'),
          ...walk('5', '/d', '/x', '/a'),
          ...walk('6', '/\u{1F642}'),
          ...walk('7', '/\uFF21'),
        ),
      )
      expectEqual(
        await moves(store, paths({ limit: 2 })),
        [
          '0 /a > /x 1',
          '0 /a > /y 1',
          '0 /b > /y 1',
          '0 * . 2',
          '0 * > /x 1',
          '0 * > * 1',
          '1 /x . 1',
          '1 /x > /a 1',
          '1 /y . 2',
          '1 * . 1',
          '2 /a . 1',
        ],
        'two',
      )
      expectEqual(
        (await moves(store, paths({ limit: 5 }))).slice(-8, -5),
        ['0 /d > /x 1', '0 /\uFF21 . 1', '0 * . 1'],
        'ties by code points',
      )
      const all = await store.query<'paths'>(paths({ limit: 6 }))
      expectEqual(all.truncated, false, 'exactly as many')
    },
  },
  {
    name: 'paths: beyond the limit when there are thousands of different ways',
    async run(store) {
      await store.insert(
        batch(...walk('few', '/', '/few'), ...walk('more 1', '/', '/x'), ...walk('more 2', '/', '/x')),
      )
      expectEqual(
        await moves(store, paths({ limit: 1 })),
        ['0 / > /x 2', '0 / > * 1', '1 /x . 2', '1 * . 1'],
        'of few ways',
      )
      const ways = Array.from({ length: 4_200 }, (_, way) => walk(`many ${way}`, '/', `/${way}`)).flat()
      await store.insert(
        batch(...ways, ...walk('twice', '/', '/7'), ...walk('\u{1F642}', '/\u{1F642}', '/7')),
      )
      expectEqual(
        await moves(store, paths({ limit: 3 })),
        [
          '0 / > /0 1',
          '0 / > /7 2',
          '0 / > /x 2',
          '0 / > * 4199',
          '0 /\u{1F642} > /7 1',
          '1 /0 . 1',
          '1 /7 . 3',
          '1 /x . 2',
          '1 * . 4199',
        ],
        'three of thousands',
      )
      expectEqual(
        await moves(store, paths({ limit: 1, steps: 1 })),
        ['0 / > /7 2', '0 / > * 4202', '0 * > /7 1', '1 /7 . 3', '1 * . 4202'],
        'one',
      )
    },
  },
  {
    name: 'paths: events of one instant are in the order of their arrival',
    async run(store) {
      const same = (path: string, received_at: number, seq: number): StoredEvent =>
        storedEvent({ event_id: `${path} same`, path, received_at: TEST_NOON + received_at, seq })
      await store.insert(batch(same('/4', 1, 0), same('/3', 0, 300), same('/2', 0, 2), same('/1', 0, 2)))
      expectEqual(
        await moves(store, paths()),
        ['0 /1 > /2 1', '1 /2 > /3 1', '2 /3 > /4 1', '3 /4 . 1'],
        'received_at, seq, event_id',
      )
    },
  },
  {
    name: 'paths: sessions begin in the range and are walked whole; a caller-set id is one session',
    async run(store) {
      const call = { session_id: 'call', path: '/call' }
      await store.insert(
        batch(
          ...walk('a', '/1', 20, '/2', 20, '/3'),
          ...walk('b', call, 200, { ...call, path: '/later' }),
          ...walk('', { session_id: '', user_id: 'u', path: '/none' }),
        ),
      )
      const whole = ['0 /1 > /2 1', '0 /call > /later 1', '1 /2 > /3 1', '1 /later . 1', '2 /3 . 1']
      const at = (from: number, to: number): PathsPlan =>
        paths({ from: TEST_NOON + from, to: TEST_NOON + to })
      expectEqual(await moves(store, at(0, 1)), whole, 'beyond the range')
      expectEqual(await moves(store, at(-1, 0)), [], 'half-open')
      expectEqual(await moves(store, at(1, DAY)), [], 'begun before')
    },
  },
  {
    name: 'paths: filters are of the session, bots are apart, projects too; what is not visible is no session',
    async run(store) {
      const from = (path: string, source: string, more: Partial<StoredEvent> = {}): Partial<StoredEvent> => ({
        path,
        source,
        ...more,
      })
      await store.insert(
        batch(
          ...walk('a', from('/a', 'ads'), from('/b', 'direct')),
          ...walk('b', from('/a', 'mail'), from('/c', 'ads'), 'signup'),
          ...walk('bot', from('/bot', 'ads', { is_bot: true })),
          ...walk('other', from('/other', 'ads', { project_id: OTHER_PROJECT })),
        ),
      )
      const filters = [{ op: 'is', field: 'source', values: ['ads'] }] as const
      expectEqual(
        await moves(store, paths({ filters })),
        ['0 /a > /b 1', '1 /b . 1'],
        'source of the session',
      )
      const signup = [{ op: 'is', field: 'event_name', values: ['signup'] }] as const
      expectEqual(
        await moves(store, paths({ filters: signup })),
        ['0 /a > /c 1', '1 /c . 1'],
        'one of its events',
      )
      const entry = [{ op: 'is', field: 'entry_path', values: ['/a'] }] as const
      expectEqual((await moves(store, paths({ filters: entry }))).length, 4, 'its first page')
      const exit = [{ op: 'is', field: 'exit_path', values: ['/b'] }] as const
      expectEqual(await moves(store, paths({ filters: exit })), ['0 /a > /b 1', '1 /b . 1'], 'its last page')
      const done = [{ op: 'done', match: { event: 'signup', where: [] } }] as const
      expectEqual(await moves(store, paths({ filters: done })), ['0 /a > /c 1', '1 /c . 1'], 'has_done')
      const last = { event: '$pageview', where: [{ op: 'is', field: 'exit_path', values: ['/c'] }] } as const
      expectEqual(
        await moves(store, paths({ start: last })),
        ['0 /a > /c 1', '1 /c . 1'],
        'pages of the session',
      )
      expectEqual(await moves(store, paths({ visible: filters })), ['0 /a . 1', '0 /c . 1'], 'visible')
      expectEqual((await moves(store, paths({ include_bots: true }))).at(2), '0 /bot . 1', 'bots')
      expectEqual(await moves(store, paths({ project_id: OTHER_PROJECT })), ['0 /other . 1'], 'other project')
    },
  },
]
