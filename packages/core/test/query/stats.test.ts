import { type Analytics, createAnalytics } from '@millimetric/core'
import { memoryEvents, memoryKeys } from '@millimetric/core/memory'
import { beforeEach, describe, expect, test } from 'vitest'

const NOW = Date.UTC(2026, 4, 16, 12)
let analytics: Analytics

beforeEach(async () => {
  analytics = createAnalytics({
    events: memoryEvents(),
    keys: memoryKeys(),
    clock: () => NOW,
    delivery: { flushIntervalMs: 0 },
  })
  await analytics.projects.create({ slug: 'p', timezone: 'America/New_York', retention_days: 400 })
  await analytics.batch([
    { event: 'a', anonymous_id: 'v1', timestamp: '2026-05-15T03:59:59Z' },
    { event: 'a', anonymous_id: 'v1', timestamp: '2026-05-15T04:00:00Z' },
    { event: 'b', anonymous_id: 'v2', timestamp: '2026-05-16T03:00:00Z' },
  ])
})

const values = (rows: readonly { value: number }[]): number[] => rows.map(({ value }) => value)

test('the zone is the project’s unless asked otherwise; series are zero-filled', async () => {
  const own = await analytics.stats({ range: '3d', interval: 'day' })
  expect(own.rows.map(({ bucket, value }) => [bucket, value])).toEqual([
    ['2026-05-14T00:00:00-04:00', 1],
    ['2026-05-15T00:00:00-04:00', 2],
    ['2026-05-16T00:00:00-04:00', 0],
  ])
  const utc = await analytics.stats({ range: '3d', interval: 'day', timezone: 'UTC' })
  expect(values(utc.rows)).toEqual([0, 2, 1])
})

test('a grouped series fills every group and bucket, largest group first', async () => {
  const { rows } = await analytics.stats({
    range: '2d',
    interval: 'day',
    group_by: ['event_name'],
    timezone: 'UTC',
  })
  expect(rows.map(({ bucket, event_name, value }) => [bucket?.slice(8, 10), event_name, value])).toEqual([
    ['15', 'a', 2],
    ['15', 'b', 0],
    ['16', 'a', 0],
    ['16', 'b', 1],
  ])
})

test('meta says what was counted', async () => {
  const { meta } = await analytics.stats({ from: '2026-05-01', to: '2026-05-02', include_bots: true })
  expect(meta).toEqual({
    timezone: 'America/New_York',
    from: '2026-05-01T00:00:00-04:00',
    to: '2026-05-02T00:00:00-04:00',
    include_bots: true,
    answered_by: 'raw',
    estimated: false,
    truncated: false,
    warnings: [],
  })
})

test('retention is logical: what lies beyond it is not read, and the answer says so', async () => {
  const { meta } = await analytics.stats({ from: '2020-01-01', to: '2026-05-17' })
  expect(meta.warnings).toEqual(['This project keeps 400 days; older events are not counted.'])
  const late = await analytics.track({ event: 'a', anonymous_id: 'v', timestamp: '2025-01-01T00:00:00Z' })
  expect(late).toMatchObject({ ok: false, code: 'older_than_retention' })
})

