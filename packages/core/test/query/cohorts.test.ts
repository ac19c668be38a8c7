import { type Analytics, createAnalytics } from '@millimetric/core'
import { memoryEvents, memoryKeys } from '@millimetric/core/memory'
import { cohortsResponseSchema } from '@millimetric/schema'
import type { CohortsParams } from '@millimetric/schema/wire'
import { beforeEach, describe, expect, test } from 'vitest'

/** A Wednesday at noon; the clocks of New York went forward on Sunday, 8 March. */
const NOW = Date.UTC(2026, 2, 18, 12)
let analytics: Analytics
let keys: { pk: string; sk: string; rk: string }

beforeEach(async () => {
  analytics = createAnalytics({
    events: memoryEvents(),
    keys: memoryKeys(),
    clock: () => NOW,
    delivery: { flushIntervalMs: 0 },
  })
  keys = (await analytics.projects.create({ slug: 'p', timezone: 'America/New_York', retention_days: 400 }))
    .keys
  await analytics.batch([
    // 4 March in New York, and 9 March one minute into the week.
    { event: 'signup', anonymous_id: 'a', timestamp: '2026-03-05T04:59:59Z' },
    { event: 'open', anonymous_id: 'a', timestamp: '2026-03-09T04:01:00Z' },
    { event: 'open', anonymous_id: 'a', timestamp: '2026-03-18T11:00:00Z' },
    // 8 March at 23:59: the week before, although the day had 23 hours.
    { event: 'signup', anonymous_id: 'b', timestamp: '2026-03-09T03:59:00Z' },
    { event: 'signup', anonymous_id: 'c', timestamp: '2026-03-10T12:00:00Z' },
  ])
})

const table = (rows: Awaited<ReturnType<Analytics['cohorts']>>['cohorts']): unknown[] =>
  rows.map(({ cohort, size, returned, open }) => [cohort, size, returned, open])

test('weeks of the project’s zone; what has not begun is null, what goes on is marked open', async () => {
  const answer = await analytics.cohorts({ from: '2026-03-02', to: '2026-03-23', periods: 3 })
  expect(table(answer.cohorts)).toEqual([
    ['2026-03-02T00:00:00-05:00', 2, [2, 1, 1, null], 2],
    ['2026-03-09T00:00:00-04:00', 1, [1, 0, null, null], 1],
    ['2026-03-16T00:00:00-04:00', 0, [0, null, null, null], 0],
  ])
  expect(answer.cohorts.map(({ rates }) => rates)).toEqual([
    [1, 0.5, 0.5, null],
    [1, 0, null, null],
    [null, null, null, null],
  ])
  expect(answer.interval).toBe('week')
  expect(cohortsResponseSchema.parse(answer)).toEqual(answer)
})

test('an ended cohort has nothing open; a period that begins at this instant has begun', async () => {
  const params = { from: '2026-03-05T00:00Z', to: '2026-03-05T10:00Z', interval: 'day', periods: 2 } as const
  const { cohorts } = await analytics.cohorts({ ...params, timezone: 'UTC' })
  expect(table(cohorts)).toEqual([['2026-03-05T00:00:00+00:00', 1, [1, 0, 0], null]])
  // 19 March begins in Tarawa at this instant.
  const soon = { from: '2026-03-18', to: '2026-03-20', interval: 'day', periods: 1, cohort: 'any' } as const
  const tarawa = await analytics.cohorts({ ...soon, timezone: 'Pacific/Tarawa' })
  expect(table(tarawa.cohorts)).toEqual([
    ['2026-03-18T00:00:00+12:00', 1, [1, 0], 1],
    ['2026-03-19T00:00:00+12:00', 0, [0, null], 0],
  ])
  const later = await analytics.cohorts({ ...soon, from: '2026-03-20', to: '2026-03-21', timezone: 'UTC' })
  expect(table(later.cohorts)).toEqual([['2026-03-20T00:00:00+00:00', 0, [null, null], null]])
})

test('a cohort is a whole period, of which only starts inside the range count', async () => {
  const { cohorts, meta } = await analytics.cohorts({
    from: '2026-03-06',
    to: '2026-03-10T08:00:00-04:00',
    periods: 1,
    cohort: 'any',
  })
  expect(table(cohorts)).toEqual([
    ['2026-03-02T00:00:00-05:00', 1, [1, 0], null],
    ['2026-03-09T00:00:00-04:00', 1, [1, 1], 1],
  ])
  expect(meta).toMatchObject({
    timezone: 'America/New_York',
    from: '2026-03-06T00:00:00-05:00',
    truncated: false,
  })
})

