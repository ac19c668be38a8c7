import { type Analytics, createAnalytics, defineEvents } from '@millimetric/core'
import { chdbEvents } from '@millimetric/core/chdb'
import { memoryEvents, memoryKeys } from '@millimetric/core/memory'
import type { EventFilters } from '@millimetric/schema/wire'
import { beforeEach, describe, expect, test } from 'vitest'
import * as z from 'zod'
import { CHDB_PATH, freshDatabase } from '../stores/chdb-path.js'

const NOW = Date.UTC(2026, 4, 16, 12)
const DAY = 86_400_000
let analytics: Analytics

beforeEach(async () => {
  analytics = createAnalytics({
    events: memoryEvents(),
    keys: memoryKeys(),
    clock: () => NOW,
    delivery: { flushIntervalMs: 0 },
  })
  await analytics.projects.create({ slug: 'p' })
  const visit = (who: string, source: string, daysAgo: number, event = '$pageview') => ({
    event,
    anonymous_id: who,
    url: `https://site.test/?utm_source=${source}`,
    timestamp: NOW - daysAgo * DAY,
    properties: { plan: who },
  })
  await analytics.batch([
    visit('a', 'google', 0),
    visit('a', 'google', 0, 'signup'),
    visit('b', 'google', 1),
    visit('c', 'bing', 1),
    visit('d', 'mail', 0),
    visit('a', 'google', 3),
    visit('e', 'bing', 2),
    visit('f', 'bing', 3),
  ])
})

test('several metrics are columns by their names, and nothing else', async () => {
  const answer = await analytics.stats({
    range: '2d',
    metrics: ['people', 'bounce_rate', 'count'],
    group_by: ['source'],
  })
  expect(answer.metrics).toEqual(['people', 'bounce_rate', 'count'])
  expect(answer.rows).toEqual([
    { source: 'google', people: 2, bounce_rate: 0.5, count: 3 },
    { source: 'bing', people: 1, bounce_rate: 1, count: 1 },
    { source: 'mail', people: 1, bounce_rate: 1, count: 1 },
  ])
})

test('compare puts the same columns of the period before beside each row', async () => {
  const { rows, meta } = await analytics.stats({
    range: '2d',
    metrics: ['people'],
    group_by: ['source'],
    compare: 'previous_period',
  })
  expect(rows).toEqual([
    { source: 'google', people: 2, previous: { people: 1 } },
    { source: 'bing', people: 1, previous: { people: 2 } },
    { source: 'mail', people: 1, previous: { people: 0 } },
  ])
  expect(meta.compared_to).toEqual({ from: '2026-05-13T00:00:00+00:00', to: '2026-05-15T00:00:00+00:00' })
})

test.each([
  ['more groups than a series holds', {}],
  ['more groups than are asked for', { limit: 5 }],
])('the period before may have %s, of which only those of now are shown', async (_what, limit) => {
  const minute = 60_000
  await analytics.batch(
    Array.from({ length: 20 }, (_, n) => ({
      event: 'old',
      anonymous_id: 'a',
      url: `https://site.test/?utm_source=s${n}`,
      timestamp: NOW - 12 * DAY,
    })),
  )
  await analytics.batch([
    { event: 'old', anonymous_id: 'a', url: 'https://site.test/?utm_source=s19', timestamp: NOW - minute },
  ])
  const { rows } = await analytics.stats({
    from: new Date(NOW - 6 * DAY).toISOString(),
    to: new Date(NOW).toISOString(),
    event: 'old',
    group_by: ['source'],
    interval: 'minute',
    compare: 'previous_period',
    ...limit,
  })
  expect(new Set(rows.map(({ source }) => source))).toEqual(new Set(['s19']))
  expect(rows).toHaveLength(6 * 24 * 60)
  expect(rows[0]?.previous).toEqual({ value: 1 })
  expect(rows.filter(({ previous }) => previous?.value !== 0)).toHaveLength(1)
})

