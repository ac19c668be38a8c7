import {
  type Analytics,
  AnalyticsError,
  type AnalyticsOptions,
  createAnalytics,
  type Diagnostic,
} from '@millimetric/core'
import { memoryEvents, memoryKeys } from '@millimetric/core/memory'
import { describe, expect, test, vi } from 'vitest'

const EVENT = { event: 'e', anonymous_id: 'a' }
const NOW = Date.UTC(2026, 4, 16, 12)

interface Bench {
  analytics: Analytics
  heard: Diagnostic[]
  key: string
  post(path: string, body: unknown): Promise<{ status: number; body: Record<string, unknown> }>
}

async function start(options: Partial<AnalyticsOptions> = {}): Promise<Bench> {
  const heard: Diagnostic[] = []
  const analytics = createAnalytics({
    events: memoryEvents(),
    keys: memoryKeys(),
    clock: () => NOW,
    delivery: { flushIntervalMs: 0, retryDelaysMs: [] },
    onDiagnostic: (diagnostic) => heard.push(diagnostic),
    ...options,
  })
  const { keys } = await analytics.projects.create({ slug: 'p', plan: 'none' })
  return {
    analytics,
    heard,
    key: keys.sk,
    async post(path, body) {
      const answer = await analytics.handler(
        new Request(`http://host.test${path}`, {
          method: 'POST',
          headers: { authorization: `Bearer ${keys.sk}` },
          body: JSON.stringify(body),
        }),
      )
      return { status: answer.status, body: await answer.json() }
    },
  }
}

const away = (): never => {
  throw new AnalyticsError('storage_unavailable', 'The event store is away.')
}
const trap = new Proxy([], {
  get: () => {
    throw new Error('trap')
  },
})

type Loss = [
  name: string,
  options: Partial<AnalyticsOptions>,
  lose: (bench: Bench) => Promise<{ ok: boolean }>,
  reports: Record<string, unknown>[],
]

const refused = (code: string, more = {}): Record<string, unknown> => ({
  kind: 'events_not_stored',
  level: 'error',
  code,
  count: 1,
  ...more,
})
const rejected = (code: string): Record<string, unknown> => ({
  kind: 'event_not_stored',
  level: 'warn',
  code,
})

const LOSSES: Loss[] = [
  [
    'a wrong event',
    {},
    async ({ analytics }) => await analytics.track({ event: '' }),
    [rejected('missing_event')],
  ],
  [
    'an unknown project',
    {},
    async ({ analytics }) => await analytics.track(EVENT, { project: 'none' }),
    [refused('unknown_project', { project_id: null })],
  ],
  [
    'an unknown project, a batch of three',
    {},
    async ({ analytics }) => await analytics.batch([EVENT, EVENT, EVENT], { project: 'none' }),
    [refused('unknown_project', { count: 3 })],
  ],
  [
    'an identify without a user',
    {},
    async ({ analytics }) => await analytics.identify({ anonymous_id: 'a' } as never),
    [rejected('illegal_id')],
  ],
  [
    'an identify of a wrong user',
    {},
    async ({ analytics }) => await analytics.identify({ anonymous_id: 'a', user_id: 'null' }),
    [rejected('illegal_id')],
  ],
  [
    'an identify that is none',
    {},
    async ({ analytics }) => await analytics.identify(null as never),
    [rejected('invalid_event')],
  ],
  [
    'an identify that throws when it is read',
    {},
    async ({ analytics }) => await analytics.identify(trap as never),
    [rejected('invalid_event')],
  ],
  ...[{ events: [EVENT] }, null, undefined, 'abc', 5, new Set([EVENT])].map(
    (input): Loss => [
      `a batch of ${input === undefined ? 'nothing' : JSON.stringify(input)}`,
      {},
      async ({ analytics }) => await analytics.batch(input as never),
      [refused('invalid_payload', { message: expect.stringMatching(/takes an array of events/) })],
    ],
  ),
  [
    'a batch that throws when it is read',
    {},
    async ({ analytics }) => await analytics.batch(trap),
    [{ kind: 'internal_error', level: 'error' }],
  ],
  [
    'a context that is none',
    {},
    async ({ analytics }) => await analytics.track(EVENT, null as never),
    [{ kind: 'internal_error', level: 'error' }],
  ],
  [
    'a quota that is used up',
    { plans: { none: { eventsPerMonth: 0 } } },
    async ({ analytics }) => await analytics.batch([EVENT, EVENT]),
    [refused('quota_exceeded', { level: 'warn', count: 2, project_id: expect.any(String) })],
  ],
  [
    'an event after close()',
    {},
    async ({ analytics }) => {
      await analytics.close()
      return await analytics.track(EVENT, { project: 'p' })
    },
    [refused('shutting_down', { project_id: expect.any(String) })],
  ],
  [
    'a full queue',
    { delivery: { flushIntervalMs: 0, maxWaiting: 1 } },
    async ({ analytics }) => {
      const [, second] = await Promise.all([analytics.track(EVENT), analytics.batch([EVENT, EVENT])])
      return second
    },
    [refused('overloaded', { count: 2 })],
  ],
  [
    'a store that is away: one report for all that shared the insert',
    { events: { ...memoryEvents(), insert: async () => away() } },
    async ({ analytics }) => {
      const [first] = await Promise.all([analytics.track(EVENT), analytics.batch([EVENT, EVENT])])
      return first
    },
    [{ kind: 'insert_failed', level: 'error', final: true }, refused('storage_unavailable', { count: 3 })],
  ],
  [
    'a store that can not say who was erased',
    { events: { ...memoryEvents(), tombstones: async () => away() } },
    async ({ analytics }) => await analytics.track(EVENT),
    [refused('storage_unavailable')],
  ],
  [
    'a key store that can not say which projects there are',
    { keys: { ...memoryKeys(), listProjects: async () => away() } },
    async ({ analytics }) => await analytics.track(EVENT),
    [refused('storage_unavailable', { project_id: null })],
  ],
  [
    'a hook that drops it',
    { beforeStore: () => null },
    async ({ analytics }) => await analytics.track(EVENT),
    [rejected('dropped_by_hook')],
  ],
]

