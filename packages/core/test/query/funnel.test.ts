import { type Analytics, createAnalytics, defineEvents } from '@millimetric/core'
import { memoryEvents, memoryKeys } from '@millimetric/core/memory'
import { funnelResponseSchema } from '@millimetric/schema'
import type { FunnelParams, FunnelResponse } from '@millimetric/schema/wire'
import { beforeEach, describe, expect, test } from 'vitest'
import * as z from 'zod'
import { createRandom } from '../oracle/random.js'

const NOW = Date.UTC(2026, 4, 16, 12)
const STEPS = [{ event: 'view' }, { event: 'signup', name: 'Signed up' }] as const
let analytics: Analytics

const make = (): Analytics =>
  createAnalytics({
    events: memoryEvents(),
    keys: memoryKeys(),
    clock: () => NOW,
    delivery: { flushIntervalMs: 0 },
  })

beforeEach(async () => {
  analytics = make()
  await analytics.projects.create({ slug: 'p', timezone: 'America/New_York', retention_days: 400 })
  const at = (event: string, anonymous_id: string, timestamp: string): object => ({
    event,
    anonymous_id,
    timestamp,
    url: `https://site.test/?utm_source=${anonymous_id === 'v1' ? 'news' : 'ads'}`,
  })
  await analytics.batch([
    at('view', 'v1', '2026-05-15T10:00:00.000Z'),
    at('signup', 'v1', '2026-05-15T10:00:01.500Z'),
    at('view', 'v2', '2026-05-15T11:00:00Z'),
    at('signup', 'v2', '2026-05-15T11:00:02.501Z'),
    at('view', 'v3', '2026-05-15T03:59:59Z'),
    at('view', 'v4', '2026-05-15T05:00:00Z'),
  ] as never)
})

const ask = async (params: Partial<FunnelParams>): Promise<FunnelResponse> =>
  await analytics.funnel({ range: '2d', steps: STEPS, ...params })

describe('the answer', () => {
  test('has names, counts, rates and times in seconds, with what it was counted by', async () => {
    const answer = await ask({})
    expect(answer).toEqual({
      steps: [
        {
          name: 'view',
          event: 'view',
          count: 3,
          rate: 1,
          step_rate: 1,
          median_seconds: null,
          p90_seconds: null,
        },
        {
          name: 'Signed up',
          event: 'signup',
          count: 2,
          rate: 2 / 3,
          step_rate: 2 / 3,
          // 2000.5 ms is no whole number of milliseconds.
          median_seconds: 2.001,
          p90_seconds: 2.401,
        },
      ],
      window: '14d',
      scope: 'person',
      order: 'ordered',
      meta: expect.objectContaining({
        timezone: 'America/New_York',
        from: '2026-05-15T00:00:00-04:00',
        to: '2026-05-17T00:00:00-04:00',
        answered_by: 'raw',
        truncated: false,
        warnings: [],
      }),
    })
    expect(funnelResponseSchema.parse(answer)).toEqual(answer)
  })

  test('days are of the zone', async () => {
    const { steps } = await ask({ timezone: 'UTC' })
    expect(steps.map(({ count }) => count)).toEqual([4, 2])
  })

  test('rates over nobody are null', async () => {
    const { steps } = await ask({ steps: [{ event: 'none' }, { event: 'view' }, { event: 'signup' }] })
    expect(steps.map(({ count, rate, step_rate }) => [count, rate, step_rate])).toEqual([
      [0, null, null],
      [0, null, null],
      [0, null, null],
    ])
    const halfway = await ask({ steps: [{ event: 'view' }, { event: 'none' }, { event: 'signup' }] })
    expect(halfway.steps.map(({ rate, step_rate }) => [rate, step_rate])).toEqual([
      [1, 1],
      [0, 0],
      [0, null],
    ])
  })

  test('groups come with steps of their own; without group_by there are none', async () => {
    expect(await ask({})).not.toHaveProperty('groups')
    const { groups, meta } = await ask({ group_by: 'first_touch.source', limit: 1 })
    expect(groups?.map(({ value, steps }) => [value, steps.map(({ count }) => count)])).toEqual([
      ['ads', [2, 1]],
    ])
    expect(meta.truncated).toBe(true)
    const byStep = await ask({ group_by: 'source' })
    expect(funnelResponseSchema.parse(byStep).groups?.map(({ value }) => value)).toEqual(['ads', 'news'])
  })

  test('windows are minutes, hours and days', async () => {
    const second = async (window: string): Promise<number | undefined> =>
      (await ask({ window })).steps[1]?.count
    expect([await second('1m'), await second('1h'), await second('366d')]).toEqual([2, 2, 2])
    expect((await ask({ window: '90m' })).window).toBe('90m')
  })

  test('what is older than is kept does not start a funnel', async () => {
    const { meta } = await ask({ from: '2020-01-01', to: '2026-05-17', range: undefined })
    expect(meta.warnings).toEqual(['This project keeps 400 days; older events are not counted.'])
  })
})

