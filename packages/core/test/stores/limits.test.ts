import { type Analytics, createAnalytics, isAnalyticsError } from '@millimetric/core'
import { chdbEvents } from '@millimetric/core/chdb'
import {
  type ClickhouseClient,
  type ClickhouseEventStore,
  clickhouseEvents,
  type QueryLimits,
} from '@millimetric/core/clickhouse'
import { memoryKeys } from '@millimetric/core/memory'
import { storedEvent } from '@millimetric/core/testing'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { type ClickhouseServer, spawnClickhouseServer } from '../../../../scripts/clickhouse-server.js'
import { QUERY_ROUTES } from '../../src/http/query-routes.js'
import { CHDB_PATH, freshDatabase } from './chdb-path.js'

const NOW = Date.UTC(2026, 4, 16, 12)
const RANGE = { range: '7d' }

/** Every report, so that none reads past the limits. Whoever adds one adds it here. */
const REPORTS: Readonly<Record<string, (analytics: Analytics) => Promise<unknown>>> = {
  query: async (analytics) => await analytics.query(RANGE),
  stats: async (analytics) => await analytics.stats({ ...RANGE, metrics: ['count', 'people', 'sessions'] }),
  sources: async (analytics) => await analytics.sources(RANGE),
  attribution: async (analytics) =>
    await analytics.attribution({ ...RANGE, conversion: { event: '$pageview' } }),
  live: async (analytics) => await analytics.live(),
  person: async (analytics) => await analytics.person({ anonymous_id: 'v1' }),
  funnel: async (analytics) =>
    await analytics.funnel({ ...RANGE, steps: [{ event: '$pageview' }, { event: 'signup' }] }),
  cohorts: async (analytics) => await analytics.cohorts({ ...RANGE }),
  paths: async (analytics) => await analytics.paths({ ...RANGE }),
  schema: async (analytics) => await analytics.schema(),
  export: async (analytics) => {
    for await (const _ of analytics.export()) break
  },
}

const LIMITS: readonly [string, Partial<QueryLimits>][] = [
  ['max_rows_to_read', { maxRowsToRead: 2 }],
  ['max_memory_usage', { maxMemoryUsage: 1000 }],
  ['max_execution_time', { maxExecutionTime: 0.000001 }],
]

/** Whatever else a report sends, it is bounded too. */
test('every statement of every report carries the limits', async () => {
  const sent: string[] = []
  const client: ClickhouseClient = {
    command: async () => {},
    async query({ query }) {
      sent.push(query)
      return { json: async () => [] }
    },
    close: async () => {},
  }
  const analytics = createAnalytics({
    events: clickhouseEvents({ client, migrate: false, limits: { maxRowsToRead: 77 } }),
    keys: memoryKeys(),
    clock: () => NOW,
  })
  await analytics.projects.create({ slug: 'p' })
  for (const [report, ask] of Object.entries(REPORTS)) {
    sent.length = 0
    await ask(analytics).catch(() => {})
    expect([report, sent.length > 1]).toEqual([report, true])
    for (const query of sent) {
      expect(query).toMatch(
        /\nSETTINGS max_execution_time=(30|29\.\d+), max_rows_to_read=77, max_memory_usage=4000000000, max_result_rows=100000, max_result_bytes=134217728, /,
      )
      // The ids of a large import take seconds to be held against the primary index.
      expect(query).toContain(', use_index_for_in_with_subqueries_max_values=30000')
    }
  }
  expect(Object.keys(REPORTS).sort()).toEqual(
    [...new Set(QUERY_ROUTES.map(({ path }) => path.slice('/v1/'.length)))].sort(),
  )
})

/** Statements that take a second each, with the seconds that each was given. */
async function timesOf(ask: (analytics: Analytics) => Promise<unknown>, seconds: number): Promise<number[]> {
  let now = 0
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => now)
  const given: number[] = []
  const client: ClickhouseClient = {
    command: async () => {},
    async query({ query }) {
      given.push(Number(/SETTINGS max_execution_time=([\d.]+)/.exec(query)?.[1]))
      now += 1000
      // Groups, where it is asked for some; and books in which nothing has happened.
      const rows = '[{"group_0":"a","metric_0":1,"twins":0,"swept":[0,""],"fresh":[]},{"group_0":"b"}]'
      return { json: async <T>(): Promise<T[]> => JSON.parse(rows) }
    },
    close: async () => {},
  }
  const analytics = createAnalytics({
    events: clickhouseEvents({ client, migrate: false, limits: { maxExecutionTime: seconds } }),
    keys: memoryKeys(),
    clock: () => NOW,
  })
  await analytics.projects.create({ slug: 'p' })
  try {
    await ask(analytics)
    return given
  } finally {
    clock.mockRestore()
  }
}

