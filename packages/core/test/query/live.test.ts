import { type Analytics, createAnalytics } from '@millimetric/core'
import { chdbEvents } from '@millimetric/core/chdb'
import { memoryEvents, memoryKeys } from '@millimetric/core/memory'
import { liveResponseSchema } from '@millimetric/schema'
import type { TrackEvent } from '@millimetric/schema/wire'
import { beforeEach, describe, expect, test } from 'vitest'
import { CHDB_PATH, freshDatabase } from '../stores/chdb-path.js'

const NOW = Date.UTC(2026, 4, 16, 12, 0, 0, 250)
const MINUTE = 60_000
let now = NOW
let analytics: Analytics
let key: string

beforeEach(async () => {
  now = NOW
  analytics = createAnalytics({
    events: memoryEvents(),
    keys: memoryKeys(),
    clock: () => now,
    delivery: { flushIntervalMs: 0 },
  })
  const { keys } = await analytics.projects.create({
    slug: 'p',
    timezone: 'Asia/Kathmandu',
    retention_days: 30,
  })
  key = keys.sk
})

const view = (anonymous_id: string, path: string, before: number, query = ''): TrackEvent => ({
  event: '$pageview',
  anonymous_id,
  url: `https://shop.test${path}${query}`,
  timestamp: NOW - before,
})

test('nobody is there: zeros, and every minute', async () => {
  const answer = await analytics.live()
  const minute = (before: number): object => ({
    until: `2026-05-16T17:${String(45 - before).padStart(2, '0')}:00.250+05:45`,
    events: 0,
    visitors: 0,
  })
  expect(answer).toEqual({
    as_of: '2026-05-16T17:45:00.250+05:45',
    minutes: 5,
    visitors: 0,
    events: 0,
    pages: [],
    sources: [],
    countries: [],
    per_minute: [4, 3, 2, 1, 0].map(minute),
    meta: {
      timezone: 'Asia/Kathmandu',
      from: '2026-05-16T17:40:00.250+05:45',
      to: '2026-05-16T17:45:00.250+05:45',
      include_bots: false,
      answered_by: 'raw',
      estimated: false,
      truncated: false,
      warnings: [],
    },
  })
})

test('who is there, where, and where from; the same over HTTP', async () => {
  await analytics.batch([
    view('a', '/', 4 * MINUTE, '?utm_source=google&utm_medium=cpc'),
    view('a', '/pricing', 2 * MINUTE + 1),
    view('b', '/', 0),
    view('gone', '/', 5 * MINUTE),
    { ...view('bot', '/', 0), user_agent: 'Googlebot/2.1 (+http://www.google.com/bot.html)' },
  ])
  const answer = await analytics.live({ timezone: 'UTC' })
  expect(answer).toMatchObject({
    visitors: 2,
    events: 3,
    pages: [
      { path: '/', visitors: 1 },
      { path: '/pricing', visitors: 1 },
    ],
    sources: [
      { source: 'direct', medium: 'direct', visitors: 1 },
      { source: 'google', medium: 'paid', visitors: 1 },
    ],
  })
  expect(answer.per_minute.map(({ events, visitors }) => [events, visitors])).toEqual([
    [1, 1],
    [0, 0],
    [1, 1],
    [0, 0],
    [1, 1],
  ])
  const headers = { authorization: `Bearer ${key}` }
  const ask = async (query: string): Promise<Response> =>
    await analytics.handler(new Request(`http://host.test/v1/live${query}`, { headers }))
  const response = await ask('?timezone=UTC')
  const body: unknown = await response.json()
  expect(body).toEqual(answer)
  expect(liveResponseSchema.parse(body)).toEqual(body)
  const filters = encodeURIComponent('{"field":"path","op":"is","value":"/pricing"}')
  expect(await (await ask(`?filters=${filters}&minutes=30`)).json()).toMatchObject({
    visitors: 1,
    minutes: 30,
  })
  expect(await (await ask('?source=google')).json()).toMatchObject({ visitors: 1, events: 1 })
  expect((await ask('?minutes=31')).status).toBe(400)
})

test('an event that was answered 202 is there at once', { timeout: 60_000 }, async () => {
  const live = createAnalytics({
    events: chdbEvents({ path: CHDB_PATH, database: freshDatabase(), rollupFromRows: 0 }),
    keys: memoryKeys(),
  })
  const { keys } = await live.projects.create({ slug: 'p' })
  const headers = { authorization: `Bearer ${keys.sk}` }
  for (let n = 1; n <= 5; n++) {
    const body = JSON.stringify({ event: '$pageview', anonymous_id: `v${n}`, url: 'https://shop.test/now' })
    const stored = await live.handler(
      new Request('http://host.test/v1/track', { method: 'POST', headers, body }),
    )
    expect(stored.status).toBe(202)
    const answer = await live.handler(new Request('http://host.test/v1/live?minutes=1', { headers }))
    expect(await answer.json()).toMatchObject({
      visitors: n,
      pages: [{ path: '/now', visitors: n }],
      per_minute: [{ events: n, visitors: n }],
      meta: { answered_by: 'raw' },
    })
  }
  await live.close()
})

describe('bad parameters', () => {
  const cases: [string, Record<string, unknown>, RegExp][] = [
    ['no minutes', { minutes: 0 }, /^minutes: /],
    ['more than half an hour', { minutes: 31 }, /^minutes: /],
    ['a part of a minute', { minutes: 1.5 }, /^minutes: /],
    ['a range', { range: '7d' }, /^Unknown parameter: range/],
    ['crawlers', { include_bots: true }, /include_bots/],
    ['a typo', { minuets: 3 }, /did you mean "minutes"/],
    ['a wrong filter', { filters: { field: 'pth', op: 'is', value: '/' } }, /did you mean "path"/],
  ]
  test.each(cases)('%s', async (_, params, message) => {
    await expect(analytics.live(params)).rejects.toMatchObject({
      code: 'invalid_params',
      status: 400,
      message: expect.stringMatching(message),
    })
  })
})
