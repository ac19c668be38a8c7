import { connect } from 'node:net'
import { type Analytics, AnalyticsError, type AnalyticsOptions, createAnalytics } from '@millimetric/core'
import { memoryEvents, memoryKeys } from '@millimetric/core/memory'
import { afterEach, describe, expect, it } from 'vitest'
import { type Answer, serve, type TestServer } from '../control/server.js'

const ORIGIN = 'https://p.test'
const EVENT = { event: 'e', anonymous_id: 'a' }
const ends: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

interface Bench {
  analytics: Analytics
  server: TestServer
  project: { id: string }
  keys: { pk: string; sk: string; rk: string }
  logs: string[]
}

async function start(options: Partial<AnalyticsOptions> = {}): Promise<Bench> {
  const logs: string[] = []
  const analytics = createAnalytics({
    events: memoryEvents(),
    keys: memoryKeys(),
    delivery: { flushIntervalMs: 0 },
    onDiagnostic: (diagnostic) => void logs.push(JSON.stringify(diagnostic)),
    ...options,
  })
  const server = await serve(analytics)
  ends.push(() => analytics.close(), server.close)
  const made = await analytics.projects.create({ slug: 'p', allowed_origins: [ORIGIN] })
  return { analytics, server, logs, ...made }
}

const ROUTES: [method: string, path: string, body: unknown, scope: 'ingest' | 'read'][] = [
  ['POST', '/v1/track', EVENT, 'ingest'],
  ['POST', '/v1/batch', { events: [EVENT] }, 'ingest'],
  ['POST', '/v1/identify', { anonymous_id: 'a', user_id: 'u' }, 'ingest'],
  ['GET', '/v1/query?range=7d', undefined, 'read'],
  ['GET', '/v1/stats?range=7d', undefined, 'read'],
  ['GET', '/v1/sources?range=7d', undefined, 'read'],
  ['GET', '/v1/schema?range=7d', undefined, 'read'],
  ['GET', '/v1/export?range=7d', undefined, 'read'],
]

