import { type Analytics, createAnalytics, defineEvents } from '@millimetric/core'
import { memoryEvents, memoryKeys } from '@millimetric/core/memory'
import { schemaResponseSchema } from '@millimetric/schema'
import { DIMENSIONS, METRICS } from '@millimetric/schema/wire'
import { beforeEach, expect, test } from 'vitest'
import * as z from 'zod'

const NOW = Date.UTC(2026, 4, 16, 12)
let analytics: Analytics
let key: string

beforeEach(async () => {
  analytics = start()
  const { keys } = await analytics.projects.create({ slug: 'p', timezone: 'America/New_York' })
  key = keys.rk
  await analytics.batch([
    { event: 'bought', anonymous_id: 'v', timestamp: '2026-05-15T03:59:59Z', properties: { price: 2 } },
    {
      event: 'bought',
      anonymous_id: 'v',
      timestamp: '2026-05-15T05:00:00Z',
      properties: { price: '2', plan: 'pro' },
    },
    { event: '$pageview', anonymous_id: 'v', timestamp: '2026-05-16T05:00:00Z' },
    { event: 'long ago', anonymous_id: 'v', timestamp: '2026-04-01T05:00:00Z' },
  ])
})

function start(catalog?: ReturnType<typeof defineEvents>): Analytics {
  return createAnalytics({
    events: memoryEvents(),
    keys: memoryKeys(),
    clock: () => NOW,
    delivery: { flushIntervalMs: 0 },
    ...(catalog === undefined ? {} : { catalog }),
  })
}

test('the last thirty days unless asked otherwise, in the zone of the project, without a single value', async () => {
  const answer = await analytics.schema()
  expect(answer.events).toEqual([
    {
      name: 'bought',
      count: 2,
      first_seen: '2026-05-14T23:59:59-04:00',
      last_seen: '2026-05-15T01:00:00-04:00',
      properties: [
        {
          key: 'price',
          count: 2,
          first_seen: '2026-05-14T23:59:59-04:00',
          last_seen: '2026-05-15T01:00:00-04:00',
          types: { number: 1, string: 1 },
        },
        {
          key: 'plan',
          count: 1,
          first_seen: '2026-05-15T01:00:00-04:00',
          last_seen: '2026-05-15T01:00:00-04:00',
          types: { string: 1 },
        },
      ],
      properties_truncated: false,
    },
    {
      name: '$pageview',
      count: 1,
      first_seen: '2026-05-16T01:00:00-04:00',
      last_seen: '2026-05-16T01:00:00-04:00',
      properties: [],
      properties_truncated: false,
    },
  ])
  expect(JSON.stringify(answer.events)).not.toContain('pro"')
  expect(answer.dimensions).toEqual(expect.arrayContaining([...DIMENSIONS, 'entry_path']))
  expect(answer.metrics).toEqual(METRICS)
  expect(answer.meta).toMatchObject({ from: '2026-04-17T00:00:00-04:00', truncated: false })
  const all = await analytics.schema({ range: '90d', limit: 1, properties_limit: 1 })
  expect(all.events.map(({ name, properties_truncated }) => [name, properties_truncated])).toEqual([
    ['bought', true],
  ])
  expect(all.meta.truncated).toBe(true)
  expect((await analytics.schema({ range: '90d' })).events.map(({ name }) => name)).toEqual([
    'bought',
    '$pageview',
    'long ago',
  ])
})

test('a catalog marks what it holds', async () => {
  const own = start(defineEvents({ bought: z.object({}) }))
  await own.projects.create({ slug: 'p' })
  await own.batch([
    { event: 'bought', anonymous_id: 'v', properties: {} },
    { event: '$pageview', anonymous_id: 'v' },
  ])
  const { events } = await own.schema()
  expect(events.map(({ name, in_catalog }) => [name, in_catalog])).toEqual([
    ['$pageview', false],
    ['bought', true],
  ])
})

test('over HTTP the same answer, in the documented form', async () => {
  const ask = async (search: string): Promise<Response> =>
    await analytics.handler(
      new Request(`http://a/v1/schema${search}`, { headers: { authorization: `Bearer ${key}` } }),
    )
  const body: unknown = await (await ask('?range=90d&properties_limit=1')).json()
  expect(schemaResponseSchema.parse(body)).toEqual(
    await analytics.schema({ range: '90d', properties_limit: 1 }),
  )
  for (const [search, field] of [
    ['?limit=0', 'limit'],
    ['?properties_limit=1001', 'properties_limit'],
    ['?range=fortnight', 'range'],
  ]) {
    const wrong = await ask(search ?? '')
    expect([wrong.status, await wrong.json()]).toMatchObject([
      400,
      { error: 'invalid_params', details: { field } },
    ])
  }
})