describe('bad parameters', () => {
  const step = { event: 'view' }
  const cases: [string, Record<string, unknown>, string, RegExp][] = [
    ['no steps', { steps: undefined }, 'invalid_params', /^steps: takes 2 to 10 steps/],
    ['one step', { steps: [step] }, 'invalid_params', /^steps: takes 2 to 10 steps/],
    ['eleven steps', { steps: Array(11).fill(step) }, 'invalid_params', /^steps: takes 2 to 10 steps/],
    ['a step without an event', { steps: [step, {}] }, 'invalid_params', /steps/],
    ['a step with an empty name', { steps: [step, { ...step, name: '' }] }, 'invalid_params', /steps/],
    [
      'a step with a long name',
      { steps: [step, { ...step, name: 'x'.repeat(129) }] },
      'invalid_params',
      /steps/,
    ],
    ['a step with more', { steps: [step, { ...step, filter: [] }] }, 'invalid_params', /filter/],
    ['no unit', { window: '14' }, 'invalid_params', /^window: "14" is not like 30m, 12h or 14d/],
    ['no number', { window: 'd' }, 'invalid_params', /window/],
    ['nothing', { window: '0d' }, 'invalid_params', /window/],
    ['seconds', { window: '10s' }, 'invalid_params', /window/],
    ['more than 366 days', { window: '367d' }, 'invalid_params', /at most 366 days/],
    ['more than 366 days in hours', { window: '8785h' }, 'invalid_params', /at most 366 days/],
    ['unknown scope', { scope: 'visit' }, 'invalid_params', /scope/],
    ['unknown order', { order: 'any' }, 'invalid_params', /order/],
    [
      'unknown group',
      { group_by: 'first_touch.sorce' },
      'invalid_group_by',
      /did you mean "first_touch.source"/,
    ],
    ['pages of sessions', { group_by: 'entry_path' }, 'invalid_group_by', /is no group of a funnel/],
    ['several groups', { group_by: ['source'] }, 'invalid_group_by', /group/],
    ['101 groups', { group_by: 'source', limit: 101 }, 'invalid_params', /limit/],
    [
      'a parameter that does not exist',
      { windw: '1d' },
      'invalid_params',
      /windw \(did you mean "window"\?\)/,
    ],
  ]
  for (const [name, params, code, message] of cases) {
    test(name, async () => {
      await expect(ask(params)).rejects.toMatchObject({
        code,
        status: 400,
        message: expect.stringMatching(message),
      })
    })
  }

  test('errors of closed lists carry the list', async () => {
    const details = async (params: Record<string, unknown>): Promise<unknown> =>
      await ask(params).catch((error: { details: unknown }) => error.details)
    expect(await details({ scope: 'visit' })).toEqual({ field: 'scope', allowed: ['person', 'session'] })
    expect(await details({ order: 'any' })).toEqual({ field: 'order', allowed: ['ordered', 'strict'] })
    const groups = ['first_touch.source', 'first_touch.channel', 'source', 'user_id']
    expect(await details({ group_by: 'nope' })).toEqual({
      field: 'group_by',
      allowed: expect.arrayContaining(groups),
    })
    expect(await details({ group_by: 'nope' })).not.toEqual({
      field: 'group_by',
      allowed: expect.arrayContaining(['entry_path']),
    })
  })

  test('a step must be in the catalog, if there is one', async () => {
    const typed = createAnalytics({
      events: memoryEvents(),
      keys: memoryKeys(),
      clock: () => NOW,
      catalog: defineEvents({ view: z.object({}), signup: z.object({}) }),
    })
    await typed.projects.create({ slug: 'p' })
    const steps = [{ event: 'view' }, { event: 'singup' }]
    await expect(typed.funnel({ range: '7d', steps } as never)).rejects.toMatchObject({
      code: 'invalid_params',
      message: expect.stringContaining('did you mean "signup"'),
      details: { allowed: ['view', 'signup'] },
    })
    await typed.funnel({ range: '7d', steps: [{ event: '$pageview' }, { event: 'signup' }] })
  })
})