describe.each(ROUTES)('%s %s', (method, path, body, scope) => {
  it('answers each state of a key with its status and code', async () => {
    let now = Date.parse('2026-05-16T19:00:00Z')
    const { analytics, server, project, keys } = await start({ clock: () => now })
    const more = async (more: object): Promise<{ key: { id: string }; secret: string }> =>
      await analytics.keys.create({ project_id: project.id, kind: 'sk', ...more })
    const revoked = await more({})
    await analytics.keys.revoke(project.id, revoked.key.id)
    const expired = await more({ expires_at: now + 1_000 })
    const test = await more({ env: 'test' })
    now += 1_000
    const wrong = keys.sk.slice(0, -4) + (keys.sk.endsWith('AAAA') ? 'BBBB' : 'AAAA')
    const unknown = `sk_live_00000000_${keys.sk.slice(-43)}`
    const good = scope === 'ingest' ? 202 : 200
    const states: [string, string | undefined, number, string | undefined][] = [
      ['missing', undefined, 401, 'missing_bearer_token'],
      ['malformed', 'sk_live_short_x', 401, 'malformed_api_key'],
      ['look-alike', keys.sk.replace('sk_', 'ѕk_').normalize(), 401, 'malformed_api_key'],
      ['10 KB', `${keys.sk}${'x'.repeat(10_000)}`, 401, 'malformed_api_key'],
      ['unknown prefix', unknown, 401, 'invalid_api_key'],
      ['wrong secret', wrong, 401, 'invalid_api_key'],
      ['revoked', revoked.secret, 401, 'invalid_api_key'],
      ['expired', expired.secret, 401, 'invalid_api_key'],
      ['wrong kind', keys.sk.replace('sk_', 'rk_'), 401, 'key_kind_mismatch'],
      ['wrong env', test.secret.replace('_test_', '_live_'), 401, 'invalid_api_key'],
      ['other scope', scope === 'ingest' ? keys.rk : keys.pk, 403, 'insufficient_scope'],
      ['secret', keys.sk, path === '/v1/identify' ? 200 : good, undefined],
      ['test', test.secret, path === '/v1/identify' ? 200 : good, undefined],
    ]
    const bodies = new Map<string, string>()
    for (const [name, key, status, code] of states) {
      const latin = key !== undefined && /[^\x00-\x7f]/.test(key) ? Buffer.from(key).toString('latin1') : key
      const answer = await server.ask(method, path, { key: latin, body })
      expect([name, answer.status, answer.body?.error]).toEqual([name, status, code])
      if (status === 401) {
        expect(answer.headers.get('www-authenticate')).toBe('Bearer')
        bodies.set(name, answer.text.replace(answer.body.request_id, ''))
        if (key !== undefined) expect(answer.text).not.toContain(key.slice(-20))
      }
    }
    for (const name of ['wrong secret', 'revoked', 'expired', 'wrong env']) {
      expect(bodies.get(name)).toBe(bodies.get('unknown prefix'))
    }
    const claimed = `${path}${path.includes('?') ? '&' : '?'}key=${keys.sk}`
    expect((await server.ask(method, claimed, { body })).body.error).toBe('malformed_api_key')
    for (const authorization of [
      `Bearer ${keys.sk}, Bearer ${keys.sk}`,
      `Bearer  ${keys.sk}`,
      `Bearer ${keys.sk} x`,
    ]) {
      const answer = await server.ask(method, path, { body, headers: { authorization } })
      expect([authorization.length, answer.status, answer.body.error]).toEqual([
        authorization.length,
        401,
        'malformed_api_key',
      ])
    }
    const basic = await server.ask(method, path, { body, headers: { authorization: 'Basic eDp5' } })
    expect(basic.body.error).toBe('missing_bearer_token')
  })

  it('503 with Retry-After while the key store is away and the key is unknown, 405 and 204 without a key', async () => {
    const { server } = await start()
    const stored = memoryKeys()
    let away = false
    const broken = await start({
      keys: {
        ...stored,
        async findKey(prefix) {
          if (away) throw new AnalyticsError('storage_unavailable', 'connection refused at db.internal')
          return await stored.findKey(prefix)
        },
      },
    })
    away = true
    const answer = await broken.server.ask(method, path, { key: `sk_live_00000000_${'A'.repeat(43)}`, body })
    expect([answer.status, answer.body.error]).toEqual([503, 'storage_unavailable'])
    expect(answer.text).not.toContain('db.internal')
    const wrong = await server.ask('DELETE', path)
    expect([wrong.status, wrong.headers.get('allow')?.includes(method)]).toEqual([405, true])
    const preflight = await server.ask('OPTIONS', path, { origin: ORIGIN })
    expect([preflight.status, preflight.headers.get('access-control-allow-origin')]).toEqual([204, ORIGIN])
    expect(preflight.headers.get('access-control-expose-headers')).toBe(
      'Retry-After, RateLimit, RateLimit-Policy',
    )
  })

  it('429 with all headers when its limit is used up, readable by the page', async () => {
    const name = path.replace('/v1/', '').replace(/\?.*/, '')
    const { server, keys } = await start({ rateLimits: { [name]: { rate: 0.5, burst: 3 } } })
    const key = scope === 'ingest' ? keys.pk : keys.rk
    const answers: Answer[] = []
    for (let i = 0; i < 4; i++) answers.push(await server.ask(method, path, { key, body, origin: ORIGIN }))
    expect(answers.map(({ status }) => status >= 400)).toEqual([false, false, false, true])
    expect(answers.map(({ headers }) => headers.get('ratelimit'))).toEqual([
      '"default";r=2;t=2',
      '"default";r=1;t=2',
      '"default";r=0;t=2',
      '"default";r=0;t=2',
    ])
    for (const { headers } of answers) {
      expect(headers.get('ratelimit-policy')).toBe('"default";q=3;w=6')
      expect(headers.get('access-control-allow-origin')).toBe(ORIGIN)
    }
    expect(answers[3]?.status).toBe(429)
    expect(answers[3]?.headers.get('retry-after')).toBe('2')
    expect(answers[3]?.body).toMatchObject({ error: 'rate_limited', retry_after_s: 2 })
  })

  it('404 for another project’s id or slug, the same as for none', async () => {
    if (scope === 'ingest') return
    const { analytics, server, project, keys } = await start()
    const other = await analytics.projects.create({ slug: 'other' })
    const answers = new Set<string>()
    for (const name of [other.project.id, 'other', 'none', '00000000-0000-4000-8000-000000000000', "'", '']) {
      for (const field of ['project_id', 'project_slug']) {
        const answer = await server.ask(method, `${path}&${field}=${encodeURIComponent(name)}`, {
          key: keys.rk,
        })
        answers.add(`${answer.status} ${answer.text.replace(answer.body.request_id, '')}`)
      }
    }
    expect([...answers]).toEqual([
      '404 {"error":"unknown_project","message":"There is no such project.","request_id":""}',
    ])
    expect((await server.ask(method, `${path}&project_id=${project.id}`, { key: keys.rk })).status).toBe(200)
    expect((await server.ask(method, `${path}&project_slug=p`, { key: keys.rk })).status).toBe(200)
  })
})

