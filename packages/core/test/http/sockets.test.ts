import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { gzipSync } from 'node:zlib'
import { toNodeHandler } from '@millimetric/adapters/node'
import { type Analytics, createAnalytics } from '@millimetric/core'
import { memoryEvents, memoryKeys } from '@millimetric/core/memory'
import { errorResponseSchema } from '@millimetric/schema'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

let analytics: Analytics
let server: Server
let base: string
let keys: { pk: string; sk: string; rk: string }
let projectId: string

beforeAll(async () => {
  analytics = createAnalytics({
    events: memoryEvents(),
    keys: memoryKeys(),
    delivery: { flushIntervalMs: 0 },
    onDiagnostic: () => {},
  })
  const made = await analytics.projects.create({ slug: 'p', allowed_origins: ['https://p.test'] })
  keys = made.keys
  projectId = made.project.id
  server = createServer(toNodeHandler(analytics))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
  await analytics.close()
})

interface Answer {
  status: number
  headers: Headers
  body: Record<string, unknown> & { error?: string; details?: Record<string, unknown> }
}

async function send(
  method: string,
  path: string,
  init: RequestInit & { key?: string } = {},
): Promise<Answer> {
  const { key, headers, ...rest } = init
  const answer = await fetch(base + path, {
    method,
    headers: { ...(key === undefined ? {} : { authorization: `Bearer ${key}` }), ...headers },
    ...rest,
  })
  const text = await answer.text()
  const body = text === '' ? {} : JSON.parse(text)
  if (answer.status >= 400 && text !== '') errorResponseSchema.parse(body)
  return { status: answer.status, headers: answer.headers, body }
}

const post = async (
  body: BodyInit | null,
  headers: Record<string, string> = {},
  path = '/v1/track',
): Promise<Answer> =>
  await send('POST', path, {
    key: keys.sk,
    body,
    headers,
    ...(body instanceof ReadableStream ? { duplex: 'half' } : {}),
  } as never)

const good = JSON.stringify({ event: 'e', anonymous_id: 'a' })
const nested = (depth: number): string =>
  `{"event":"e","anonymous_id":"a","properties":${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}}`
const MIB = 1_048_576
const padded = (bytes: number): string => {
  const shell = JSON.stringify({ event: 'e', anonymous_id: 'a', properties: { s: '' } })
  return shell.replace('"s":""', `"s":"${'x'.repeat(bytes - shell.length)}"`)
}

