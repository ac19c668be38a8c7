import { type Analytics, createAnalytics } from '@millimetric/core'
import { memoryEvents, memoryKeys } from '@millimetric/core/memory'
import * as schema from '@millimetric/schema'
import { FIXTURE_NOW } from '@millimetric/schema/fixtures'
import { beforeAll, expect, test } from 'vitest'
import type * as z from 'zod'

let analytics: Analytics
let keys: { sk: string; rk: string }

beforeAll(async () => {
  analytics = createAnalytics({
    events: memoryEvents(),
    keys: memoryKeys(),
    clock: () => FIXTURE_NOW,
    delivery: { flushIntervalMs: 0 },
  })
  keys = (await analytics.projects.create({ slug: 'p' })).keys
  const events = Array.from({ length: 30 }, (_, n) => ({
    event: n % 3 === 0 ? 'signup' : '$pageview',
    anonymous_id: `v${n % 7}`,
    timestamp: FIXTURE_NOW - n * 3_600_000,
    url: `https://shop.test/p${n % 4}?utm_source=news&utm_medium=${n % 2 === 0 ? 'cpc' : 'email'}`,
    properties: { amount: n, plan: 'pro' },
  }))
  expect(await analytics.batch(events)).toMatchObject({ ok: true })
})

async function ask(method: 'GET' | 'POST', path: string, key: string, body?: unknown): Promise<unknown> {
  const answer = await analytics.handler(
    new Request(`http://host.test${path}`, {
      method,
      headers: { authorization: `Bearer ${key}` },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    }),
  )
  return await answer.json()
}

/** The schemas are strict: a field too many or too few fails, and so does one of another type. */
async function expectForm<T>(form: z.ZodType<T>, answer: Promise<unknown>): Promise<T> {
  const body = await answer
  const parsed = form.parse(body)
  expect(parsed).toEqual(body)
  return parsed
}

test('identify', async () => {
  const body = { anonymous_id: 'v1', user_id: 'ann', traits: { plan: 'pro' } }
  await expectForm(schema.identifyResponseSchema, ask('POST', '/v1/identify', keys.sk, body))
})

test('query, with a cursor and at its end', async () => {
  const { next_cursor } = await expectForm(
    schema.queryResponseSchema,
    ask('GET', '/v1/query?range=7d&limit=5', keys.rk),
  )
  const next = `/v1/query?range=7d&limit=100&cursor=${encodeURIComponent(next_cursor ?? '')}`
  expect(await expectForm(schema.queryResponseSchema, ask('GET', next, keys.rk))).toMatchObject({
    next_cursor: null,
  })
})

test.each([
  '/v1/stats?range=7d',
  '/v1/stats?range=7d&metric=uniques&group_by=source,medium&interval=day',
  '/v1/stats?range=7d&metrics=count,bounce_rate,p95(properties.amount)&compare=previous_period',
  '/v1/stats?range=7d&group_by=path&totals=true&other=true&limit=1',
  '/v1/stats?range=7d&metric=conversion_rate&goal=signup&interval=week&compare=previous_year',
])('%s', async (path) => {
  const { rows } = await expectForm(schema.statsResponseSchema, ask('GET', path, keys.rk))
  expect(rows.length).toBeGreaterThan(0)
})

test('stats by POST', async () => {
  const question = {
    range: '7d',
    metrics: ['people', 'avg(properties.amount)'],
    group_by: ['properties.plan'],
  }
  await expectForm(schema.statsResponseSchema, ask('POST', '/v1/stats', keys.rk, question))
})

test.each(['source', 'source_medium'])('sources by %s', async (breakdown) => {
  const path = `/v1/sources?range=7d&breakdown=${breakdown}`
  const { rows } = await expectForm(schema.sourcesResponseSchema, ask('GET', path, keys.rk))
  expect(rows[0]).toMatchObject({ source: 'news' })
})

test('forget, and its job', async () => {
  const asked = await expectForm(
    schema.forgetResponseSchema,
    ask('POST', '/v1/forget', keys.sk, { anonymous_id: 'v2' }),
  )
  const path = `/v1/jobs/${asked.job.id}`
  const { job } = await expectForm(schema.jobResponseSchema, ask('GET', path, keys.sk))
  expect(job).toMatchObject({ id: asked.job.id, kind: 'forget' })
})

test('errors of every kind of route', async () => {
  const wrong: [method: 'GET' | 'POST', path: string, key: string, body?: unknown][] = [
    ['POST', '/v1/track', keys.sk, {}],
    ['POST', '/v1/batch', keys.sk, { events: [] }],
    ['POST', '/v1/batch', keys.sk, { events: [null] }],
    ['POST', '/v1/identify', keys.sk, {}],
    ['POST', '/v1/forget', keys.sk, {}],
    ['POST', '/v1/forget', keys.rk, {}],
    ['GET', '/v1/stats?metric=x', keys.rk],
    ['GET', '/v1/stats?range=7d&group_by=x', keys.rk],
    ['GET', '/v1/query', 'none'],
    ['GET', '/v1/jobs/none', keys.sk],
    ['POST', '/v1/query', keys.rk],
    ['GET', '/v2', keys.rk],
  ]
  for (const [method, path, key, body] of wrong) {
    await expectForm(schema.errorResponseSchema, ask(method, path, key, body))
  }
})