test('a compared series is laid bucket on bucket; where the other range is shorter there is null', async () => {
  const two = await analytics.stats({ range: '2d', interval: 'day', compare: 'previous_period' })
  expect(two.rows).toEqual([
    { bucket: '2026-05-15T00:00:00+00:00', value: 2, previous: { value: 2 } },
    { bucket: '2026-05-16T00:00:00+00:00', value: 3, previous: { value: 1 } },
  ])
  const march = await analytics.stats({
    from: '2026-03-01',
    to: '2026-04-01',
    interval: 'day',
    compare: 'previous_period',
  })
  expect(march.rows.map(({ previous }) => previous).slice(27)).toEqual([{ value: 0 }, null, null, null])
})

test('what a compared series shows nowhere is said', async () => {
  const on = (day: string, count: number) =>
    Array.from({ length: count }, (_, n) => ({
      event: 'x',
      anonymous_id: `${day}-${n}`,
      timestamp: `${day}T12:00Z`,
    }))
  await analytics.batch([...on('2024-02-28', 2), ...on('2024-02-29', 3), ...on('2024-03-01', 4)])
  const range = { from: '2025-02-28', to: '2025-03-02', compare: 'previous_year' } as const
  const whole = await analytics.stats({ ...range, totals: true })
  expect([whole.rows[0]?.previous, whole.meta.warnings]).toEqual([{ value: 9 }, []])
  const series = await analytics.stats({ ...range, interval: 'day', totals: true })
  expect(series.rows.map(({ previous }) => previous?.value)).toEqual([2, 4])
  expect(series.totals.map(({ previous }) => previous?.value)).toEqual([2, 4])
  expect(series.meta.warnings).toEqual([
    'A part of the range compared with lies beside no bucket; without interval it is counted.',
  ])
  // Nothing happened on the leap day of this source.
  const other = await analytics.stats({ ...range, interval: 'day', source: 'nobody' })
  expect(other.meta.warnings).toEqual([])
  const leap = await analytics.stats({
    ...{ from: '2024-02-28', to: '2024-03-02', interval: 'day', compare: 'previous_year' },
    include_bots: true,
  } as const)
  expect(leap.rows.map(({ value }) => value)).toEqual([2, 3, 4])
})

test('a year before an hour that the clock skipped then is empty: nothing to lay beside a series, else zeros', async () => {
  const range = { from: '2026-03-30T02:00', to: '2026-03-30T03:00', timezone: 'Europe/Berlin' } as const
  const asked = { ...range, metrics: ['count', 'bounce_rate'], compare: 'previous_year' } as const
  const whole = await analytics.stats(asked)
  expect(whole.rows).toEqual([{ count: 0, bounce_rate: null, previous: { count: 0, bounce_rate: null } }])
  expect(whole.meta.compared_to).toEqual({
    from: '2025-03-30T03:00:00+02:00',
    to: '2025-03-30T03:00:00+02:00',
  })
  const series = await analytics.stats({ ...asked, interval: 'hour' })
  expect(series.rows.map(({ previous }) => previous)).toEqual([null])
})

test('totals count people once over all groups; other is what the limit left out', async () => {
  const answer = await analytics.stats({
    range: '4d',
    metrics: ['people', 'count'],
    group_by: ['source'],
    limit: 1,
    totals: true,
    other: true,
    compare: 'previous_period',
  })
  expect(answer.rows).toEqual([{ source: 'bing', people: 3, count: 3, previous: { people: 0, count: 0 } }])
  expect(answer.totals).toEqual([{ people: 6, count: 8, previous: { people: 0, count: 0 } }])
  expect(answer.other).toEqual([{ people: 3, count: 5, previous: { people: 0, count: 0 } }])
  expect(answer.meta.truncated).toBe(true)
  const whole = await analytics.stats({ range: '4d', group_by: ['source'], other: true })
  expect(whole.other).toEqual([])
  const series = await analytics.stats({
    range: '2d',
    interval: 'day',
    group_by: ['source'],
    limit: 1,
    totals: true,
    other: true,
  })
  expect(series.totals.map(({ value }) => value)).toEqual([2, 3])
  expect(series.other.map(({ value }) => value)).toEqual([1, 1])
})

