import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type ClientOptions, MillimetricClient, MillimetricError } from '../src/index.js'
import {
  type Answer,
  cutBody,
  hangUp,
  silence,
  slow,
  startServer,
  status,
  type TestServer,
} from './server.js'

let server: TestServer
let clients: MillimetricClient[]

beforeEach(async () => {
  server = await startServer()
  clients = []
})
afterEach(async () => {
  await Promise.all(clients.map((client) => client.close({ timeoutMs: 1 })))
  await server.close()
})

function client(options: Partial<ClientOptions> = {}): MillimetricClient {
  const made = new MillimetricClient({
    key: 'sk_test_1',
    host: server.host,
    onDrop: () => {},
    onError: () => {},
    ...options,
  })
  clients.push(made)
  return made
}

const statuses = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index)

const AGAIN = [408, 429, 500, 501, 502, 503, 504, 505, 507, 511, 520, 529, 599]
// Not 407 and 421: fetch itself makes a network error of the one and repeats the other on a new connection.
const NEVER = [...statuses(400, 418), 422, 423, 425, 426, 428, 431, 451, 460, 499].filter(
  (code) => code !== 407 && code !== 408,
)
const REDIRECTS = [300, 301, 302, 303, 304, 307, 308, 399]
const BROKEN: [string, Answer][] = [
  ['a closed connection', hangUp],
  ['a cut answer', cutBody],
  ['200 from something else', (response) => void response.writeHead(200).end('<!doctype html>')],
  ['202 without ok', status(202, {}, { status: 'fine' })],
  ['an empty 204', status(204)],
]

describe.each([
  ['/v1/track', 1],
  ['/v1/batch', 2],
])('%s', (path, flushAt) => {
  const made = (options: Partial<ClientOptions> = {}): MillimetricClient => client({ flushAt, ...options })

  async function deliver(of: MillimetricClient): Promise<unknown> {
    for (let n = 0; n < flushAt; n++) of.track({ event: `e${n}`, anonymous_id: 'u_1' })
    return of.flush().catch((error) => error)
  }

  function expectSameEvents(): void {
    const [first] = server.received
    for (const { path: to, events } of server.received) {
      expect(to).toBe(path)
      expect(events).toEqual(first?.events)
    }
    for (const event of first?.events ?? []) {
      expect(event.event_id).toEqual(expect.any(String))
      expect(event.timestamp).toEqual(expect.any(String))
    }
  }

  test.each(AGAIN)('%i is tried again with the same ids and times', async (code) => {
    server.answers = [status(code)]
    expect(await deliver(made())).toBeUndefined()
    expect(server.received).toHaveLength(2)
    expectSameEvents()
  })

  test.each(BROKEN)('%s is tried again with the same ids and times', async (_, answer) => {
    server.answers = [answer]
    expect(await deliver(made())).toBeUndefined()
    expect(server.received).toHaveLength(2)
    expectSameEvents()
  })

  test.each([...NEVER, ...REDIRECTS])('%i is given up at once', async (code) => {
    server.otherwise = status(code)
    const error = await deliver(made())
    expect(error).toBeInstanceOf(MillimetricError)
    expect(error).toMatchObject({ status: code, retained: false })
    // 413 asks for smaller batches first.
    expect(server.received).toHaveLength(code === 413 && flushAt === 2 ? 3 : 1)
  })

  test.each([200, 201, 202, 203])('%i with ok is taken', async (code) => {
    server.answers = [status(code)]
    expect(await deliver(made())).toBeUndefined()
    expect(server.received).toHaveLength(1)
  })

  test('no answer in time is tried again', async () => {
    server.answers = [silence, slow(50)]
    expect(await deliver(made({ timeoutMs: 200 }))).toBeUndefined()
    expect(server.received).toHaveLength(2)
    expectSameEvents()
  })

  test('waits 100, 200 and 400 ms, then keeps the events and says so', async () => {
    server.otherwise = status(503)
    const sender = made()
    expect(await deliver(sender)).toMatchObject({ code: 'code_503', status: 503, retained: true })
    expect(server.received).toHaveLength(4)
    const waits = server.received.slice(1).map(({ at }, index) => at - (server.received[index]?.at ?? 0))
    for (const [index, least] of [100, 200, 400].entries())
      expect(waits[index]).toBeGreaterThanOrEqual(least - 5)
    expectSameEvents()
    server.otherwise = status(202)
    await sender.flush()
    expect(server.received).toHaveLength(5)
    expectSameEvents()
  })

  test.each([429, 503])('%i with Retry-After 1 waits a second', async (code) => {
    server.answers = [status(code, { 'retry-after': '1' })]
    expect(await deliver(made())).toBeUndefined()
    expect((server.received[1]?.at ?? 0) - (server.received[0]?.at ?? 0)).toBeGreaterThanOrEqual(995)
    expectSameEvents()
  })

  test('Retry-After may be a date', async () => {
    server.answers = [
      (response, request) =>
        status(503, { 'retry-after': new Date(Date.now() + 2000).toUTCString() })(response, request),
    ]
    expect(await deliver(made())).toBeUndefined()
    // The date has no milliseconds.
    expect((server.received[1]?.at ?? 0) - (server.received[0]?.at ?? 0)).toBeGreaterThanOrEqual(900)
  })

  test.each(['soon', '-5', '1.5.2', '99999999999999999999x', '', 'Mon, 01 Jan 2001 00:00:00 GMT'])(
    'Retry-After %j is ordinary back-off',
    async (header) => {
      server.answers = [status(503, { 'retry-after': header })]
      expect(await deliver(made())).toBeUndefined()
      const wait = (server.received[1]?.at ?? 0) - (server.received[0]?.at ?? 0)
      expect(wait).toBeGreaterThanOrEqual(95)
      expect(wait).toBeLessThan(900)
    },
  )

  test('an error carries what the server said', async () => {
    server.answers = [
      status(
        400,
        {},
        { error: 'invalid_payload', message: 'why', request_id: 'r_1', details: { reason: 'x' } },
      ),
    ]
    expect(await deliver(made())).toMatchObject({
      name: 'MillimetricError',
      code: 'invalid_payload',
      message: 'why',
      request_id: 'r_1',
      details: { reason: 'x' },
      status: 400,
    })
  })

  test('a refusal that is no JSON has a code too', async () => {
    server.answers = [(response) => void response.writeHead(403).end('<h1>Forbidden</h1>')]
    expect(await deliver(made())).toMatchObject({ code: 'http_403', status: 403 })
  })

  test('maxRetries 0 tries once', async () => {
    server.otherwise = status(500)
    await deliver(made({ maxRetries: 0 }))
    expect(server.received).toHaveLength(1)
  })
})

test('a redirect names its target and the key does not follow', async () => {
  const other = await startServer()
  server.answers = [status(307, { location: `${other.host}/v1/track` })]
  const error = await client()
    .track({ event: 'x' })
    .catch((cause) => cause)
  expect(error.message).toContain(other.host)
  expect(other.received).toEqual([])
  await other.close()
})
