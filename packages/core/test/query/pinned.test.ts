import { type Analytics, createAnalytics, type EventStore } from '@millimetric/core'
import { chdbEvents } from '@millimetric/core/chdb'
import { memoryEvents, memoryKeys } from '@millimetric/core/memory'
import type { EventFilters, TrackEvent } from '@millimetric/schema/wire'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sampled } from '../../../../scripts/test-run/measure.js'
import { QUERY_ROUTES } from '../../src/http/query-routes.js'
import { createRandom } from '../oracle/random.js'
import { CHDB_PATH, freshDatabase } from '../stores/chdb-path.js'

const NOW = Date.UTC(2026, 4, 16, 12)
const MINUTE = 60_000

interface Visit extends TrackEvent {
  path: string
  properties: { customer: string; price?: number; plan?: string }
}

/** Visitors whose every session mixes the customers, so that whatever is counted of one could count the other. */
function makeVisits(): Visit[] {
  const random = createRandom(7)
  const visits: Visit[] = []
  for (let visitor = 0; visitor < 14; visitor++) {
    for (let session = 0; session < 5; session++) {
      let at = NOW - random.int(1, 13 * 1440) * MINUTE
      const source = random.pick([
        '?utm_source=google&utm_medium=cpc',
        '?utm_source=mail&utm_medium=email',
        '',
      ])
      for (let step = random.int(1, 7); step > 0; step--) {
        const event = random.pick(['$pageview', '$pageview', 'signup', 'purchase', '$identify'])
        const path = random.pick(['/', '/docs/a', '/docs/b', '/pricing'])
        visits.push({
          event,
          event_id: `e${visits.length}`,
          anonymous_id: `v${visitor}`,
          timestamp: at,
          url: `https://shop.test${path}${source}`,
          path,
          ...(event === '$identify' ? { user_id: `u${visitor % 9}` } : {}),
          properties: {
            // Links are the project's: all of them lie within every pin, so that both projects have the same.
            customer: event === '$identify' || random.chance(0.5) ? 'acme' : 'globex',
            ...(event === 'purchase' ? { price: random.int(1, 40) / 4 } : {}),
            plan: random.pick(['pro', 'free']),
          },
        })
        at += random.int(0, 40) * MINUTE
      }
    }
  }
  return visits.filter(({ timestamp }) => Number(timestamp) < NOW)
}

const IDENTIFIES: EventFilters = { field: 'event_name', op: 'is', value: '$identify' }

/** Pins, and in plain words which events they let through. */
const PINS: [name: string, pin: EventFilters, lets: (visit: Visit) => boolean][] = [
  [
    'a customer',
    { field: 'properties.customer', op: 'is', value: 'acme' },
    ({ properties }) => properties.customer === 'acme',
  ],
  [
    'a place',
    { or: [IDENTIFIES, { field: 'path', op: 'starts_with', value: '/docs' }] },
    ({ path }) => path.startsWith('/docs'),
  ],
  [
    'no plan, and a number',
    [
      {
        or: [
          IDENTIFIES,
          { not: { field: 'properties.plan', op: 'is', value: 'PRO', case_sensitive: false } },
        ],
      },
      { not: { field: 'properties.price', op: 'gte', value: 5 } },
    ],
    ({ properties }) => properties.plan !== 'pro' && !((properties.price ?? 0) >= 5),
  ],
  [
    'no signups',
    [{ field: 'event_name', op: 'is_not', value: ['signup', 'other'] }],
    ({ event }) => event !== 'signup',
  ],
]

const METRICS = [
  ...['count', 'uniques', 'people', 'pageviews', 'sessions', 'bounce_rate', 'session_duration'],
  ...['views_per_session', 'conversion_rate', 'sum(properties.price)', 'p95(properties.price)'],
]
const DID_SIGN_UP: EventFilters = { has_done: { event: 'signup' } }

