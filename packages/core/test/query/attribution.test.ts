import { type Analytics, createAnalytics } from '@millimetric/core'
import { memoryEvents, memoryKeys } from '@millimetric/core/memory'
import { attributionResponseSchema } from '@millimetric/schema'
import { beforeEach, describe, expect, test } from 'vitest'

const NOW = Date.UTC(2026, 4, 16, 12)
const SITE = 'https://shop.test'
let analytics: Analytics
let key: string
let project: string

beforeEach(async () => {
  analytics = createAnalytics({
    events: memoryEvents(),
    keys: memoryKeys(),
    clock: () => NOW,
    delivery: { flushIntervalMs: 0 },
  })
  const made = await analytics.projects.create({ slug: 'p', timezone: 'Europe/Berlin', retention_days: 60 })
  key = made.keys.sk
  project = made.project.id
})

const CONVERSION = { event: 'signup' } as const
const question = { range: '30d', conversion: CONVERSION } as const

/** The timeline of the wire contract, as clients send it. */
async function tellTimeline(): Promise<void> {
  const visitor = { anonymous_id: 'u_abc' }
  const landing = { url: `${SITE}/?utm_source=facebook&utm_medium=cpc` }
  const { ok } = await analytics.batch([
    { ...visitor, ...landing, event: '$pageview', timestamp: '2026-05-01T14:00:00Z' },
    { ...visitor, ...landing, event: 'clicked_pricing', timestamp: '2026-05-01T14:02:00Z' },
    { ...visitor, event: '$pageview', url: `${SITE}/`, timestamp: '2026-05-05T09:30:00Z' },
    { event: 'signup', user_id: 'user_42', timestamp: '2026-05-07T11:14:00Z', properties: { price: 19.9 } },
    { event: 'feature_used', user_id: 'user_42', timestamp: '2026-05-09T16:22:00Z' },
  ])
  const identified = await analytics.identify({
    ...visitor,
    user_id: 'user_42',
    timestamp: '2026-05-07T11:14:00Z',
  })
  expect([ok, identified.ok]).toEqual([true, true])
}

describe('the documented timeline, as it is sent', () => {
  beforeEach(tellTimeline)

  test('facebook / paid brought user_42; the server’s own events overwrite no touch', async () => {
    const credit = { conversions: 1, people: 1 }
    const first = await analytics.attribution({ ...question, model: 'first' })
    expect(first.rows).toEqual([{ source: 'facebook', medium: 'paid', ...credit }])
    expect((await analytics.attribution(question)).rows).toEqual(first.rows)
    const last = await analytics.attribution({ ...question, model: 'last' })
    expect(last.rows).toEqual([{ source: 'direct', medium: 'direct', ...credit }])
    const linear = await analytics.attribution({ ...question, model: 'linear', group_by: ['channel'] })
    expect(linear.rows).toEqual([
      { channel: 'direct', conversions: 0.5, people: 1 },
      { channel: 'paid_social', conversions: 0.5, people: 1 },
    ])
    const short = await analytics.attribution({ ...question, lookback: '3d' })
    expect(short.rows).toEqual([{ source: 'direct', medium: 'direct', ...credit }])
  })

  test('the answer says what it counted', async () => {
    const answer = await analytics.attribution({ ...question, value: 'properties.price', lookback: '240h' })
    expect(answer).toEqual({
      model: 'last_non_direct',
      lookback: '240h',
      rows: [{ source: 'facebook', medium: 'paid', conversions: 1, people: 1, value: 19.9 }],
      totals: { conversions: 1, people: 1, value: 19.9 },
      meta: {
        timezone: 'Europe/Berlin',
        from: '2026-04-17T00:00:00+02:00',
        to: '2026-05-17T00:00:00+02:00',
        include_bots: false,
        answered_by: 'raw',
        estimated: false,
        truncated: false,
        warnings: [],
      },
    })
  })

  test('over HTTP it is the same question and the same answer', async () => {
    const params = { ...question, value: 'properties.price', model: 'linear', group_by: ['source'] } as const
    const ask = async (body: unknown, secret: string): Promise<Response> =>
      await analytics.handler(
        new Request('http://host.test/v1/attribution', {
          method: 'POST',
          headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' },
          body: JSON.stringify(body),
        }),
      )
    const response = await ask(params, key)
    expect(response.status).toBe(200)
    const body: unknown = await response.json()
    expect(body).toEqual(await analytics.attribution(params))
    expect(attributionResponseSchema.parse(body)).toEqual(body)
    const refused = await ask({ range: '7d' }, key)
    expect([refused.status, await refused.json()]).toMatchObject([400, { error: 'invalid_params' }])
    const { keys } = await analytics.projects.create({ slug: 'q' })
    const other = await ask(params, keys.rk)
    expect(await other.json()).toMatchObject({ rows: [], totals: { conversions: 0, people: 0, value: 0 } })
    expect((await ask(params, keys.pk)).status).toBe(403)
  })

  test('filters are about the conversions', async () => {
    const of = async (fields: object): Promise<number> =>
      (await analytics.attribution({ ...question, ...fields })).totals.conversions
    expect(await of({ source: 'facebook' })).toBe(0)
    expect(await of({ source: 'direct' })).toBe(1)
    expect(await of({ filters: { field: 'properties.price', op: 'gt', value: 20 } })).toBe(0)
    expect(
      await of({
        conversion: { event: 'signup', filters: { field: 'properties.price', op: 'lt', value: 20 } },
      }),
    ).toBe(1)
    expect(await of({ from: '2026-05-07T13:14:00', to: '2026-05-08', range: undefined })).toBe(1)
    expect(await of({ from: '2026-05-07T13:14:01', to: '2026-05-08', range: undefined })).toBe(0)
  })
})

