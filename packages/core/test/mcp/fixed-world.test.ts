import { chdbEvents } from '@millimetric/core/chdb'
import { memoryEvents } from '@millimetric/core/memory'
import type { TrackEvent } from '@millimetric/schema/wire'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CHDB_PATH, freshDatabase } from '../stores/chdb-path.js'
import { type McpBench, OWNER, openBench } from './bench.js'

const NOW = Date.UTC(2026, 4, 16, 12)
const AGENT = 'Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0'
const RANGE = { from: '2026-05-15', to: '2026-05-17' }

const at = (day: number, hour: number, minute = 0): string =>
  new Date(Date.UTC(2026, 4, day, hour, minute)).toISOString()
const view = (anonymous_id: string, timestamp: string, path: string, source?: string): TrackEvent => ({
  event: '$pageview',
  event_id: `${anonymous_id}-${timestamp}`,
  anonymous_id,
  timestamp,
  url: `https://shop.test${path}${source === undefined ? '' : `?utm_source=${source}&utm_medium=email`}`,
  user_agent: AGENT,
})

/** Eight events, three people, three sessions. */
const EVENTS: readonly TrackEvent[] = [
  view('ann', at(15, 9), '/', 'letter'),
  { ...view('ann', at(15, 9, 6), '/pricing'), properties: { plan: 'pro' } },
  {
    event: 'signup',
    event_id: 's1',
    anonymous_id: 'ann',
    timestamp: at(15, 9, 12),
    user_agent: AGENT,
    properties: { plan: 'pro', amount: 20 },
  },
  view('ben', at(15, 10), '/', 'letter'),
  view('ben', at(15, 10, 6), '/pricing'),
  view('cat', at(16, 8), '/'),
  {
    event: 'signup',
    event_id: 's2',
    anonymous_id: 'cat',
    timestamp: at(16, 8, 6),
    user_agent: AGENT,
    properties: { plan: 'free', amount: 0 },
  },
  view('cat', at(16, 8, 12), '/docs'),
]