describe('over HTTP', () => {
  const send = async (body: unknown, key: string): Promise<Response> =>
    await analytics.handler(
      new Request('https://site.test/v1/funnel', {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
    )
  const post = async (body: unknown, kind: 'rk' | 'pk' = 'rk'): Promise<Response> => {
    const project = await analytics.projects.find('p')
    const { secret } = await analytics.keys.create({ project_id: project?.id ?? '', kind })
    return await send(body, secret)
  }

  test('answers what the call answers', async () => {
    const params = { range: '2d', steps: STEPS, group_by: 'first_touch.source', scope: 'session' } as const
    const response = await post(params)
    expect(response.status).toBe(200)
    expect(await response.json()).toEqual(await analytics.funnel(params))
  })

  test('errors come with their code; a key that may not read is refused', async () => {
    const response = await post({ range: '2d', steps: [{ event: 'view' }] })
    expect([response.status, await response.json()]).toMatchObject([400, { error: 'invalid_params' }])
    expect((await post({ range: '2d', steps: STEPS }, 'pk')).status).toBe(403)
  })

  test('a read token counts what its filters let exist, first touch included; one for metrics is refused', async () => {
    const filters = { field: 'source', op: 'is', value: 'news' } as const
    const { token } = await analytics.tokens.create({ filters })
    const response = await send({ range: '2d', steps: STEPS, group_by: 'first_touch.source' }, token)
    const { steps, groups } = funnelResponseSchema.parse(await response.json())
    expect(steps.map(({ count }) => count)).toEqual([1, 1])
    expect(groups?.map(({ value }) => value)).toEqual(['news'])
    const metrics = await analytics.tokens.create({ filters, metrics: ['count'] })
    const refused = await send({ range: '2d', steps: STEPS }, metrics.token)
    expect([refused.status, await refused.json()]).toMatchObject([403, { error: 'insufficient_scope' }])
  })
})

describe('laws', () => {
  const NAMES = ['a', 'b', 'c', '$identify'] as const
  const random = createRandom(7)
  const MINUTE = 60_000

  async function makeFunnels(): Promise<{ params: FunnelParams; other: Analytics }[]> {
    const other = make()
    await other.projects.create({ slug: 'p' })
    await other.batch(
      Array.from({ length: 300 }, () => ({
        event: random.pick(NAMES),
        anonymous_id: `v${random.int(1, 12)}`,
        ...(random.chance(0.2) ? { user_id: `u${random.int(1, 3)}` } : {}),
        timestamp: NOW - random.int(0, 2000) * MINUTE,
        properties: { plan: random.pick(['pro', 'free']) },
      })),
    )
    return Array.from({ length: 40 }, () => ({
      other,
      params: {
        range: '2d',
        steps: Array.from({ length: random.int(2, 5) }, () => ({ event: random.pick(NAMES) })),
        window: `${random.int(1, 1500)}m`,
        scope: random.pick(['person', 'session'] as const),
        order: random.pick(['ordered', 'strict'] as const),
      },
    }))
  }
  const countsOf = ({ steps }: Pick<FunnelResponse, 'steps'>): number[] => steps.map(({ count }) => count)

  test('counts never rise from step to step; strict and shorter windows never have more; groups add up', async () => {
    for (const { params, other } of await makeFunnels()) {
      const own = await other.funnel(params)
      const counts = countsOf(own)
      expect(counts).toEqual([...counts].sort((a, b) => b - a))
      const atMost = async (less: Partial<FunnelParams>): Promise<void> => {
        const smaller = countsOf(await other.funnel({ ...params, ...less }))
        for (const [n, count] of smaller.entries()) expect(count).toBeLessThanOrEqual(counts[n] ?? 0)
      }
      if (params.order === 'ordered') await atMost({ order: 'strict' })
      await atMost({ window: '1m' })
      // A step more changes nothing before it.
      const longer = await other.funnel({ ...params, steps: [...params.steps, { event: 'a' }] })
      expect(countsOf(longer).slice(0, -1)).toEqual(counts)
      const { groups = [] } = await other.funnel({ ...params, group_by: 'properties.plan', limit: 100 })
      const sums = counts.map((_, n) => groups.reduce((sum, group) => sum + (countsOf(group)[n] ?? 0), 0))
      expect(sums).toEqual(counts)
    }
  })
})