test('order_by: columns in order of weight, a minus for largest first, ties by group', async () => {
  const order = async (...order_by: string[]): Promise<string[]> => {
    const { rows } = await analytics.stats({
      range: '4d',
      metrics: ['people', 'count'],
      group_by: ['source'],
      order_by,
    })
    return rows.map(({ source }) => source)
  }
  expect(await order('people')).toEqual(['mail', 'google', 'bing'])
  expect(await order('-people')).toEqual(['bing', 'google', 'mail'])
  expect(await order('source')).toEqual(['bing', 'google', 'mail'])
  expect(await order('-source')).toEqual(['mail', 'google', 'bing'])
  expect(await order('-count', '-people')).toEqual(['google', 'bing', 'mail'])
})

test('a goal needs its metric, and its metric a goal', async () => {
  const rate = await analytics.stats({
    range: '2d',
    metric: 'conversion_rate',
    goal: { event: 'signup' },
    group_by: ['source'],
  })
  expect(rate.rows).toEqual([
    { source: 'google', value: 0.5 },
    { source: 'bing', value: 0 },
    { source: 'mail', value: 0 },
  ])
  await expect(analytics.stats({ range: '2d', metric: 'conversion_rate' })).rejects.toMatchObject({
    code: 'invalid_params',
    message: expect.stringMatching(/goal.*signup/),
  })
  await expect(analytics.stats({ range: '2d', goal: { event: 'signup' } })).rejects.toMatchObject({
    code: 'invalid_params',
    details: { field: 'goal' },
  })
})

test('a number is asked for as such, or by the text that its group shows', async () => {
  const numbers = [7, -0.5, 1e21, 1.7e308, 1e-7, 123_456_789_012_345_680_000]
  await analytics.batch(
    numbers.map((n) => ({ event: 'n', anonymous_id: 'a', timestamp: NOW, properties: { n } })),
  )
  const one = { range: '7d', event: 'n' } as const
  const { rows } = await analytics.stats({ ...one, group_by: ['properties.n'] })
  expect(rows).toHaveLength(numbers.length)
  for (const value of [...numbers, ...rows.map((row) => row['properties.n'])]) {
    const asked = await analytics.stats({ ...one, filters: { field: 'properties.n', op: 'is', value } })
    expect([value, asked.rows[0]?.value]).toEqual([value, 1])
  }
})

test('a session has what one of its events has', async () => {
  const event = { anonymous_id: 'z', timestamp: NOW - 1000 }
  await analytics.batch([
    { ...event, event: 'seen' },
    { ...event, event: 'known', user_id: 'u', properties: { tier: 1 } },
  ])
  const sessions = async (filters: EventFilters): Promise<number | undefined> =>
    (await analytics.stats({ range: '7d', metric: 'sessions', anonymous_id: 'z', filters })).rows[0]?.value
  for (const field of ['user_id', 'properties.tier'] as const) {
    const isSet = { field, op: 'is_set' } as const
    expect([field, await sessions(isSet), await sessions({ ...isSet, value: true })]).toEqual([field, 1, 1])
    expect([field, await sessions({ ...isSet, value: false }), await sessions({ not: isSet })]).toEqual([
      field,
      0,
      0,
    ])
  }
  expect(await sessions({ field: 'properties.none', op: 'is_set', value: false })).toBe(1)
})

test.each([
  ['memory', memoryEvents],
  ['chdb', () => chdbEvents({ path: CHDB_PATH, database: freshDatabase() })],
])('a sum beyond the largest number is said to be, %s', async (_name, open) => {
  const own = createAnalytics({ events: open(), keys: memoryKeys(), clock: () => NOW })
  await own.projects.create({ slug: 'p' })
  const sold = (price: number, source: string) => ({
    event: 'sold',
    anonymous_id: 'a',
    url: `https://site.test/?utm_source=${source}`,
    timestamp: NOW,
    properties: { price },
  })
  await own.batch([sold(1.7e308, 'mail'), sold(1.7e308, 'mail'), sold(2, 'bing'), sold(3, 'bing')])
  const asked = { range: 'today', event: 'sold', metrics: ['count', 'sum(properties.price)'] } as const
  const { rows, meta } = await own.stats({ ...asked, group_by: ['source'], order_by: ['source'] })
  expect(rows).toEqual([
    { source: 'bing', count: 2, 'sum(properties.price)': 5 },
    { source: 'mail', count: 2, 'sum(properties.price)': 0 },
  ])
  const warning = 'sum(properties.price) goes beyond the largest number there is, and is not shown there.'
  expect(meta.warnings).toEqual([warning])
  const series = await own.stats({ ...asked, interval: 'day' })
  expect(series.meta.warnings).toEqual([warning])
  const bing = await own.stats({ ...asked, source: 'bing' })
  expect(bing.meta.warnings).toEqual([])
  await own.close()
})

