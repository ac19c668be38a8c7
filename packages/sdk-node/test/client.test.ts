import { spawnSync } from 'node:child_process'
import { LIMITS } from '@millimetric/schema/limits'
import type * as wire from '@millimetric/schema/wire'
import { afterEach, beforeEach, describe, expect, expectTypeOf, test, vi } from 'vitest'
import * as sdk from '../src/index.js'
import { type ClientOptions, type Drop, MillimetricClient, type MillimetricError } from '../src/index.js'
import { retryAfterMs } from '../src/transport.js'
import { accept, hangUp, silence, slow, startServer, status, type TestServer } from './server.js'

let server: TestServer
let clients: MillimetricClient[]
let drops: Drop[]
let errors: MillimetricError[]

beforeEach(async () => {
  server = await startServer()
  clients = []
  drops = []
  errors = []
})
afterEach(async () => {
  await Promise.all(clients.map((client) => client.close({ timeoutMs: 1 })))
  await server.close()
  vi.restoreAllMocks()
})

function client(options: Partial<ClientOptions> = {}): MillimetricClient {
  const made = new MillimetricClient({
    key: 'sk_test_1',
    host: `${server.host}/`,
    onDrop: (drop) => drops.push(drop),
    onError: (error) => errors.push(error),
    ...options,
  })
  clients.push(made)
  return made
}

const names = (): unknown[] => server.events().map(({ event }) => event)
const reasons = (): [string, unknown[]][] =>
  drops.map(({ reason, events }) => [reason, events.map((e) => e.event)])
const failure = (promise: Promise<unknown>): Promise<unknown> => promise.catch((error) => error)
const until = async (condition: () => boolean): Promise<void> => {
  for (let n = 0; n < 250 && !condition(); n++) await new Promise((resolve) => setTimeout(resolve, 20))
  expect(condition()).toBe(true)
}

test('its types are those of the wire', () => {
  expectTypeOf<sdk.TrackEvent>().toEqualTypeOf<wire.TrackEvent>()
  expectTypeOf<sdk.Identify>().toEqualTypeOf<wire.Identify>()
  expectTypeOf<sdk.Properties>().toEqualTypeOf<wire.Properties>()
})

describe('track', () => {
  test('posts the event, with id, time and SDK, and gives the receipt', async () => {
    const event = { event: 'signup', user_id: 42, properties: { plan: 'free' }, ip: '192.0.2.1' }
    const receipt = await client().track(event)
    expect(server.received[0]).toMatchObject({
      path: '/v1/track',
      authorization: 'Bearer sk_test_1',
      gzip: false,
    })
    expect(server.received[0]?.body).toEqual({
      ...event,
      event_id: receipt.event_id,
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      sdk_name: 'millimetric-node',
      sdk_version: '0.1.0',
    })
    expect(receipt.status).toBe('stored')
    expect(event).not.toHaveProperty('event_id')
  })

  test('keeps id and time of the caller, whatever form they have', async () => {
    const sender = client()
    await sender.track({ event: 'a', event_id: 'mine', timestamp: 1_700_000_000_000, sdk_name: 'mine' })
    await sender.track({ event: 'b', timestamp: new Date(1_700_000_000_000), event_id: null })
    expect(server.events()[0]).toMatchObject({
      event_id: 'mine',
      timestamp: 1_700_000_000_000,
      sdk_name: 'mine',
    })
    expect(server.events()[1]).toMatchObject({ timestamp: '2023-11-14T22:13:20.000Z' })
    expect(server.events()[1]?.event_id).toEqual(expect.any(String))
  })

  test('freezes the event when it is called', async () => {
    const sender = client({ flushAt: 10 })
    const properties = { items: [1] }
    sender.track({ event: 'x', properties })
    properties.items.push(2)
    await sender.flush()
    expect(server.events()[0]?.properties).toEqual({ items: [1] })
  })

  test('above 1 waits for flushAt events, and the event that fills the batch waits for the answer', async () => {
    const sender = client({ flushAt: 3, flushIntervalMs: 60_000 })
    expect((await sender.track({ event: 'a' })).status).toBe('queued')
    expect((await sender.track({ event: 'b' })).status).toBe('queued')
    expect(server.received).toEqual([])
    expect((await sender.track({ event: 'c' })).status).toBe('stored')
    expect(server.received.map(({ path, events }) => [path, events.length])).toEqual([['/v1/batch', 3]])
  })

  test('above 1 sends after flushIntervalMs', async () => {
    client({ flushAt: 3, flushIntervalMs: 30 }).track({ event: 'a' })
    await until(() => server.received.length === 1)
  })

  test('of many at once keeps sockets few and loses none', async () => {
    let open = 0
    let most = 0
    server.otherwise = (response, request) => {
      most = Math.max(most, ++open)
      setTimeout(() => {
        open--
        accept(response, request)
      }, 5)
    }
    const sender = client()
    await Promise.all(Array.from({ length: 200 }, (_, n) => sender.track({ event: `e${n}` })))
    expect(new Set(names()).size).toBe(200)
    expect(most).toBeLessThanOrEqual(16)
  })

  test('tells what the server has done to each event of a batch', async () => {
    server.answers = [
      status(
        202,
        {},
        {
          ok: true,
          count: 1,
          results: [
            { index: 0, event_id: 'a', status: 'rejected', code: 'illegal_id', message: 'no person' },
            { index: 1, event_id: 'b', status: 'dropped', code: 'erased' },
            { index: 2, event_id: 'c', status: 'duplicate', warnings: ['sanitized'] },
          ],
        },
      ),
    ]
    const sender = client({ flushAt: 3 })
    sender.track({ event: 'a' })
    sender.track({ event: 'b' })
    expect(await sender.track({ event: 'c' })).toMatchObject({ status: 'duplicate', warnings: ['sanitized'] })
    expect(reasons()).toEqual([
      ['illegal_id', ['a']],
      ['erased', ['b']],
    ])
    expect(drops[0]?.message).toBe('no person')
    await sender.flush()
    expect(server.received).toHaveLength(1)
  })
})