describe('bodies', () => {
  const cases: [string, () => BodyInit | null, Record<string, string>, number, string, string?][] = [
    ['empty', () => '', {}, 400, 'invalid_payload', 'empty_body'],
    ['not JSON', () => '{a:1', {}, 400, 'invalid_payload', 'invalid_json'],
    ['a string', () => '"x"', {}, 400, 'invalid_payload', 'invalid_event'],
    ['a number', () => '5', {}, 400, 'invalid_payload', 'invalid_event'],
    ['null', () => 'null', {}, 400, 'invalid_payload', 'invalid_event'],
    ['a list', () => '[]', {}, 400, 'invalid_payload', 'invalid_event'],
    ['one byte too long', () => padded(MIB + 1), {}, 413, 'payload_too_large'],
    [
      'gzip header, plain text',
      () => good,
      { 'content-encoding': 'gzip' },
      400,
      'invalid_payload',
      'invalid_encoding',
    ],
    [
      'truncated gzip',
      () => gzipSync(good).subarray(0, 20),
      { 'content-encoding': 'gzip' },
      400,
      'invalid_payload',
      'invalid_encoding',
    ],
    ['gzip twice', () => gzipSync(gzipSync(good)), { 'content-encoding': 'gzip' }, 400, 'invalid_payload'],
    ['br', () => good, { 'content-encoding': 'br' }, 415, 'unsupported_media_type'],
    ['an unknown encoding', () => good, { 'content-encoding': 'x-foo' }, 415, 'unsupported_media_type'],
    [
      'multipart',
      () => good,
      { 'content-type': 'multipart/form-data; boundary=x' },
      415,
      'unsupported_media_type',
    ],
    ['xml', () => '<a/>', { 'content-type': 'application/xml' }, 415, 'unsupported_media_type'],
    [
      'bad UTF-8',
      () => Buffer.from([0x22, 0xc3, 0x28, 0x22]),
      {},
      400,
      'invalid_payload',
      'invalid_encoding',
    ],
    ['UTF-16', () => Buffer.from(`\ufeff${good}`, 'utf16le'), {}, 400, 'invalid_payload', 'invalid_encoding'],
    ['33 levels', () => nested(33), {}, 400, 'invalid_payload', 'too_deep'],
    ['5,000 levels', () => nested(5000), {}, 400, 'invalid_payload', 'too_deep'],
    ['200,000 levels', () => nested(100_000), {}, 400, 'invalid_payload', 'too_deep'],
  ]
  for (const [name, body, headers, status, code, reason] of cases) {
    test(name, async () => {
      const answer = await post(body(), headers)
      expect([answer.status, answer.body.error]).toEqual([status, code])
      if (reason !== undefined) expect(answer.body.details?.reason).toBe(reason)
      expect(JSON.stringify(answer.body)).not.toContain('{a:1')
      if (status === 415) expect(answer.headers.get('accept-encoding')).toBe('gzip')
    })
  }

  test('accepted: JSON, text/plain, no type, gzip, a byte order mark, exactly the limit', async () => {
    const accepted: [BodyInit, Record<string, string>][] = [
      [good, { 'content-type': 'application/json' }],
      [good, { 'content-type': 'text/plain;charset=UTF-8' }],
      [Buffer.from(good), {}],
      [gzipSync(good), { 'content-encoding': 'gzip' }],
      [Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(good)]), {}],
      [padded(MIB), {}],
    ]
    for (const [body, headers] of accepted) expect((await post(body, headers)).status).toBe(202)
  })

  test('too long and chunked: refused at the limit, and the process goes on', async () => {
    let sent = 0
    const endless = new ReadableStream({
      pull(controller) {
        sent += 65_536
        if (sent > 64 * MIB) controller.close()
        else controller.enqueue(new Uint8Array(65_536).fill(0x20))
      },
    })
    const answer = await post(endless).catch((error: unknown) => error)
    // The server answers before the upload ends; a client may see that as a reset.
    if (!(answer instanceof Error)) expect((answer as Answer).status).toBe(413)
    expect(sent).toBeLessThan(32 * MIB)
    expect((await post(good)).status).toBe(202)
  })

  test('a gzip bomb: 200 KB that would be 200 MB', async () => {
    const bomb = gzipSync(Buffer.alloc(200 * MIB))
    expect(bomb.length).toBeLessThan(300_000)
    const before = process.memoryUsage().rss
    const answer = await post(bomb, { 'content-encoding': 'gzip' })
    expect([answer.status, answer.body.error]).toEqual([413, 'payload_too_large'])
    expect(process.memoryUsage().rss - before).toBeLessThan(64 * MIB)
  })

  test('a client that lies about its length or goes away costs nothing', async () => {
    const { port } = server.address() as AddressInfo
    const raw = (length: number): Promise<string> =>
      new Promise((resolve) => {
        const socket = connect(port, '127.0.0.1', () => {
          socket.write(
            `POST /v1/track HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${keys.sk}\r\nContent-Length: ${length}\r\n\r\n${good}`,
          )
          setTimeout(() => socket.end(), 50)
        })
        let text = ''
        socket.on('data', (chunk) => {
          text += chunk
        })
        socket.on('close', () => resolve(text))
        socket.on('error', () => resolve(text))
      })
    expect(await raw(good.length)).toMatch(/^HTTP\/1.1 202/)
    expect(await raw(good.length + 10)).not.toMatch(/^HTTP\/1.1 202/)
    expect(await raw(good.length - 1)).toMatch(/^HTTP\/1.1 400/)
    expect((await post(good)).status).toBe(202)
  })
})