describe('mistakes say what to write instead', () => {
  const cases: [string, Record<string, unknown>, string, RegExp][] = [
    [
      'metric',
      { metric: 'uniqes' },
      'invalid_params',
      /"uniqes" is no metric \(did you mean "uniques"\?\); it is one of count, /,
    ],
    ['metrics', { metrics: ['count', 'sum(price)'] }, 'invalid_params', /sum \/ avg .*\(properties\.<key>\)/],
    ['both', { metric: 'count', metrics: ['count'] }, 'invalid_params', /either metric or metrics/],
    ['no metric', { metrics: [] }, 'invalid_params', /at least one/],
    [
      'dimension',
      { group_by: ['sorce'] },
      'invalid_group_by',
      /"sorce" is no dimension \(did you mean "source"\?\)/,
    ],
    [
      'dimension of sessions',
      { metric: 'bounce_rate', group_by: ['path'] },
      'invalid_group_by',
      /entry_path/,
    ],
    [
      'too many dimensions',
      { group_by: ['source', 'medium', 'campaign', 'os', 'browser', 'country'] },
      'invalid_group_by',
      /5/,
    ],
    ['other without groups', { other: true }, 'invalid_params', /group_by/],
    [
      'order',
      { order_by: ['-peopel'], metrics: ['people'], group_by: ['source'] },
      'invalid_params',
      /did you mean "people"/,
    ],
    ['parameter', { groupby: 'source' }, 'invalid_params', /groupby \(did you mean "group_by"\?\)/],
    [
      'operator',
      { filters: { field: 'path', op: 'equals', value: '/' } },
      'invalid_params',
      /"equals" is no operator; it is one of is, /,
    ],
    [
      'operator nearly',
      { filters: { field: 'path', op: 'contain', value: '/' } },
      'invalid_params',
      /did you mean "contains"/,
    ],
    [
      'field',
      { filters: [{ or: [{ field: 'pth', op: 'is', value: '/' }] }] },
      'invalid_params',
      /filters\[0\]\.or\[0\]\.field: "pth" is no field \(did you mean "path"\?\)/,
    ],
    [
      'number on text',
      { filters: { field: 'path', op: 'gt', value: 1 } },
      'invalid_params',
      /only properties/,
    ],
    [
      'text for a number',
      { filters: { field: 'properties.x', op: 'gt', value: '1' } },
      'invalid_params',
      /takes a number/,
    ],
    [
      'group with a neighbour',
      { filters: { and: [{ field: 'os', op: 'is_set' }], op: 'is' } },
      'invalid_params',
      /filters: unknown key "op"/,
    ],
    ['not a condition', { filters: ['source=google'] }, 'invalid_params', /"field": "source"/],
    ['filters that are no JSON', { filters: '{"field":' }, 'invalid_params', /not a condition/],
    ['pattern', { filters: { field: 'path', op: 'matches', value: '(' } }, 'invalid_params', /RE2/],
    ['lookahead', { filters: { field: 'path', op: 'matches', value: '(?=x)' } }, 'invalid_params', /RE2/],
    ['goal', { metric: 'conversion_rate', goal: { evnt: 'x' } }, 'invalid_params', /goal/],
    ['comparison', { compare: 'last_week' }, 'invalid_params', /previous_period/],
    ['has_done without an event', { filters: { has_done: {} } }, 'invalid_params', /"event": "name"/],
    [
      'a number that is none',
      { filters: { field: 'properties.x', op: 'gt', value: Number.NaN } },
      'invalid_params',
      /filters/,
    ],
  ]
  test.each(cases)('%s', async (_name, params, code, message) => {
    const asked = analytics.stats({ range: '7d', ...params } as never)
    await expect(asked).rejects.toMatchObject({ code, status: 400, message: expect.stringMatching(message) })
  })

  test('filters may not be too deep or too many', async () => {
    const leaf = { field: 'os', op: 'is_set' } as const
    let deep: object = leaf
    for (let depth = 0; depth < 20; depth++) deep = { not: deep }
    const wide = { or: Array.from({ length: 99 }, () => leaf) }
    for (const filters of [deep, [wide, wide]]) {
      await expect(analytics.stats({ range: '7d', filters } as never)).rejects.toMatchObject({
        code: 'invalid_params',
      })
    }
    await expect(analytics.stats({ range: '7d', filters: wide })).resolves.toBeDefined()
  })
})