it('a flood on the public key costs the secret key of the same project no request', async () => {
  // Refills so slowly that a slow machine changes nothing.
  const { server, keys } = await start({ rateLimits: { track: { rate: 0.01, burst: 200 } } })
  const flood = Array.from({ length: 600 }, () =>
    server.ask('POST', '/v1/track', { key: keys.pk, origin: ORIGIN, body: EVENT }),
  )
  const own = Array.from({ length: 150 }, () =>
    server.ask('POST', '/v1/track', { key: keys.sk, body: EVENT }),
  )
  const refused = (await Promise.all(flood)).filter(({ status }) => status === 429).length
  expect(refused).toBeGreaterThan(300)
  expect((await Promise.all(own)).map(({ status }) => status)).toEqual(own.map(() => 202))
})

it('overloaded, draining and unreachable event stores have their answers', async () => {
  const events = memoryEvents()
  let release = (): void => {}
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  const slow = await start({
    events: {
      ...events,
      async insert(batch, options) {
        await held
        return await events.insert(batch, options)
      },
    },
    delivery: { flushIntervalMs: 0, maxWaiting: 5, maxBatchRows: 1 },
  })
  const waiting = Array.from({ length: 20 }, () =>
    slow.server.ask('POST', '/v1/track', { key: slow.keys.sk, body: EVENT }),
  )
  const refused = await slow.server.ask('POST', '/v1/track', { key: slow.keys.sk, body: EVENT })
  expect([refused.status, refused.body.error]).toEqual([503, 'overloaded'])
  release()
  await Promise.all(waiting)
  await slow.analytics.close()
  const draining = await slow.server.ask('POST', '/v1/track', { key: slow.keys.sk, body: EVENT })
  expect([draining.status, draining.headers.get('connection')]).toEqual([503, 'close'])

  const away = async (): Promise<never> => {
    throw new AnalyticsError('storage_unavailable', 'The event store is away.', { retryAfter: 5 })
  }
  const broken = await start({ events: { ...memoryEvents(), query: away as never } })
  const read = await broken.server.ask('GET', '/v1/stats?range=7d', { key: broken.keys.rk })
  expect([read.status, read.body.error]).toEqual([503, 'storage_unavailable'])
})

it('two Authorization headers and line breaks in headers never get through', async () => {
  const { server, keys } = await start()
  const port = Number(new URL(server.url).port)
  const send = (lines: string[]): Promise<string> =>
    new Promise((resolve, reject) => {
      const socket = connect(port, '127.0.0.1', () => socket.write(`${lines.join('\r\n')}\r\n\r\n`))
      let text = ''
      socket.setTimeout(2_000, () => socket.destroy())
      socket.on('data', (chunk) => {
        text += chunk
        socket.end()
      })
      socket.on('close', () => resolve(text))
      socket.on('error', reject)
    })
  const start_ = ['GET /v1/stats?range=7d HTTP/1.1', 'Host: x', 'Connection: close']
  const twice = await send([
    ...start_,
    `Authorization: Bearer ${keys.rk}`,
    `Authorization: Bearer ${keys.sk}`,
  ])
  expect(twice).toMatch(/^HTTP\/1\.1 (?:401|400)/)
  const mixed = await send([...start_, 'Authorization: Basic eDp5', `Authorization: Bearer ${keys.sk}`])
  expect(mixed).toMatch(/^HTTP\/1\.1 (?:401|400)/)
  const split = await send([
    'OPTIONS /v1/track HTTP/1.1',
    'Host: x',
    'Origin: https://p.test\rX-Evil: 1',
    'Connection: close',
  ])
  expect(split).toMatch(/^HTTP\/1\.1 400/)
  expect(split).not.toContain('X-Evil')
})