describe('batches', () => {
  const batch = async (body: unknown): Promise<Answer> => await post(JSON.stringify(body), {}, '/v1/batch')

  test('empty, too large, not a batch', async () => {
    const shapes: [unknown, string][] = [
      [{ events: [] }, 'empty_batch'],
      [{ events: Array(1001).fill({ event: 'e', anonymous_id: 'a' }) }, 'batch_too_large'],
      [{}, 'missing_events'],
      [[], 'missing_events'],
      [{ events: {} }, 'missing_events'],
    ]
    for (const [body, reason] of shapes) {
      const answer = await batch(body)
      expect([answer.status, answer.body.error, answer.body.details?.reason]).toEqual([
        400,
        'invalid_payload',
        reason,
      ])
    }
  })

  test('999 good and one bad', async () => {
    const events = Array.from({ length: 1000 }, (_, n) => ({
      event: n === 500 ? '' : 'e',
      anonymous_id: 'a',
    }))
    const answer = await batch({ events })
    const results = answer.body.results as { status: string }[]
    expect([answer.status, answer.body.count]).toEqual([202, 999])
    expect(results[500]).toMatchObject({ index: 500, status: 'rejected', code: 'missing_event' })
    expect(results.filter(({ status }) => status === 'stored').length).toBe(999)
  })

  test('all bad', async () => {
    const answer = await batch({ events: [{}, null] })
    expect([answer.status, answer.body.error, answer.body.details?.reason]).toEqual([
      400,
      'invalid_payload',
      'all_rejected',
    ])
    expect(answer.body.details?.results).toHaveLength(2)
  })

  test('the same id twice, and again', async () => {
    const event = { event: 'e', anonymous_id: 'a', event_id: 'twice' }
    const first = await batch({ events: [event, event] })
    expect(first.body.results).toMatchObject([{ status: 'stored' }, { status: 'duplicate' }])
    expect(first.body.count).toBe(2)
    expect((await batch({ events: [event] })).body.results).toMatchObject([{ status: 'duplicate' }])
  })

  test('sent_at corrects the clock of every event', async () => {
    const hour = 3_600_000
    const now = Date.now()
    await batch({
      events: [{ event: 'skewed', anonymous_id: 'a', timestamp: now - 2 * hour }],
      sent_at: now - 2 * hour,
    })
    const { rows } = await analytics.query({ range: '24h', event: 'skewed' })
    expect(Math.abs(Date.parse(rows[0]?.timestamp ?? '') - now)).toBeLessThan(60_000)
  })
})

describe('paths and methods', () => {
  test('405 with Allow, 404 for everything else', async () => {
    for (const method of ['GET', 'PUT', 'DELETE', 'PATCH']) {
      const answer = await send(method, '/v1/track', { key: keys.sk })
      expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST, OPTIONS'])
    }
    expect((await send('POST', '/v1/sources', { key: keys.rk })).headers.get('allow')).toBe(
      'GET, HEAD, OPTIONS',
    )
    for (const path of [
      '/',
      '/v1',
      '/v1/',
      '/v1//track',
      '/v1/track/',
      '/V1/TRACK',
      '/v1/%2e%2e/track',
      '/v2/track',
    ]) {
      expect([path, (await send('POST', path, { key: keys.sk, body: good })).status]).toEqual([path, 404])
    }
  })

  test('HEAD answers like GET without a body', async () => {
    const answer = await send('HEAD', '/v1/stats?range=7d', { key: keys.rk })
    expect(answer.status).toBe(200)
  })

  test('/healthz and the browser script need no key', async () => {
    expect((await send('GET', '/healthz')).body).toEqual({ ok: true })
    const script = await fetch(`${base}/v1/a.js`)
    expect([script.status, script.headers.get('content-type')]).toEqual([
      200,
      'application/javascript; charset=utf-8',
    ])
    expect((await script.text()).length).toBeGreaterThan(1000)
  })
})

describe('keys', () => {
  test('the table', async () => {
    const { key: revoked, secret } = await analytics.keys.create({ project_id: projectId, kind: 'sk' })
    await analytics.keys.revoke(projectId, revoked.id)
    const claimed = keys.sk.replace('sk_', 'rk_')
    const table: [string, string, string | undefined, number, string][] = [
      ['POST', '/v1/track', undefined, 401, 'missing_bearer_token'],
      ['POST', '/v1/track', 'nonsense', 401, 'malformed_api_key'],
      ['POST', '/v1/track', `${keys.sk}x`, 401, 'malformed_api_key'],
      ['POST', '/v1/track', `sk_live_00000000_${keys.sk.slice(-43)}`, 401, 'invalid_api_key'],
      [
        'POST',
        '/v1/track',
        keys.sk.slice(0, -4) + (keys.sk.endsWith('AAAA') ? 'BBBB' : 'AAAA'),
        401,
        'invalid_api_key',
      ],
      ['POST', '/v1/track', secret, 401, 'invalid_api_key'],
      ['POST', '/v1/track', claimed, 401, 'key_kind_mismatch'],
      ['POST', '/v1/track', keys.rk, 403, 'insufficient_scope'],
      ['POST', '/v1/track', keys.pk, 403, 'origin_not_allowed'],
      ['GET', '/v1/stats?range=7d', keys.pk, 403, 'insufficient_scope'],
      ['GET', '/v1/stats?range=7d', undefined, 401, 'missing_bearer_token'],
    ]
    for (const [method, path, key, status, code] of table) {
      const answer = await send(method, path, {
        ...(key === undefined ? {} : { key }),
        ...(method === 'POST' ? { body: good } : {}),
      })
      expect([path, code, answer.status, answer.body.error]).toEqual([path, code, status, code])
      if (key !== undefined) expect(JSON.stringify(answer.body)).not.toContain(key.slice(-20))
    }
    expect((await send('GET', '/v1/stats?range=7d', { key: keys.sk })).status).toBe(200)
  })

  test('a public key as ?key= on ingest only; a secret key never', async () => {
    const beacon = async (key: string, path = '/v1/batch'): Promise<Answer> =>
      await send('POST', `${path}?key=${key}`, {
        body: JSON.stringify({ events: [{ event: 'e', anonymous_id: 'a' }] }),
        headers: { origin: 'https://p.test', 'content-type': 'text/plain' },
      })
    expect((await beacon(keys.pk)).status).toBe(202)
    expect((await beacon(keys.sk)).body.error).toBe('malformed_api_key')
    expect((await send('GET', `/v1/stats?range=7d&key=${keys.rk}`)).status).toBe(401)
  })

  test('the body is not read before the key is checked', async () => {
    const answer = await send('POST', '/v1/track', { body: padded(MIB + 1) })
    expect(answer.body.error).toBe('missing_bearer_token')
  })
})

