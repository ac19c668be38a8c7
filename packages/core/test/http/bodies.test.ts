import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ALL_ROUTES } from './all-routes.js'
import { dial, exchange } from './raw-socket.js'
import { openRouteBench, type RouteBench, validRequest } from './route-bench.js'

const TAKES_BODY = ALL_ROUTES.filter(({ method, by }) => method === 'POST' && by !== 'internal')
const INGEST = ALL_ROUTES.filter((route) => route.by === 'key' && route.scope === 'ingest')
const LIMIT = 4096
const KIB = 1024
const MIB = 1024 * KIB

let bench: RouteBench
beforeAll(async () => {
  bench = await openRouteBench({ maxBodyBytes: LIMIT, rateLimits: { track: null, batch: null } })
})
afterAll(async () => await bench.close())

const nested = (depth: number): string => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`

describe.each(INGEST)('POST $path', (route) => {
  const valid = (): string => JSON.stringify(validRequest(route, bench.own).body)

  const bad: [
    name: string,
    body: () => string | Uint8Array,
    headers: string[],
    status: number,
    reason: string,
  ][] = [
    ['nothing', () => '', [], 400, 'empty_body'],
    ['spaces', () => '   ', [], 400, 'invalid_json'],
    ['no JSON', () => '{a:1', [], 400, 'invalid_json'],
    ['plain text that calls itself gzip', valid, ['Content-Encoding: gzip'], 400, 'invalid_encoding'],
    [
      'half a gzip',
      () => gzipSync(valid()).subarray(0, 20),
      ['Content-Encoding: gzip'],
      400,
      'invalid_encoding',
    ],
    ['gzip in gzip', () => gzipSync(gzipSync(valid())), ['Content-Encoding: gzip'], 400, 'invalid_encoding'],
    ['gzip twice', valid, ['Content-Encoding: gzip, gzip'], 415, 'unsupported_media_type'],
    ['br', valid, ['Content-Encoding: br'], 415, 'unsupported_media_type'],
    ['an unknown encoding', valid, ['Content-Encoding: x-foo'], 415, 'unsupported_media_type'],
    ['a form', valid, ['Content-Type: multipart/form-data; boundary=x'], 415, 'unsupported_media_type'],
    ['XML', () => '<a/>', ['Content-Type: application/xml'], 415, 'unsupported_media_type'],
    ['bad UTF-8', () => Buffer.from([0x22, 0xc3, 0x28, 0x22]), [], 400, 'invalid_encoding'],
    ['UTF-16', () => Buffer.from(`\ufeff${valid()}`, 'utf16le'), [], 400, 'invalid_encoding'],
    ['200 levels', () => nested(200), [], 400, 'too_deep'],
    ['4,000 brackets', () => '['.repeat(4_000), [], 400, 'too_deep'],
  ]
  it.each(bad)('refuses %s', async (_name, body, headers, status, reason) => {
    const text = body()
    const answer = await exchange(bench.server.url, headOf(text.length, headers), text)
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} [\\s\\S]*"${reason}"`))
    expect(answer).not.toContain('{a:1')
    if (status === 415) expect(answer.toLowerCase()).toContain('accept-encoding: gzip')
  })

  it.each(['"x"', '5', 'null', 'true', '[]', '[{}]'])(
    'refuses %s, which is JSON but no object',
    async (body) => {
      const { status, body: told } = await bench.ask(route, { body })
      const reason = route.path === '/v1/batch' ? 'missing_events' : 'invalid_event'
      expect([status, told.error, told.details.reason]).toEqual([400, 'invalid_payload', reason])
    },
  )

  it('takes JSON, text, no type, gzip, a byte order mark, and a body of exactly the limit', async () => {
    const padded = valid().padEnd(LIMIT)
    const good: [body: string | Uint8Array, headers: string[]][] = [
      [valid(), ['Content-Type: application/json']],
      [valid(), ['Content-Type: text/plain;charset=UTF-8']],
      [valid(), []],
      [gzipSync(valid()), ['Content-Encoding: gzip']],
      [Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(valid())]), []],
      [padded, []],
      [gzipSync(padded), ['Content-Encoding: gzip']],
    ]
    for (const [body, headers] of good) {
      const answer = await exchange(bench.server.url, headOf(body.length, headers), body)
      expect([headers, answer.slice(0, 10)]).toEqual([headers, 'HTTP/1.1 2'])
    }
  })

  it('refuses what turns out too long on the way: chunked, or inflated, in bounded memory', async () => {
    const socket = await dial(bench.server.url)
    socket.send(`${headOf(undefined, ['Host: x', 'Transfer-Encoding: chunked']).join('\r\n')}\r\n\r\n`)
    for (let sent = 0; sent <= LIMIT; sent += KIB) socket.send(`400\r\n${' '.repeat(KIB)}\r\n`)
    // The end of the body never comes.
    expect(await socket.heard(/"payload_too_large"/)).toMatch(/^HTTP\/1.1 413 /)
    socket.destroy()

    const bomb = Buffer.concat(Array(200).fill(gzipSync(Buffer.alloc(MIB))))
    expect(bomb.length).toBeLessThan(300_000)
    const before = process.memoryUsage().rss
    const answer = await exchange(bench.server.url, headOf(bomb.length, ['Content-Encoding: gzip']), bomb)
    expect(answer).toMatch(/^HTTP\/1.1 413 [\s\S]*"payload_too_large"/)
    expect(process.memoryUsage().rss - before).toBeLessThan(64 * MIB)
    expect((await bench.ask(route)).status).toBeLessThan(300)
  })

  it('a length that is not true costs nobody else anything', async () => {
    const body = valid()
    const short = await exchange(bench.server.url, headOf(body.length - 1, []), body)
    // The rest is no request, which Node says, or we say what the body is not.
    expect(short).toMatch(/^HTTP\/1.1 400 /)
    for (const length of ['-1', 'abc', '1e3', '99999999999999999999']) {
      const answer = await exchange(bench.server.url, headOf(undefined, [`Content-Length: ${length}`]), body)
      expect([length, answer]).toEqual([length, expect.stringMatching(/^HTTP\/1.1 4(?:00|13) /)])
    }
    const twice = await exchange(bench.server.url, headOf(body.length, ['Content-Length: 2']), body)
    expect(twice).toMatch(/^HTTP\/1.1 400 /)
    const before = bench.diagnostics.length
    const long = await dial(bench.server.url)
    long.send(`${headOf(body.length + 1, ['Host: x']).join('\r\n')}\r\n\r\n${body}`)
    long.destroy()
    expect((await bench.ask(route)).status).toBeLessThan(300)
    expect(bench.diagnostics.slice(before)).toEqual([])
  })

  it('an event whose sender hangs up before the answer is stored, and nobody is told of an error', async () => {
    const before = bench.diagnostics.length
    const body = valid().replaceAll(/guess-amber-\d+/g, `left-${route.path}`)
    let reached = (): void => {}
    let release = (): void => {}
    const inserting = new Promise<void>((resolve) => {
      reached = resolve
    })
    const gone = new Promise<void>((resolve) => {
      release = resolve
    })
    await bench.broken(
      async (_store, method) => {
        if (method !== 'insert') return
        reached()
        await gone
      },
      async () => {
        const socket = await dial(bench.server.url)
        socket.send(`${headOf(body.length, ['Host: x']).join('\r\n')}\r\n\r\n${body}`)
        await inserting
        socket.destroy()
        await socket.closed()
        release()
        // Inserts come one after the other.
        expect((await bench.ask(route)).status).toBeLessThan(300)
      },
    )
    expect(bench.diagnostics.slice(before)).toEqual([])
    if (route.path === '/v1/identify') return
    const { rows } = await bench.analytics.query({ range: '7d', limit: 1000 }, { project: bench.own.id })
    expect(rows.filter(({ event_id }) => event_id === `left-${route.path}`)).toHaveLength(1)
  })

  function headOf(length: number | undefined, headers: readonly string[]): string[] {
    return [
      `POST ${route.path} HTTP/1.1`,
      `Authorization: Bearer ${bench.own.keys.sk}`,
      ...(length === undefined ? [] : [`Content-Length: ${length}`]),
      ...headers,
    ]
  }
})