test('identify posts the link, in order with the events', async () => {
  const sender = client({ flushAt: 10 })
  sender.track({ event: 'before', anonymous_id: 'u_1' })
  sender.identify({ anonymous_id: 'u_1', user_id: 42, traits: { plan: 'pro' } })
  sender.track({ event: 'after', user_id: 42 })
  await sender.flush()
  expect(server.received.map(({ path }) => path)).toEqual(['/v1/batch', '/v1/identify', '/v1/batch'])
  expect(server.received[1]?.body).toEqual({
    anonymous_id: 'u_1',
    user_id: 42,
    traits: { plan: 'pro' },
    event_id: expect.any(String),
    timestamp: expect.any(String),
  })
  server.answers = [status(503), status(400)]
  expect(await failure(sender.identify({ anonymous_id: 'u_1', user_id: '' }))).toMatchObject({
    status: 'queued',
  })
  expect(await failure(sender.flush())).toMatchObject({ code: 'code_400' })
  expect(server.received[4]?.body).toEqual(server.received[3]?.body)
  expect(reasons()).toEqual([['code_400', ['$identify']]])
})

describe('bodies', () => {
  test('above 1 KiB are compressed, unless told otherwise', async () => {
    const event = { event: 'x', properties: { text: 'ä'.repeat(2000) } }
    await client().track(event)
    await client({ gzip: false }).track(event)
    expect(server.received.map(({ gzip }) => gzip)).toEqual([true, false])
    expect(server.events()[0]?.properties).toEqual(event.properties)
  })

  test('go uncompressed where the runtime can not compress', async () => {
    vi.stubGlobal('CompressionStream', undefined)
    await client().track({ event: 'x', properties: { text: 'x'.repeat(2000) } })
    vi.unstubAllGlobals()
    expect(server.received[0]?.gzip).toBe(false)
  })

  test('of a batch stay below 1 MiB and 1000 events', async () => {
    const sender = client({ flushAt: 3000, maxQueue: 3000 })
    for (let n = 0; n < 1200; n++) sender.track({ event: `e${n}` })
    for (let n = 0; n < 300; n++) sender.track({ event: `big${n}`, properties: { text: 'ä'.repeat(4000) } })
    await sender.flush()
    expect(names()).toHaveLength(1500)
    expect(server.received[0]?.events).toHaveLength(LIMITS.batchEvents)
    for (const { body, events } of server.received) {
      expect(events.length).toBeLessThanOrEqual(LIMITS.batchEvents)
      expect(Buffer.byteLength(JSON.stringify(body))).toBeLessThanOrEqual(LIMITS.bodyBytes)
    }
  })

  test('that are too large are halved until one event is alone', async () => {
    server.otherwise = (response, request) =>
      names().length && request.events.some(({ event }) => event === 'big')
        ? status(413)(response, request)
        : accept(response, request)
    const sender = client({ flushAt: 4 })
    for (const event of ['a', 'b', 'big']) sender.track({ event })
    const last = await sender.track({ event: 'd' })
    expect(last.status).toBe('stored')
    expect(reasons()).toEqual([['code_413', ['big']]])
    expect(server.received.map(({ events }) => events.map(({ event }) => event).join())).toEqual([
      'a,b,big,d',
      'a,b',
      'big,d',
      'big',
      'd',
    ])
  })
})