describe('in process: what is not ok is heard of, once', () => {
  test.each(LOSSES)('%s', async (_name, options, lose, reports) => {
    const bench = await start(options)
    expect(await lose(bench)).toMatchObject({ ok: false })
    expect(bench.heard).toMatchObject(reports)
    expect(bench.heard).toHaveLength(reports.length)
  })
})

describe('over HTTP: what was read and is not stored is heard of too', () => {
  test('a rejected identify names its fields as track does', async () => {
    const { post, heard } = await start()
    const ids = { anonymous_id: 'a', user_id: 'u' }
    const cases: [unknown, string][] = [
      [{ ...ids, event_id: {} }, 'invalid_event_id'],
      [{ ...ids, event_id: 'x'.repeat(129) }, 'invalid_event_id'],
      [{ ...ids, timestamp: {} }, 'invalid_timestamp'],
      [{ ...ids, timestamp: 'soon' }, 'invalid_timestamp'],
      [{ ...ids, traits: 'x' }, 'invalid_properties'],
      [{ ...ids, user_id: {} }, 'illegal_id'],
      [{ anonymous_id: 'a' }, 'illegal_id'],
      [[], 'invalid_event'],
    ]
    for (const [body, reason] of cases) {
      const answer = await post('/v1/identify', body)
      expect([body, answer.status, answer.body]).toMatchObject([
        body,
        400,
        { error: 'invalid_payload', details: { reason } },
      ])
    }
    expect(heard).toMatchObject(cases.map(([, code]) => ({ kind: 'event_not_stored', code })))
  })

  test('quota and shutdown: an answer with a code and one report', async () => {
    const full = await start({ plans: { none: { eventsPerMonth: 0 } } })
    expect(await full.post('/v1/batch', { events: [EVENT, EVENT] })).toMatchObject({ status: 429 })
    expect(full.heard).toMatchObject([{ kind: 'events_not_stored', code: 'quota_exceeded', count: 2 }])
    const closed = await start()
    await closed.post('/v1/track', EVENT)
    await closed.analytics.close()
    expect(await closed.post('/v1/track', EVENT)).toMatchObject({ status: 503 })
    expect(closed.heard).toMatchObject([{ kind: 'events_not_stored', code: 'shutting_down', count: 1 }])
  })
})

test('without a listener a loss is one line on stderr, and no text in it can do anything to a terminal', async () => {
  const printed = vi.spyOn(console, 'error').mockImplementation(() => {})
  try {
    const analytics = createAnalytics({ events: memoryEvents(), keys: memoryKeys() })
    await analytics.track(EVENT, { project: 'a\n\u001b[2J\u007f\u009b31m\u2028b' })
    expect(printed.mock.calls).toEqual([
      [expect.stringMatching(/^millimetric: events_not_stored [\x20-\x7e]*$/)],
    ])
    expect(printed.mock.calls[0]?.[0]).toContain('code="unknown_project"')
  } finally {
    printed.mockRestore()
  }
})

test('a batch of no events is fine and says nothing', async () => {
  const { analytics, heard } = await start()
  expect(await analytics.batch([])).toEqual({ ok: true, count: 0, results: [] })
  expect(heard).toEqual([])
})