it.each(TAKES_BODY)(
  'POST $path refuses a body that says it is a byte too long before it comes, and the connection stays usable',
  async (route) => {
    const { by } = validRequest(route, bench.own)
    const key =
      by === 'session' ? `session ${bench.own.owner}` : `Bearer ${bench.own.keys[by === 'rk' ? 'rk' : 'sk']}`
    const path = route.path.replace(':id', bench.own.id).replace(':key', bench.own.keyIds[0])
    const socket = await dial(bench.server.url)
    socket.send(
      [
        `POST ${path} HTTP/1.1`,
        'Host: x',
        `Authorization: ${key}`,
        `Content-Length: ${LIMIT + 1}`,
        '',
        '',
      ].join('\r\n'),
    )
    expect(await socket.heard(/"payload_too_large"/)).toMatch(/^HTTP\/1.1 413 /)
    socket.send(' '.repeat(LIMIT + 1))
    socket.send('GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
    expect((await socket.closed()).match(/HTTP\/1.1 \d+/g)).toEqual(['HTTP/1.1 413', 'HTTP/1.1 200'])
  },
)

it('an $identify that comes through track or batch is what identify makes, and claims nothing of the server', async () => {
  const { keys, id } = bench.own
  const origin = 'https://canaryamber.test'
  const event = {
    event: '$identify',
    anonymous_id: 'linked-device',
    user_id: 'linked-user',
    properties: { is_admin: true },
    project_id: bench.other.id,
    is_bot: false,
    country: 'XX',
    source: 'mine',
    ip: '203.0.113.9',
    user_agent: 'Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0',
  }
  for (const [path, body] of [
    ['/v1/track', { ...event, event_id: 'i1' }],
    ['/v1/batch', { events: [{ ...event, event_id: 'i2', anonymous_id: 'linked-phone' }] }],
  ] as const) {
    const answer = await bench.server.ask('POST', path, { key: keys.pk, origin, body })
    expect([answer.status, answer.text]).toEqual([202, expect.stringContaining('"server_field_ignored"')])
  }
  const person = await bench.analytics.person({ user_id: 'linked-user' }, { project: id })
  expect(person).toMatchObject({
    anonymous_ids: ['linked-device', 'linked-phone'],
    traits: { is_admin: true },
  })
  for (const row of person.timeline) {
    // A public key speaks for nobody but its sender, who is no browser here.
    expect(row).toMatchObject({ is_bot: false, country: '', source: 'direct', browser: '' })
  }
})
