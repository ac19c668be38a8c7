import { createAnalytics, isAnalyticsError } from '@millimetric/core'
import { memoryEvents, memoryKeys } from '@millimetric/core/memory'
import { expect, test } from 'vitest'

const stores = { events: memoryEvents(), keys: memoryKeys() }

test('options that make no sense throw at once and say what to do', () => {
  const cases: [Record<string, unknown>, RegExp][] = [
    [{}, /events is missing.*chdbEvents/],
    [{ events: stores.events }, /keys is missing.*pgliteKeys/],
    [{ ...stores, event: 1 }, /unknown option event\. Known options: events, keys/],
    [{ ...stores, basePath: 'analytics' }, /basePath must start with a slash/],
    [{ ...stores, trustedProxies: -1 }, /trustedProxies must be a whole number from 0 to 32/],
    [{ ...stores, keyCacheTtlMs: 600_000 }, /keyCacheTtlMs must be a whole number from 0 to 300000/],
    [{ ...stores, maxBodyBytes: Number.NaN }, /maxBodyBytes/],
    [{ ...stores, delivery: { maxBatchRows: 0 } }, /delivery.maxBatchRows/],
  ]
  for (const [options, message] of cases) {
    expect(() => createAnalytics(options as never)).toThrow(message)
  }
})

test('construction opens nothing and starts nothing', () => {
  const before = process.getActiveResourcesInfo().length
  const listeners = process.eventNames().length
  createAnalytics({
    events: { ...stores.events, insert: () => Promise.reject(new Error('touched')) },
    keys: { ...stores.keys, peppers: () => Promise.reject(new Error('touched')) },
  })
  expect(process.getActiveResourcesInfo().length).toBe(before)
  expect(process.eventNames().length).toBe(listeners)
})

test('which project: none yet, the only one, several, a named one', async () => {
  const analytics = createAnalytics({
    events: memoryEvents(),
    keys: memoryKeys(),
    delivery: { flushIntervalMs: 0 },
    onDiagnostic: () => {},
  })
  const event = { event: 'e', anonymous_id: 'a' }
  expect(await analytics.track(event)).toMatchObject({
    ok: false,
    code: 'unknown_project',
    message: /projects\.create/,
  })
  await expect(analytics.stats({ range: '7d' })).rejects.toMatchObject({
    code: 'unknown_project',
    status: 404,
  })
  const { project } = await analytics.projects.create({ slug: 'one' })
  expect(await analytics.track(event)).toMatchObject({ ok: true })
  await analytics.projects.create({ slug: 'two' })
  expect(await analytics.track(event)).toMatchObject({
    ok: false,
    code: 'unknown_project',
    message: /2 projects/,
  })
  expect(await analytics.track(event, { project: 'two' })).toMatchObject({ ok: true })
  expect(await analytics.track(event, { project: project.id })).toMatchObject({ ok: true })
  expect(await analytics.track(event, { project: 'three' })).toMatchObject({
    ok: false,
    code: 'unknown_project',
  })
  expect((await analytics.stats({ range: '7d' }, { project: 'one' })).rows).toEqual([{ value: 2 }])
  expect((await analytics.stats({ range: '7d' }, { project: 'two' })).rows).toEqual([{ value: 1 }])
})

test('errors are recognised by their brand', async () => {
  const analytics = createAnalytics(stores)
  const error = await analytics.stats({ range: '7d' }, { project: 'none' }).catch((caught: unknown) => caught)
  expect(isAnalyticsError(error)).toBe(true)
  expect(isAnalyticsError(new Error('x'))).toBe(false)
  expect(isAnalyticsError(null)).toBe(false)
})

test('a listener that throws does not reach the host', async () => {
  const analytics = createAnalytics({
    ...stores,
    onDiagnostic: () => {
      throw new Error('listener')
    },
  })
  await analytics.projects.create({ slug: 'p' })
  expect(await analytics.track({ event: '', anonymous_id: 'a' })).toMatchObject({
    ok: false,
    code: 'missing_event',
  })
})