describe('bad parameters', () => {
  const cases: [string, Record<string, unknown>, string, RegExp][] = [
    ['no range at all', {}, 'invalid_params', /from: missing/],
    ['from without to', { from: '2026-05-01' }, 'invalid_params', /to: missing/],
    ['from after to', { from: '2026-05-02', to: '2026-05-01' }, 'invalid_params', /not before/],
    ['not ISO', { from: 'yesterday-ish', to: '2026-05-01' }, 'invalid_params', /ISO 8601/],
    [
      'seconds',
      { from: 1_778_000_000, to: 1_778_958_000 },
      'invalid_params',
      /^from: .*seconds.*milliseconds/,
    ],
    ['seconds as text', { from: '2026-05-01', to: '1778958000' }, 'invalid_params', /^to: .*seconds/],
    ['range and from', { range: '7d', from: '2026-05-01' }, 'invalid_params', /either/],
    ['unknown range', { range: 'fortnight' }, 'invalid_params', /fortnight/],
    ['unknown metric', { range: '7d', metric: 'median' }, 'invalid_params', /metric/],
    ['metric __proto__', { range: '7d', metric: '__proto__' }, 'invalid_params', /metric/],
    ['unknown dimension', { range: '7d', group_by: "properties'); DROP" }, 'invalid_group_by', /group_by/],
    ['unknown interval', { range: '7d', interval: 'fortnight' }, 'invalid_params', /interval/],
    ['limit 0', { range: '7d', limit: 0 }, 'invalid_params', /limit/],
    ['limit -1', { range: '7d', limit: '-1' }, 'invalid_params', /limit/],
    ['limit 1e9', { range: '7d', limit: '1e9' }, 'invalid_params', /limit/],
    ['limit 1001', { range: '7d', limit: 1001 }, 'invalid_params', /limit/],
    ['unknown zone', { range: '7d', timezone: 'Mars/Base' }, 'invalid_params', /Mars/],
    ['an offset for a zone', { range: '7d', timezone: '+05:30' }, 'invalid_params', /IANA.*Etc\/GMT-5/],
    ['a parameter that does not exist', { range: '7d', grup_by: 'source' }, 'invalid_params', /grup_by/],
    ['a list where text is expected', { range: '7d', source: ['a', 'b'] }, 'invalid_params', /source/],
    [
      'too many buckets',
      { from: '2000-01-01', to: '2026-01-01', interval: 'minute' },
      'invalid_params',
      /buckets/,
    ],
  ]
  for (const [name, params, code, message] of cases) {
    test(name, async () => {
      const asked = analytics.stats(params as never)
      await expect(asked).rejects.toMatchObject({
        code,
        status: 400,
        message: expect.stringMatching(message),
      })
    })
  }

  test('the error of a closed list carries the list', async () => {
    await expect(analytics.stats({ range: '7d', group_by: ['nope' as never] })).rejects.toMatchObject({
      details: { allowed: expect.arrayContaining(['source', 'country']) },
    })
  })
})

test('the beginning of time, and zones that are fixed offsets', async () => {
  const { meta } = await analytics.stats({ from: 0, to: NOW, timezone: 'Etc/GMT-5' })
  expect(meta.from).toBe('1970-01-01T05:00:00+05:00')
})

test('a moment is a date, a number or text; in an address the number is digits', async () => {
  const from = Date.UTC(2026, 4, 1)
  for (const same of [
    from,
    new Date(from),
    String(from),
    '2026-05-01',
    '20260501',
    '2026-05-01T02:00+02:00',
  ]) {
    const { meta } = await analytics.stats({ from: same, to: NOW, timezone: 'UTC' })
    expect(meta.from).toBe('2026-05-01T00:00:00+00:00')
  }
  for (const seconds of [from / 1000, String(from / 1000)]) {
    await expect(analytics.stats({ from: seconds, to: NOW })).rejects.toMatchObject({
      code: 'invalid_params',
      message: 'from: 1777593600 looks like seconds; send epoch milliseconds or ISO 8601.',
    })
  }
})

test('short ranges', async () => {
  const range = async (range: string): Promise<[string, string]> => {
    const { meta } = await analytics.stats({ range, timezone: 'UTC' })
    return [meta.from.slice(0, 16), meta.to.slice(0, 16)]
  }
  expect(await range('today')).toEqual(['2026-05-16T00:00', '2026-05-17T00:00'])
  expect(await range('yesterday')).toEqual(['2026-05-15T00:00', '2026-05-16T00:00'])
  expect(await range('7d')).toEqual(['2026-05-10T00:00', '2026-05-17T00:00'])
  expect(await range('30d')).toEqual(['2026-04-17T00:00', '2026-05-17T00:00'])
  expect(await range('24h')).toEqual(['2026-05-15T12:00', '2026-05-16T12:00'])
  expect(await range('week')).toEqual(['2026-05-11T00:00', '2026-05-18T00:00'])
  expect(await range('month')).toEqual(['2026-05-01T00:00', '2026-06-01T00:00'])
})