describe.each([
  ['memory', () => memoryEvents()],
  ['chDB', () => chdbEvents({ path: CHDB_PATH, database: freshDatabase() })],
])('eight events in %s', (_engine, open) => {
  let bench: McpBench
  let second: string
  beforeAll(async () => {
    bench = await openBench({ events: open(), clock: () => NOW })
    const { project } = await bench.analytics.projects.create({ slug: 'blog', owner: OWNER })
    second = project.id
    await bench.analytics.projects.create({ slug: 'of-somebody-else', owner: 'owner-2' })
    await bench.analytics.batch(EVENTS, { project: bench.project.id })
    // Two of them again: sent twice, counted once. And three in the other project.
    await bench.analytics.batch(EVENTS.slice(0, 2), { project: bench.project.id })
    await bench.analytics.batch(EVENTS.slice(3, 6), { project: second })
  })
  afterAll(async () => await bench.close())

  // biome-ignore lint/suspicious/noExplicitAny: answers of many shapes, looked into by tests.
  const ask = async (name: string, args: object): Promise<any> =>
    (await bench.tool(bench.keys.rk, name, { ...RANGE, ...args })).structuredContent

  // biome-ignore lint/suspicious/noExplicitAny: answers of many shapes, looked into by tests.
  const askAll = async (name: string, args: object): Promise<any> =>
    (await bench.tool(bench.keys.ak, name, args, '/mcp/account')).structuredContent

  it('get_stats', async () => {
    const { rows } = await ask('get_stats', {
      metrics: ['count', 'uniques', 'sessions', 'pageviews', 'bounce_rate'],
    })
    expect(rows).toEqual([{ count: 8, uniques: 3, sessions: 3, pageviews: 6, bounce_rate: 0 }])
    const daily = await ask('get_stats', { metric: 'uniques', interval: 'day' })
    expect(daily.rows.map(({ value }: { value: number }) => value)).toEqual([2, 1])
    const sums = await ask('get_stats', { metric: 'sum(properties.amount)', event: 'signup' })
    expect(sums.rows).toEqual([{ value: 20 }])
    expect((await ask('get_stats', { metric: 'conversion_rate', goal: { event: 'signup' } })).rows).toEqual([
      { value: 2 / 3 },
    ])
  })

  it('top_sources, whose text is the rows alone', async () => {
    const rows = [
      { source: 'letter', medium: 'email', events: 2, uniques: 2, paid_share: 0 },
      expect.objectContaining({ events: 6, uniques: 3 }),
    ]
    const { content, structuredContent } = await bench.tool(bench.keys.rk, 'top_sources', RANGE)
    const text: unknown = JSON.parse(content[0]?.text ?? '')
    expect(text).toEqual(structuredContent.rows)
    expect(structuredContent.rows).toEqual(expect.arrayContaining(rows))
    expect(structuredContent.rows).toHaveLength(2)
  })

  it('top_pages', async () => {
    expect((await ask('top_pages', {})).rows).toEqual([
      { path: '/', pageviews: 3, uniques: 3 },
      { path: '/pricing', pageviews: 2, uniques: 2 },
      { path: '/docs', pageviews: 1, uniques: 1 },
    ])
    expect((await ask('top_pages', { limit: 1 })).rows).toHaveLength(1)
  })

  it('funnel', async () => {
    const { steps } = await ask('funnel', { steps: [{ event: '$pageview' }, { event: 'signup' }] })
    expect(steps).toMatchObject([
      { event: '$pageview', count: 3, rate: 1 },
      { event: 'signup', count: 2, rate: 2 / 3 },
    ])
  })

  it('cohorts', async () => {
    const { cohorts } = await ask('cohorts', { interval: 'day', periods: 1 })
    expect(cohorts.map(({ size }: { size: number }) => size)).toEqual([2, 1])
  })

  it('attribution', async () => {
    const { totals } = await ask('attribution', {
      conversion: { event: 'signup' },
      value: 'properties.amount',
    })
    expect(totals).toEqual({ conversions: 2, people: 2, value: 20 })
  })

  it('list_events', async () => {
    const { events, metrics } = await ask('list_events', {})
    expect(events).toMatchObject([
      { name: '$pageview', count: 6, properties: ['plan'] },
      { name: 'signup', count: 2, properties: ['amount', 'plan'] },
    ])
    expect(metrics).toContain('uniques')
  })

  it('query_events, page by page', async () => {
    const first = await ask('query_events', { limit: 5 })
    const rest = await ask('query_events', { limit: 5, cursor: first.next_cursor })
    const names = [...first.rows, ...rest.rows].map(({ event_name }) => event_name)
    expect(names).toEqual([
      '$pageview',
      'signup',
      '$pageview',
      '$pageview',
      '$pageview',
      'signup',
      '$pageview',
      '$pageview',
    ])
    expect(rest.next_cursor).toBeNull()
  })

  it('resources', async () => {
    const { result } = await bench.rpc(bench.keys.rk, 'resources/read', { uri: 'events://recent' })
    expect(JSON.parse(result.contents[0].text).rows).toHaveLength(8)
    const schema = await bench.rpc(bench.keys.rk, 'resources/read', { uri: 'schema://events' })
    expect(JSON.parse(schema.result.contents[0].text).events).toMatchObject([{ count: 6 }, { count: 2 }])
  })

  it('list_projects and projects://all: those of the owner', async () => {
    const { projects } = await askAll('list_projects', {})
    expect(projects).toMatchObject([
      { project_id: second, project_slug: 'blog' },
      { project_id: bench.project.id, project_slug: 'shop' },
    ])
    const { result } = await bench.rpc(
      bench.keys.ak,
      'resources/read',
      { uri: 'projects://all' },
      '/mcp/account',
    )
    expect(JSON.parse(result.contents[0].text)).toEqual({ projects })
  })

  it('compare_projects ranks', async () => {
    expect(await askAll('compare_projects', RANGE)).toEqual({
      metric: 'count',
      rows: [
        { rank: 1, project_id: bench.project.id, project_slug: 'shop', project_name: 'shop', value: 8 },
        { rank: 2, project_id: second, project_slug: 'blog', project_name: 'blog', value: 3 },
      ],
    })
    const even = await askAll('compare_projects', { ...RANGE, metric: 'uniques', event: 'nothing' })
    expect(even.rows.map(({ rank }: { rank: number }) => rank)).toEqual([1, 1])
    const rates = await askAll('compare_projects', {
      ...RANGE,
      metric: 'conversion_rate',
      goal: { event: 'signup' },
    })
    expect(rates.rows).toMatchObject([
      { project_slug: 'shop', value: 2 / 3 },
      { project_slug: 'blog', value: 0 },
    ])
    const none = await askAll('compare_projects', { ...RANGE, metric: 'bounce_rate', project_ids: [second] })
    expect(none.rows).toMatchObject([{ rank: 1, value: 0.5 }])
  })

  it('read tools over the account: each row has its project', async () => {
    const all = await askAll('get_stats', { ...RANGE, group_by: ['project_id', 'event_name'] })
    expect(all.rows).toEqual([
      { project_id: second, event_name: '$pageview', value: 3 },
      { project_id: bench.project.id, event_name: '$pageview', value: 6 },
      { project_id: bench.project.id, event_name: 'signup', value: 2 },
    ])
    expect(all.meta).toMatchObject([{ project_id: second }, { project_id: bench.project.id }])
    const byProject = await askAll('get_stats', { ...RANGE, group_by: 'project_id' })
    expect(byProject.rows).toEqual([
      { project_id: second, value: 3 },
      { project_id: bench.project.id, value: 8 },
    ])
    for (const selector of [
      { project_id: second },
      { project_slug: 'blog' },
      { project_ids: [second, second] },
    ]) {
      expect((await askAll('get_stats', { ...RANGE, ...selector })).rows).toEqual([
        { project_id: second, value: 3 },
      ])
    }
    const funnel = await askAll('funnel', { ...RANGE, steps: [{ event: '$pageview' }, { event: 'signup' }] })
    expect(funnel.steps.map(({ count }: { count: number }) => count)).toEqual([2, 0, 3, 2])
    expect(funnel.window).toBe('14d')
    const credit = await askAll('attribution', { ...RANGE, conversion: { event: 'signup' } })
    expect(credit.totals).toMatchObject([
      { project_id: second, conversions: 0 },
      { project_id: bench.project.id, conversions: 2 },
    ])
    const { result } = await bench.rpc(
      bench.keys.ak,
      'resources/read',
      { uri: 'schema://events' },
      '/mcp/account',
    )
    expect(JSON.parse(result.contents[0].text).events).toMatchObject([
      { project_id: second, name: '$pageview', count: 3 },
      { project_id: bench.project.id, name: '$pageview', count: 6 },
      { project_id: bench.project.id, name: 'signup', count: 2 },
    ])
  })

  it('query_events over the account: a cursor for each project, taken with that project alone', async () => {
    const first = await askAll('query_events', { ...RANGE, limit: 2 })
    expect(first.rows).toHaveLength(4)
    for (const [{ project_id, next_cursor }, left] of [
      [first.next_cursors[0], 1],
      [first.next_cursors[1], 6],
    ]) {
      const rest = await askAll('query_events', { ...RANGE, limit: 10, project_id, cursor: next_cursor })
      expect(rest.rows).toHaveLength(left)
    }
  })

  it('track_event stores, once', async () => {
    const event = { event: 'from_an_agent', event_id: 'agent-1', anonymous_id: 'dan', timestamp: at(16, 11) }
    const { sk } = bench.keys
    const stored = await bench.tool(sk, 'track_event', event)
    const again = await bench.tool(sk, 'track_event', event)
    expect([stored.structuredContent, again.structuredContent]).toMatchObject([
      { ok: true, event_id: 'agent-1', status: 'stored' },
      { ok: true, event_id: 'agent-1', status: 'duplicate' },
    ])
    expect((await ask('get_stats', { event: 'from_an_agent' })).rows).toEqual([{ value: 1 }])
  })
})
