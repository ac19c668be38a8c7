import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { toNodeHandler } from '@millimetric/adapters/node'
import { type Analytics, createAnalytics } from '@millimetric/core'
import { memoryEvents, memoryKeys } from '@millimetric/core/memory'
import { errorResponseSchema } from '@millimetric/schema'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

let analytics: Analytics
let server: Server
let base: string
let keys: { pk: string; sk: string; rk: string }

beforeAll(async () => {
  analytics = createAnalytics({
    events: memoryEvents(),
    keys: memoryKeys(),
    delivery: { flushIntervalMs: 0 },
    onDiagnostic: () => {},
  })
  const made = await analytics.projects.create({ slug: 'p', allowed_origins: ['https://p.test'] })
  keys = made.keys
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
const MIB = 1_048_576
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

test('the body is not read before the key is checked', async () => {
  const answer = await send('POST', '/v1/track', { body: ' '.repeat(MIB + 1) })
  expect(answer.body.error).toBe('missing_bearer_token')
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