describe('origins', () => {
  const hostile = [
    'null',
    'https://evilp.test',
    'https://p.test.evil.com',
    'https://p.test.',
    'http://p.test',
    'https://p.test:8443',
    'https://P.test',
    'https://p.test, https://evil.com',
    'https://p.test/',
  ]
  for (const origin of hostile) {
    test(`${origin}: refused, no grant, and caches are told`, async () => {
      const answer = await send('POST', '/v1/track', { key: keys.pk, body: good, headers: { origin } })
      expect([answer.status, answer.body.error]).toEqual([403, 'origin_not_allowed'])
      expect(answer.headers.get('access-control-allow-origin')).toBe(null)
      expect(answer.headers.get('vary')).toContain('Origin')
      const preflight = await send('OPTIONS', '/v1/track', {
        headers: { origin, 'access-control-request-method': 'POST' },
      })
      expect(preflight.headers.get('access-control-allow-origin')).toBe(null)
    })
  }

  test('an allowed origin: preflight, answer and error can be read by the page', async () => {
    const headers = { origin: 'https://p.test' }
    const preflight = await send('OPTIONS', '/v1/batch', {
      headers: { ...headers, 'access-control-request-headers': `x-${'y'.repeat(8000)}` },
    })
    expect(preflight.status).toBe(204)
    expect(preflight.headers.get('access-control-allow-origin')).toBe('https://p.test')
    expect(preflight.headers.get('access-control-allow-headers')).toBe(
      'Authorization, Content-Type, Content-Encoding',
    )
    expect(preflight.headers.get('access-control-allow-credentials')).toBe(null)
    const stored = await send('POST', '/v1/track', { key: keys.pk, body: good, headers })
    expect([stored.status, stored.headers.get('access-control-allow-origin')]).toEqual([
      202,
      'https://p.test',
    ])
    const refused = await send('POST', '/v1/track', { key: 'nonsense', body: good, headers })
    expect([refused.status, refused.headers.get('access-control-allow-origin')]).toEqual([
      401,
      'https://p.test',
    ])
    expect(refused.headers.get('access-control-expose-headers')).toContain('Retry-After')
  })
})

test('questions over HTTP: each parameter once, unknown ones named', async () => {
  const ask = async (query: string): Promise<Answer> =>
    await send('GET', `/v1/stats?${query}`, { key: keys.rk })
  expect((await ask('range=7d&group_by=source,medium&interval=day&limit=5')).status).toBe(200)
  expect((await ask('range=7d&range=30d')).body).toMatchObject({
    error: 'invalid_params',
    details: { field: 'range' },
  })
  expect((await ask('range=7d&__proto__=1')).body).toMatchObject({ error: 'invalid_params' })
  expect((await ask('from=2026-01-01')).body).toMatchObject({
    error: 'invalid_params',
    details: { field: 'to' },
  })
  const sources = await send('GET', '/v1/sources?range=7d&limit=201', { key: keys.rk })
  expect([sources.status, sources.body.error]).toEqual([400, 'invalid_params'])
})