/** Questions by path. Whoever adds a report adds some of its own here. */
const QUESTIONS: Readonly<Record<string, readonly object[]>> = {
  '/v1/stats': [
    { metrics: METRICS, goal: { event: 'signup' } },
    { metrics: METRICS, goal: { event: 'purchase', filters: DID_SIGN_UP }, group_by: ['source'] },
    {
      metrics: METRICS,
      goal: { event: 'signup' },
      interval: 'day',
      compare: 'previous_period',
      totals: true,
    },
    { metrics: METRICS, goal: { event: 'signup' }, group_by: ['entry_path'], limit: 1, other: true },
    {
      metrics: ['people', 'conversion_rate', 'sum(properties.price)'],
      goal: { event: 'purchase', filters: { has_not_done: { event: 'signup' } } },
      group_by: ['properties.customer', 'path'],
      limit: 2,
      other: true,
      totals: true,
      compare: 'previous_year',
    },
    { metrics: ['people', 'sessions'], filters: DID_SIGN_UP },
    { metrics: ['people', 'sessions'], filters: { has_not_done: { event: 'purchase' } }, raw: true },
    { metrics: ['count', 'sessions'], filters: { field: 'entry_path', op: 'is', value: '/docs/a' } },
    { metrics: ['count'], filters: { field: 'exit_path', op: 'is', value: '/' }, group_by: ['entry_path'] },
    { metrics: ['sessions'], filters: { field: 'properties.customer', op: 'is', value: 'globex' } },
    { metrics: ['count', 'uniques', 'pageviews'], group_by: ['event_name'], interval: 'week' },
    { metrics: ['count', 'people'], group_by: ['user_id', 'properties.plan'], include_bots: true },
    { metric: 'people', interval: 'day', source: 'mail' },
  ],
  '/v1/query': [
    { limit: 1000 },
    { limit: 1000, filters: JSON.stringify(DID_SIGN_UP) },
    { limit: 3, event: 'purchase' },
  ],
  '/v1/sources': [
    {},
    { breakdown: 'source', filters: JSON.stringify({ has_not_done: { event: 'signup' } }) },
  ],
  '/v1/attribution': (['first', 'last', 'last_non_direct', 'linear'] as const).map((model) => ({
    conversion: { event: 'purchase', filters: { has_not_done: { event: 'signup' } } },
    model,
    value: 'properties.price',
    group_by: ['source', 'channel'],
  })),
  '/v1/funnel': [
    { scope: 'person', order: 'ordered', group_by: 'first_touch.source' },
    { scope: 'person', order: 'strict', group_by: 'properties.customer' },
    { scope: 'session', order: 'ordered', group_by: 'first_touch.channel' },
    { scope: 'session', order: 'strict', filters: { has_not_done: { event: 'purchase' } } },
  ].map((how) => ({ steps: [{ event: '$pageview' }, { event: 'signup', filters: DID_SIGN_UP }], ...how })),
  '/v1/cohorts': [
    { interval: 'day', periods: 5 },
    { range: '14d', interval: 'week', start: { event: '$pageview' }, return: { event: 'signup' } },
    { interval: 'day', cohort: 'any', return: { event: 'purchase', filters: DID_SIGN_UP } },
  ],
  '/v1/paths': [
    { include_events: true, steps: 6 },
    { direction: 'backward', start: { event: 'signup' }, include_events: true, limit: 2 },
    { from_page: '/docs/a', collapse: false, filters: { has_not_done: { event: 'purchase' } } },
  ],
  '/v1/live': [{ range: undefined, minutes: 30 }],
  '/v1/person': [{ user_id: 'u1' }, { user_id: 'u4', range: '30d', limit: 1000 }, { anonymous_id: 'v3' }],
  '/v1/schema': [{}, { limit: 1, properties_limit: 1 }, { filters: JSON.stringify(DID_SIGN_UP) }],
  '/v1/export': [{}, { filters: JSON.stringify({ field: 'entry_path', op: 'is', value: '/docs/a' }) }],
}

/** Exported events without their places in a batch. */
function rowsOf(lines: string): unknown[] {
  return lines
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => ({ ...JSON.parse(line), seq: 0 }))
}

const ASKED = QUERY_ROUTES.flatMap(({ method, path }) =>
  (QUESTIONS[path] ?? []).flatMap((question) => {
    const nested = Object.values(question).some((value) => typeof value === 'object')
    const asked = Object.entries({ range: '7d', ...question }).filter(([, value]) => value !== undefined)
    return nested && method === 'GET' ? [] : [{ method, path, question: Object.fromEntries(asked) }]
  }),
)