describe('failure', () => {
  test('puts events back to the head of the queue, in order, and is told', async () => {
    server.otherwise = status(503)
    const sender = client({ flushAt: 2, maxRetries: 0 })
    sender.track({ event: 'a' })
    expect(await failure(sender.track({ event: 'b' }))).toMatchObject({ code: 'code_503', retained: true })
    sender.track({ event: 'c' })
    expect(errors).toHaveLength(1)
    server.otherwise = accept
    await sender.flush()
    expect(server.received.at(-1)?.events.map(({ event }) => event)).toEqual(['a', 'b', 'c'])
    expect(drops).toEqual([])
  })

  test('is tried again by itself', async () => {
    server.answers = [status(503)]
    const sender = client({ maxRetries: 0, flushIntervalMs: 50 })
    await failure(sender.track({ event: 'a' }))
    await until(() => server.received.length === 2)
    expect(server.received[1]?.body).toEqual(server.received[0]?.body)
  })

  test('of many requests at once is one failure: the next try is soon', async () => {
    server.answers = Array.from({ length: 10 }, () => hangUp)
    const sender = client({ maxRetries: 0, flushIntervalMs: 50 })
    await Promise.all(Array.from({ length: 10 }, (_, n) => failure(sender.track({ event: `e${n}` }))))
    await until(() => server.received.length === 20)
    expect(new Set(server.events().map(({ event_id }) => event_id)).size).toBe(10)
  })

  test('does not send once for each call while the server is away', async () => {
    server.otherwise = status(503)
    const sender = client({ maxRetries: 0, flushIntervalMs: 60_000 })
    for (let n = 0; n < 50; n++) {
      expect(await failure(sender.track({ event: `e${n}` }))).toMatchObject({ retained: true })
    }
    expect(server.received).toHaveLength(1)
    server.otherwise = accept
    await sender.flush()
    expect(new Set(names()).size).toBe(50)
  })

  test('of a full queue drops the oldest and tells', async () => {
    const sender = client({ flushAt: 100, maxQueue: 3 })
    for (const event of ['a', 'b', 'c', 'd', 'e']) sender.track({ event })
    await sender.flush()
    expect(names()).toEqual(['c', 'd', 'e'])
    expect(reasons()).toEqual([
      ['queue_full', ['a']],
      ['queue_full', ['b']],
    ])
  })

  test('with everything on its way refuses the newest', async () => {
    server.otherwise = slow(100)
    const sender = client({ maxQueue: 2 })
    const all = ['a', 'b', 'c'].map((event) => failure(sender.track({ event })))
    expect(await Promise.all(all)).toMatchObject([
      { status: 'stored' },
      { status: 'stored' },
      { code: 'queue_full' },
    ])
    expect(reasons()).toEqual([['queue_full', ['c']]])
  })

  test('is written to the console once for each reason when nobody listens', async () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
    server.otherwise = status(401)
    const sender = client({ onDrop: undefined, onError: undefined })
    for (let n = 0; n < 3; n++) await failure(sender.track({ event: 'secret-name' }))
    expect(warn).toHaveBeenCalledTimes(1)
    expect(warn.mock.calls[0]?.[0]).toContain('code_401')
    expect(warn.mock.calls[0]?.[0]).not.toContain('secret-name')
  })

  test('callbacks that throw do no harm', async () => {
    server.answers = [status(400), status(500)]
    const raise = (): never => {
      throw new Error('callback')
    }
    const sender = client({ onDrop: raise, onError: raise, maxRetries: 0 })
    await failure(sender.track({ event: 'a' }))
    await failure(sender.track({ event: 'b' }))
    await sender.flush()
    expect(names()).toEqual(['a', 'b', 'b'])
  })
})