test('months, a start and a return event, filters', async () => {
  const question: CohortsParams = {
    from: '2026-02-01',
    to: '2026-04-01',
    interval: 'month',
    periods: 1,
    start: { event: 'signup' },
    return: { event: 'open', filters: { field: 'anonymous_id', op: 'is_not', value: 'b' } },
  }
  expect(table((await analytics.cohorts(question)).cohorts)).toEqual([
    ['2026-02-01T00:00:00-05:00', 0, [0, 0], 1],
    ['2026-03-01T00:00:00-05:00', 3, [1, null], 0],
  ])
  const one = await analytics.cohorts({ ...question, anonymous_id: 'a' })
  expect(one.cohorts[1]?.size).toBe(1)
  const done = await analytics.cohorts({ ...question, filters: { has_not_done: { event: 'open' } } })
  expect(done.cohorts[1]).toMatchObject({ size: 2, returned: [0, null] })
})

test('periods are 12 weeks unless asked otherwise', async () => {
  const { cohorts } = await analytics.cohorts({ from: '2025-06-02', to: '2025-06-09' })
  expect(cohorts).toHaveLength(1)
  expect(cohorts[0]?.returned).toHaveLength(13)
})

test('over HTTP the answer is the same; the key must read', async () => {
  const params = { from: '2026-03-02', to: '2026-03-23', start: { event: 'signup' }, periods: 3 }
  const ask = async (key: string, body: unknown, method = 'POST'): Promise<[number, unknown]> => {
    const response = await analytics.handler(
      new Request('https://host.test/v1/cohorts', {
        method,
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        ...(method === 'POST' ? { body: JSON.stringify(body) } : {}),
      }),
    )
    return [response.status, await response.json()]
  }
  expect(await ask(keys.rk, params)).toEqual([200, await analytics.cohorts(params)])
  expect(await ask(keys.pk, params)).toMatchObject([403, { error: expect.stringMatching(/origin|scope/) }])
  expect(await ask(keys.rk, [])).toMatchObject([400, { error: 'invalid_params' }])
  expect(await ask(keys.rk, {}, 'GET')).toMatchObject([405, { error: 'method_not_allowed' }])
})

describe('bad parameters', () => {
  const range = { range: '30d' }
  const cases: [string, Record<string, unknown>, RegExp][] = [
    ['no range', {}, /from: missing/],
    ['unknown interval', { ...range, interval: 'hour' }, /interval.*day, week, month/],
    ['misspelled interval', { ...range, interval: 'weak' }, /did you mean "week"/],
    ['no period', { ...range, periods: 0 }, /periods/],
    ['too many periods', { ...range, periods: 61 }, /periods/],
    ['unknown kind of cohort', { ...range, cohort: 'frist' }, /did you mean "first"/],
    ['a start that is text', { ...range, start: 'signup' }, /start/],
    ['a start without an event', { ...range, start: { filters: [] } }, /start/],
    ['a return with more', { ...range, return: { event: 'a', where: 1 } }, /return/],
    ['a parameter that does not exist', { ...range, perids: 3 }, /did you mean "periods"/],
    [
      'more cohorts than there can be',
      { from: '2020-01-01', to: '2026-01-01', interval: 'day' },
      /1000 cohorts/,
    ],
  ]
  test.each(cases)('%s', async (_, params, message) => {
    await expect(analytics.cohorts(params as never)).rejects.toMatchObject({
      code: 'invalid_params',
      status: 400,
      message: expect.stringMatching(message),
    })
  })

  test('an event that the catalog does not hold', async () => {
    const closed = createAnalytics({
      events: memoryEvents(),
      keys: memoryKeys(),
      catalog: { events: { signup: {} } } as never,
    })
    await closed.projects.create({ slug: 'p' })
    for (const name of ['start', 'return']) {
      await expect(closed.cohorts({ range: '7d', [name]: { event: 'sign_up' } })).rejects.toMatchObject({
        code: 'invalid_params',
        message: expect.stringContaining('did you mean "signup"'),
      })
    }
    await closed.close()
  })
})

test('retention is logical: what is not kept starts no cohort, and the answer says so', async () => {
  const { meta } = await analytics.cohorts({ from: '2024-12-01', to: '2025-02-01', interval: 'month' })
  expect(meta.warnings).toEqual(['This project keeps 400 days; older events are not counted.'])
})