test('every path that answers questions is asked', () => {
  const paths = new Set(QUERY_ROUTES.map(({ path }) => path))
  expect(Object.keys(QUESTIONS).sort()).toEqual([...paths].sort())
  expect(new Set(ASKED.map(({ method, path }) => `${method} ${path}`)).size).toBe(QUERY_ROUTES.length)
})

const visits = makeVisits()

const STORES: readonly [string, () => EventStore][] = [
  ['memory', memoryEvents],
  ['chDB', () => chdbEvents({ path: CHDB_PATH, database: freshDatabase() })],
]

describe.each(sampled(STORES, 2))('%s', (_name, open) => {
  let analytics: Analytics
  /** What somebody who sees everything is answered. */
  const wide: unknown[] = []

  beforeAll(async () => {
    analytics = createAnalytics({ events: open(), keys: memoryKeys(), clock: () => NOW })
    const { rk } = await bring('whole', visits)
    for (const asked of ASKED) wide.push(await ask(rk, asked))
  }, 120_000)
  afterAll(async () => await analytics.close())

  async function bring(slug: string, events: readonly Visit[]): Promise<{ rk: string }> {
    const { keys } = await analytics.projects.create({ slug, timezone: 'Europe/Berlin' })
    expect((await analytics.batch(events, { project: slug })).ok).toBe(true)
    return keys
  }

  async function ask(key: string, { method, path, question }: (typeof ASKED)[number]): Promise<unknown> {
    const query = new URLSearchParams(Object.entries(question).map(([name, value]) => [name, String(value)]))
    const answer = await analytics.handler(
      new Request(`http://host.test${path}${method === 'GET' ? `?${query}` : ''}`, {
        method,
        headers: { authorization: `Bearer ${key}` },
        ...(method === 'GET' ? {} : { body: JSON.stringify(question) }),
      }),
    )
    const body = path === '/v1/export' ? { rows: rowsOf(await answer.text()) } : await answer.json()
    expect([path, question, answer.status, body.error]).toEqual([path, question, 200, undefined])
    return {
      ...body,
      // How it was counted may differ, and cursors hold the place in a batch.
      ...('next_cursor' in body ? { next_cursor: body.next_cursor !== null } : {}),
      meta: { ...body.meta, answered_by: '' },
    }
  }

  describe.each(PINS)('a token that pins %s', { timeout: 120_000 }, (name, filters, lets) => {
    test('gets every answer as if the project had nothing else', async () => {
      const slug = name.replaceAll(/\W+/g, '-')
      const own = visits.filter((visit) => visit.event === '$identify' || lets(visit))
      const alone = await bring(slug, own)
      const { token } = await analytics.tokens.create({ project: 'whole', filters })
      let different = 0
      for (const [at, asked] of ASKED.entries()) {
        const answer = await ask(token, asked)
        expect([asked, answer]).toEqual([asked, await ask(alone.rk, asked)])
        if (JSON.stringify(answer) !== JSON.stringify(wide[at])) different++
      }
      // The pin takes something away, or this shows nothing.
      expect(different).toBeGreaterThan(ASKED.length / 2)
    })
  })

  test('a page after another shows what is visible and nothing else', async () => {
    const { token } = await analytics.tokens.create({
      project: 'whole',
      filters: { field: 'properties.customer', op: 'is', value: 'acme' },
    })
    const seen: string[] = []
    for (let cursor: string | null = ''; cursor !== null; ) {
      const after: string = cursor === '' ? '' : `&cursor=${cursor}`
      const answer = await analytics.handler(
        new Request(`http://host.test/v1/query?range=30d&limit=7${after}`, {
          headers: { authorization: `Bearer ${token}` },
        }),
      )
      const body = await answer.json()
      seen.push(...body.rows.map((row: { event_id: string }) => row.event_id))
      cursor = body.next_cursor
    }
    const own = visits.filter(({ properties }) => properties.customer === 'acme')
    expect(seen.toSorted()).toEqual(own.map(({ event_id }) => event_id).toSorted())
  })
})