describe('flush', () => {
  test('waits for what is on its way and for what has come since, not for what comes later', async () => {
    server.otherwise = slow(30)
    const sender = client({ flushAt: 2, flushIntervalMs: 60_000 })
    sender.track({ event: 'a' })
    sender.track({ event: 'b' })
    sender.track({ event: 'c' })
    const flushed = sender.flush()
    let later = true
    const more = async (): Promise<void> => {
      while (later) {
        sender.track({ event: 'later' })
        await new Promise((resolve) => setTimeout(resolve, 2))
      }
    }
    const ended = more()
    await flushed
    later = false
    await ended
    expect(names().slice(0, 3)).toEqual(['a', 'b', 'c'])
  })

  test('of nothing is done at once', async () => {
    await client().flush()
    expect(server.received).toEqual([])
  })

  test('called many times sends once', async () => {
    const sender = client({ flushAt: 10 })
    sender.track({ event: 'a' })
    await Promise.all([sender.flush(), sender.flush(), sender.flush()])
    expect(server.received).toHaveLength(1)
  })
})

describe('close', () => {
  test('delivers what waits and gives one promise', async () => {
    const sender = client({ flushAt: 10 })
    sender.track({ event: 'a' })
    const closed = sender.close()
    expect(sender.close()).toBe(closed)
    expect(await closed).toEqual({ undelivered: [] })
    expect(names()).toEqual(['a'])
  })

  test('says what it could not deliver', async () => {
    server.otherwise = status(503)
    const sender = client({ flushAt: 10, maxRetries: 0 })
    sender.track({ event: 'a', event_id: '1' })
    sender.identify({ anonymous_id: 'u', user_id: 'v', traits: { plan: 'pro' } })
    const { undelivered, error } = await sender.close()
    expect(error).toMatchObject({ code: 'code_503' })
    expect(undelivered).toMatchObject([
      { event: 'a', event_id: '1', timestamp: expect.any(String) },
      { event: '$identify', user_id: 'v', properties: { plan: 'pro' } },
    ])
    expect(reasons()).toEqual([['closed', ['a', '$identify']]])
  })

  test('does not wait longer than told', async () => {
    server.otherwise = silence
    const sender = client()
    const tracked = failure(sender.track({ event: 'a' }))
    const start = Date.now()
    expect((await sender.close({ timeoutMs: 100 })).undelivered).toMatchObject([{ event: 'a' }])
    expect(Date.now() - start).toBeLessThan(1000)
    expect(await tracked).toMatchObject({ code: 'closed' })
  })

  test('does not sit out a long Retry-After', async () => {
    server.otherwise = status(429, { 'retry-after': '300' })
    const sender = client()
    sender.track({ event: 'a' })
    await until(() => server.received.length === 1)
    expect((await sender.close({ timeoutMs: 100 })).undelivered).toHaveLength(1)
  })

  test('takes nothing more, and tells', async () => {
    const sender = client()
    await sender.close()
    expect(await failure(sender.track({ event: 'late' }))).toMatchObject({ code: 'closed' })
    expect(reasons()).toEqual([['closed', ['late']]])
    expect(server.received).toEqual([])
  })
})

test.each(['1', '300', '301', '99999999', 'Fri, 31 Dec 2100 00:00:00 GMT'])(
  'Retry-After %s is capped',
  (header) => {
    expect(retryAfterMs(header)).toBe(Math.min(header.length > 9 ? Infinity : Number(header) * 1000, 300_000))
  },
)

test('10,000 hostile values: no throw, no unhandled rejection, each with a reason', async () => {
  const unhandled = vi.fn()
  process.on('unhandledRejection', unhandled)
  const raise = (): never => {
    throw new Error('hostile')
  }
  const circular: Record<string, unknown> = {}
  circular.self = circular
  let deep: Record<string, unknown> = {}
  for (let depth = 0; depth < 100_000; depth++) deep = { deep }
  const hostile: unknown[] = [
    { event: 'x', properties: circular },
    { event: 'x', properties: deep },
    { event: 'x', properties: { big: 1n } },
    { event: 'x', properties: { toJSON: raise } },
    { event: 'x', timestamp: new Date(Number.NaN) },
    { event: 'x', timestamp: Number.NaN },
    { event: 'x', event_id: Symbol('id') },
    { event: 'x', event_id: Number.NaN },
    { event: 'x', timestamp: Infinity },
    { event: 'x', event_id: { toString: raise } },
    Object.defineProperty({}, 'event', { enumerable: true, get: raise }),
    new Proxy({}, { get: raise, ownKeys: raise }),
    null,
    undefined,
  ]
  const sender = client()
  const results: Promise<unknown>[] = []
  for (let n = 0; n < 10_000; n++) {
    const value = hostile[n % hostile.length]
    const promise: Promise<unknown> = Reflect.apply(sender.track, sender, [value])
    if (n < hostile.length * 2) results.push(failure(promise))
  }
  for (const result of await Promise.all(results)) {
    expect(['invalid_event', 'invalid_event_id', 'invalid_timestamp']).toContain(
      Reflect.get(Object(result), 'code'),
    )
  }
  await new Promise((resolve) => setTimeout(resolve, 20))
  process.off('unhandledRejection', unhandled)
  expect(unhandled).not.toHaveBeenCalled()
  expect(drops).toHaveLength(10_000)
  expect(server.received).toEqual([])
  expect((await sender.track({ event: 'alive' })).status).toBe('stored')
}, 60_000)