test('the limit of time is the question’s: each statement has what those before it left', async () => {
  const compared = async (analytics: Analytics): Promise<unknown> =>
    await analytics.stats({
      ...RANGE,
      group_by: ['path'],
      limit: 1,
      interval: 'day',
      compare: 'previous_period',
      other: true,
      raw: true,
    })
  const given = await timesOf(compared, 60)
  expect(given.length).toBeGreaterThan(8)
  expect(given[0]).toBe(60)
  expect(Math.min(...given)).toBeLessThan(54)
  expect(given).toEqual(given.toSorted((a, b) => b - a))
  const person = await timesOf(
    async (analytics) => await analytics.person({ user_id: 'u' }).catch(() => {}),
    60,
  )
  expect(person[0]).toBe(60)
  expect(person.at(-1)).toBeLessThan(58)
  await expect(timesOf(compared, 3)).rejects.toMatchObject({
    code: 'query_too_expensive',
    details: { limit: 'max_execution_time' },
  })
})

let server: ClickhouseServer
beforeAll(async () => {
  server = await spawnClickhouseServer()
})
afterAll(async () => await server.close())

type Open = (database: string, limits?: Partial<QueryLimits>) => ClickhouseEventStore
const DOORS: readonly [string, Open][] = [
  ['in process', (database, limits = {}) => chdbEvents({ path: CHDB_PATH, database, limits })],
  ['over HTTP', (database, limits = {}) => clickhouseEvents({ url: server.url, database, limits })],
]

describe.each(DOORS)('limits %s', (_name, open) => {
  const database = freshDatabase()
  const keys = memoryKeys()
  let analytics: Analytics
  let key: string

  const over = (limits?: Partial<QueryLimits>): Analytics =>
    createAnalytics({ events: open(database, limits), keys, clock: () => NOW, onDiagnostic: () => {} })

  beforeAll(async () => {
    analytics = over()
    const made = await analytics.projects.create({ slug: 'p' })
    key = made.keys.rk
    const store = open(database)
    const events = Array.from({ length: 20_000 }, (_, n) =>
      storedEvent({
        project_id: made.project.id,
        event_id: `e${n}`,
        timestamp: NOW - n * 1000,
        anonymous_id: `v${n % 100}`,
        properties: `{"price":1,"n":${n % 200}}`,
      }),
    )
    await store.insert({ token: 'fill', events })
    await store.close()
  })
  afterAll(async () => await analytics.close())

  test.each(LIMITS)('%s stops every report, and is named', async (limit, limits) => {
    const bounded = over(limits)
    for (const [report, ask] of Object.entries(REPORTS)) {
      const error = await ask(bounded).catch((cause: unknown) => cause)
      expect([
        report,
        isAnalyticsError(error) && error.code,
        isAnalyticsError(error) && error.details,
      ]).toEqual([report, 'query_too_expensive', { limit }])
    }
    for (const path of ['/v1/stats?range=7d', '/v1/export']) {
      const answer = await bounded.handler(
        new Request(`http://a${path}`, { headers: { authorization: `Bearer ${key}` } }),
      )
      const body = await answer.json()
      expect([answer.status, body]).toMatchObject([422, { error: 'query_too_expensive', details: { limit } }])
      expect(body.message).toContain(limit)
    }
    await bounded.close()
  })

  test.each([
    ['max_result_rows', { maxResultRows: 50 }],
    ['max_result_bytes', { maxResultBytes: 500 }],
  ])('%s bounds what comes into this process, and is named', async (limit, limits) => {
    const bounded = over(limits)
    const asked = bounded.stats({ ...RANGE, group_by: ['properties.n'] })
    await expect(asked).rejects.toMatchObject({ code: 'query_too_expensive', details: { limit } })
    expect((await bounded.stats(RANGE)).rows[0]?.value).toBe(20_000)
    await bounded.close()
  })

  test('without them every report answers', async () => {
    for (const ask of Object.values(REPORTS)) await ask(analytics)
    expect((await analytics.stats(RANGE)).rows[0]?.value).toBe(20_000)
  })
})