test('touches that retention has ended do not count, and the answer says that something is missing', async () => {
  await analytics.batch([
    {
      event: '$pageview',
      anonymous_id: 'v',
      url: `${SITE}/?utm_source=news&utm_medium=email`,
      timestamp: NOW - 50 * 86_400_000,
    },
    { event: 'signup', anonymous_id: 'v', timestamp: NOW - 86_400_000 },
  ])
  const asked = { from: '2026-01-01', to: '2026-05-17', conversion: CONVERSION, lookback: '366d' } as const
  const before = await analytics.attribution(asked)
  expect(before.rows.map(({ source }) => source)).toEqual(['news'])
  await analytics.projects.update(project, { retention_days: 30 })
  const after = await analytics.attribution(asked)
  expect(after.rows.map(({ source }) => source)).toEqual(['direct'])
  expect(after.meta.warnings).toEqual(['This project keeps 30 days; older events are not counted.'])
})

describe('bad parameters', () => {
  const cases: [string, Record<string, unknown>, string, RegExp][] = [
    ['no conversion', { conversion: undefined }, 'invalid_params', /^conversion: .*\{ "event": "signup" \}/],
    [
      'a conversion as text',
      { conversion: 'signup' },
      'invalid_params',
      /^conversion: .*\{ "event": "signup" \}/,
    ],
    ['a conversion without event', { conversion: {} }, 'invalid_params', /^conversion: /],
    [
      'a wrong filter in it',
      { conversion: { event: 'a', filters: { field: 'sorce', op: 'is', value: 'x' } } },
      'invalid_params',
      /did you mean "source"/,
    ],
    [
      'unknown model',
      { model: 'fist' },
      'invalid_params',
      /^model: "fist" is not one of .*linear \(did you mean "first"\?\)$/,
    ],
    [
      'unknown dimension',
      { group_by: ['sorce'] },
      'invalid_group_by',
      /campaign.* \(did you mean "source"\?\)$/,
    ],
    [
      'a dimension of events',
      { group_by: ['path'] },
      'invalid_group_by',
      /^group_by: "path" is not one of source, medium/,
    ],
    ['no dimension', { group_by: [] }, 'invalid_group_by', /at least one/],
    ['look-back of nothing', { lookback: '0d' }, 'invalid_params', /^lookback: "0d"/],
    ['look-back too long', { lookback: '367d' }, 'invalid_params', /366d/],
    ['look-back in hours too long', { lookback: '8785h' }, 'invalid_params', /366d/],
    ['look-back in weeks', { lookback: '2w' }, 'invalid_params', /write 7d/],
    ['value that is no property', { value: 'price' }, 'invalid_params', /^value: /],
    ['limit', { limit: 1001 }, 'invalid_params', /^limit: /],
    ['unknown parameter', { modle: 'first' }, 'invalid_params', /did you mean "model"/],
  ]
  test.each(cases)('%s', async (_, fields, code, message) => {
    await expect(analytics.attribution({ ...question, ...fields })).rejects.toMatchObject({
      code,
      status: 400,
      message: expect.stringMatching(message),
    })
  })

  test('the longest and the shortest look-back', async () => {
    for (const lookback of ['1h', '1d', '366d', '8784h']) {
      expect((await analytics.attribution({ ...question, lookback })).lookback).toBe(lookback)
    }
  })
})