test('a rejected call, flush or event that nobody awaits does not end the process', async () => {
  const unhandled = vi.fn()
  process.on('unhandledRejection', unhandled)
  server.otherwise = hangUp
  const sender = client({ maxRetries: 0, flushIntervalMs: 60_000 })
  sender.track({ event: 'a' })
  sender.flush()
  await until(() => errors.length > 0)
  sender.track({ event: 'b' })
  await new Promise((resolve) => setTimeout(resolve, 20))
  process.off('unhandledRejection', unhandled)
  expect(unhandled).not.toHaveBeenCalled()
})

describe('the process', () => {
  const run = (code: string): { status: number | null; stdout: string; stderr: string } =>
    spawnSync(
      process.execPath,
      ['--conditions=@millimetric/source', '--import', 'tsx', '--input-type=module', '-e', code],
      { cwd: new URL('..', import.meta.url), encoding: 'utf8', timeout: 20_000 },
    )

  test('is not kept alive by waiting events, and listens to nothing', () => {
    const { status: code, stdout } = run(`
      const before = process.eventNames().length
      const { init } = await import('./src/index.ts')
      const client = init({ key: 'sk_x', host: 'http://127.0.0.1:1', flushAt: 10, flushIntervalMs: 60000 })
      client.track({ event: 'a' })
      console.log(process.eventNames().length - before)
    `)
    expect([code, stdout.trim()]).toEqual([0, '0'])
  })

  test.each([
    ['flush', 10, 'client.track({ event: "a" }); await client.flush()'],
    ['event', 1, 'await client.track({ event: "a" })'],
    ['batch', 2, 'client.track({ event: "a" }); await client.track({ event: "b" })'],
  ])('stays for a %s that waits between two tries', (_, flushAt, code) => {
    const { status, stdout, stderr } = run(`
      const { init } = await import('./src/index.ts')
      const client = init({ key: 'sk_x', host: 'http://127.0.0.1:1', flushAt: ${flushAt}, onError() {}, onDrop() {} })
      try { ${code} } catch (error) { console.log(error.code) }
    `)
    expect([status, stdout.trim(), stderr]).toEqual([0, 'network_error', ''])
  })
})

describe('the module', () => {
  test('sends through the client of init', async () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
    expect(await failure(sdk.track({ event: 'early' }))).toMatchObject({ code: 'not_initialized' })
    expect(warn).toHaveBeenCalledTimes(1)
    await sdk.flush()
    const made = sdk.init({ key: 'sk_test_1', host: server.host, flushAt: 10 })
    expect(made).toBeInstanceOf(MillimetricClient)
    sdk.track({ event: 'a' })
    sdk.identify({ anonymous_id: 'u_1', user_id: 'v' })
    await sdk.flush()
    expect(await sdk.close()).toEqual({ undelivered: [] })
    expect(names()).toEqual(['a', undefined])
  })

  test.each([
    { key: 'pk_live_1' },
    { key: undefined },
    { key: 'sk_live_1\n' },
    { host: undefined },
    { host: 'localhost:8787' },
    { host: 'ftp://example.com' },
    { flushAt: 0 },
    { flushAt: 1.5 },
    { maxRetries: -1 },
    { maxQueue: 0 },
    { timeoutMs: Number.NaN },
  ])('refuses %j when it starts', (wrong) => {
    const options = { key: 'sk_live_1', host: 'http://localhost', ...wrong }
    expect(() => Reflect.apply(sdk.init, undefined, [options])).toThrow(
      expect.objectContaining({ code: 'invalid_options' }),
    )
  })
})