test('with a catalog, an event that is not in it is named with what is', async () => {
  const closed = createAnalytics({
    events: memoryEvents(),
    keys: memoryKeys(),
    catalog: defineEvents({
      signup: z.object({ plan: z.string() }),
      purchase: z.object({ price: z.number() }),
    }),
  })
  await closed.projects.create({ slug: 'p' })
  const mistakes = [
    { event: 'singup' },
    { metric: 'conversion_rate', goal: { event: 'singup' } },
    { filters: { has_done: { event: 'singup' } } },
    { filters: { not: { field: 'event_name', op: 'is', value: ['purchase', 'singup'] } } },
  ]
  for (const params of mistakes) {
    await expect(closed.stats({ range: '7d', ...params } as never)).rejects.toMatchObject({
      code: 'invalid_params',
      message: expect.stringMatching(/did you mean "signup"/),
      details: { allowed: ['signup', 'purchase'] },
    })
  }
  await expect(closed.stats({ range: '7d', event: '$pageview' })).resolves.toBeDefined()
})

test('the cursor of the longest event id is taken back', async () => {
  const id = (sign: string): string => sign.repeat(126)
  const [first, second] = [`${id('\u{4E00}')}-1`, `${id('"')}-0`]
  for (const event_id of [first, second]) {
    const told = await analytics.track({ event: 'long', event_id, anonymous_id: 'z', timestamp: NOW })
    expect(told).toMatchObject({ ok: true, event_id })
  }
  const ask = { range: '1d', event: 'long', limit: 1 } as const
  const page = await analytics.query(ask)
  const next = await analytics.query({ ...ask, cursor: page.next_cursor ?? '' })
  expect([...page.rows, ...next.rows].map(({ event_id }) => event_id)).toEqual([first, second])
  const person = await analytics.person({ anonymous_id: 'z', limit: 1 })
  const older = await analytics.person({ anonymous_id: 'z', limit: 1, cursor: person.next_cursor ?? '' })
  expect(older.timeline.map(({ event_id }) => event_id)).toEqual([second])
})

test('pages of raw events follow each other without a gap or a repeat, whatever their times', async () => {
  await analytics.batch(
    Array.from({ length: 25 }, (_, n) => ({
      event: 'same',
      event_id: `s${n}`,
      anonymous_id: 'z',
      timestamp: NOW - (n % 3),
    })),
  )
  const seen: string[] = []
  let cursor: string | null | undefined
  do {
    const page = await analytics.query({
      range: '1d',
      event: 'same',
      limit: 4,
      ...(cursor ? { cursor } : {}),
    })
    seen.push(...page.rows.map(({ event_id }) => event_id))
    cursor = page.next_cursor
  } while (cursor !== null)
  expect(seen.length).toBe(25)
  expect(new Set(seen).size).toBe(25)
  for (const bad of ['x', 'bnVsbA', 'W10', btoa('[1,2,3,4]'), btoa('[1,2,-3,"x"]')]) {
    await expect(analytics.query({ range: '1d', cursor: bad })).rejects.toMatchObject({
      details: { field: 'cursor' },
    })
  }
})
