import { createAnalytics, type Diagnostic, isAnalyticsError } from '@millimetric/core'
import { chdbEvents } from '@millimetric/core/chdb'
import { clickhouseEvents } from '@millimetric/core/clickhouse'
import { memoryEvents, memoryKeys } from '@millimetric/core/memory'
import { pgliteKeys } from '@millimetric/core/pglite'
import { postgresKeys } from '@millimetric/core/postgres'
import { expect, test } from 'vitest'
import { findStores } from '../src/cli/stores.js'

const stores = { events: memoryEvents(), keys: memoryKeys() }

test('options that make no sense throw at once and say what to do', () => {
  const cases: [Record<string, unknown>, RegExp][] = [
    [{}, /events is missing.*chdbEvents/],
    [{ events: stores.events }, /keys is missing.*pgliteKeys/],
    [
      { ...stores, event: 1 },
      /unknown option event \(did you mean "events"\?\)\. Known options: events, keys/,
    ],
    [{ ...stores, xyz: 1 }, /unknown option xyz\. Known options: events, keys/],
    [{ ...stores, basePath: 'analytics' }, /basePath must start with a slash/],
    [{ ...stores, trustedProxies: -1 }, /trustedProxies must be a whole number from 0 to 32/],
    [{ ...stores, keyCacheTtlMs: 600_000 }, /keyCacheTtlMs must be a whole number from 0 to 300000/],
    [{ ...stores, maxBodyBytes: Number.NaN }, /maxBodyBytes/],
    [{ ...stores, delivery: { maxBatchRows: 0 } }, /delivery.maxBatchRows/],
    [
      { ...stores, delivery: { flushIntervall: 5 } },
      /delivery: unknown option flushIntervall \(did you mean "flushIntervalMs"\?\)/,
    ],
    [{ ...stores, delivery: 5 }, /delivery takes an object: \{ maxBatchRows/],
    [
      { ...stores, erasure: { deliverMs: 5 } },
      /erasure: unknown option deliverMs \(did you mean "deliveryMs"\?\)/,
    ],
    [{ ...stores, ownTraffic: { origin: [] } }, /ownTraffic: .*did you mean "origins"/],
    [{ ...stores, plans: { free: { eventsPerMont: 1 } } }, /plans\.free: .*did you mean "eventsPerMonth"/],
    [{ ...stores, country: { heeder: 'cf-ipcountry' } }, /country: .*did you mean "header"/],
    [{ ...stores, rateLimits: { trak: null } }, /rateLimits\.trak is no route/],
  ]
  for (const [options, message] of cases) {
    expect(() => createAnalytics(options as never)).toThrow(message)
  }
})

test('an option of delivery that is given as undefined has its default', () => {
  expect(() => createAnalytics({ ...stores, delivery: { flushRows: undefined } as never })).not.toThrow()
})

test('stores refuse options that they do not have, and addresses that are none, at once', () => {
  const pool = { connect: async () => {}, on: () => {} }
  const pepper = 'a pepper for the tests'
  const url = 'http://localhost:8123'
  const cases: [make: () => unknown, message: RegExp][] = [
    [() => chdbEvents({ pth: 'x' } as never), /chdbEvents: unknown option pth \(did you mean "path"\?\)/],
    [() => chdbEvents(undefined as never), /chdbEvents takes \{ path \}/],
    [
      () => chdbEvents({ path: 'x', limits: { maxExecutionTim: 1 } as never }),
      /chdbEvents: limits: .*did you mean "maxExecutionTime"/,
    ],
    [() => clickhouseEvents({ url, user: 'x' } as never), /clickhouseEvents: unknown option user\. Known/],
    [() => clickhouseEvents({ url, databse: 'x' } as never), /did you mean "database"/],
    [() => clickhouseEvents({ url, cluster: { nam: 'x' } } as never), /cluster: .*did you mean "name"/],
    [() => clickhouseEvents({ url, limits: { rows: 1 } } as never), /limits: unknown option rows/],
    [() => clickhouseEvents(undefined as never), /either \{ client \} or \{ url \}/],
    ...['', 'localhost:8123', 'not a url', 'tcp://user:secret@localhost:9000', 'http://'].map(
      (wrong): [() => unknown, RegExp] => [
        () => clickhouseEvents({ url: wrong }),
        /url must be the HTTP interface of the server, for example http:\/\/localhost:8123\.$/,
      ],
    ),
    [() => pgliteKeys({ dir: 'x' } as never), /pgliteKeys: unknown option dir\. Known options: path, pepper/],
    [() => pgliteKeys({ pepper: { current: pepper, prevous: [] } as never }), /did you mean "previous"/],
    [() => postgresKeys({ pool, pepper, listn: true } as never), /did you mean "listen"/],
    [() => postgresKeys(undefined as never), /pool must be a Pool/],
  ]
  for (const [make, message] of cases) {
    expect(make).toThrow(message)
    expect(make).toThrow(expect.objectContaining({ code: 'invalid_options' }))
  }
})

test('an event store that can not be reached says what to look at, and not where it is', async () => {
  const heard: Diagnostic[] = []
  const analytics = createAnalytics({
    events: clickhouseEvents({ url: 'http://localhost:1', username: 'me', password: 'hunter2hunter2' }),
    keys: memoryKeys(),
    delivery: { flushIntervalMs: 0, retryDelaysMs: [] },
    onDiagnostic: (diagnostic) => heard.push(diagnostic),
  })
  await analytics.projects.create({ slug: 'p' })
  const receipt = await analytics.track({ event: 'e', anonymous_id: 'a' })
  expect(receipt).toMatchObject({
    ok: false,
    code: 'storage_unavailable',
    message: expect.stringMatching(/is the server running.*`url`.*millimetric doctor/is),
  })
  expect(JSON.stringify(receipt)).not.toMatch(/localhost|hunter2/)
  expect(heard).toMatchObject([{ kind: 'events_not_stored', code: 'storage_unavailable', count: 1 }])
  await analytics.close()
})

test('so does what the command line opens', async () => {
  const where = { data: 'none', database: undefined, postgres: undefined, pepper: undefined }
  await expect(findStores({ ...where, clickhouse: 'user:secret' })).rejects.toMatchObject({
    code: 'invalid_options',
    message: expect.stringMatching(/^(?!.*secret).*url must be the HTTP interface/),
  })
  const { events } = await findStores({ ...where, clickhouse: 'http://me:hunter2@localhost:1' })
  await expect(events.migrate()).rejects.toMatchObject({
    code: 'storage_unavailable',
    message: expect.stringMatching(/^(?!.*(?:localhost|hunter2)).*is the server running/i),
  })
  await events.close()
})

test('keys of another pepper are refused, and the operator hears which pepper they need', async () => {
  const heard: Diagnostic[] = []
  const made = memoryKeys({ pepper: 'the pepper of yesterday' })
  const { keys } = await createAnalytics({ ...stores, keys: made }).projects.create({ slug: 'p' })
  const [old] = await made.peppers()
  const analytics = createAnalytics({
    ...stores,
    keys: { ...made, peppers: async () => await memoryKeys({ pepper: 'the pepper of today' }).peppers() },
    onDiagnostic: (diagnostic) => heard.push(diagnostic),
  })
  const answer = await analytics.handler(
    new Request('http://host.test/v1/stats?range=7d', { headers: { authorization: `Bearer ${keys.rk}` } }),
  )
  expect([answer.status, await answer.json()]).toMatchObject([401, { error: 'invalid_api_key' }])
  expect(heard).toMatchObject([
    {
      kind: 'pepper_mismatch',
      level: 'error',
      pepper_id: old?.id,
      message: expect.stringMatching(
        /the pepper whose SHA-256 starts with this pepper_id.*previous pepper.*new key/,
      ),
    },
  ])
  expect(JSON.stringify(heard)).not.toMatch(/yesterday|today/)
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
