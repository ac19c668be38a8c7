import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ALL_ROUTES, nameOf } from './all-routes.js'
import { exchange } from './raw-socket.js'
import { type Changed, DASHBOARD, openRouteBench, type RouteBench } from './route-bench.js'

const INGEST = ALL_ROUTES.filter((route) => route.by === 'key' && route.scope === 'ingest')
const BY_USER = ALL_ROUTES.filter(({ by }) => by === 'user')
const BY_KEY = ALL_ROUTES.filter(({ by }) => by === 'key')
const ORIGIN = 'https://canaryamber.test'

/** Browsers send the canonical form, so whoever sends another is none. */
const HOSTILE = [
  'null',
  '',
  'https://evilcanaryamber.test',
  'https://canaryamber.test.evil.com',
  'https://canaryamber.test.',
  'https://canaryamber.test/',
  'https://canaryamber.test:8443',
  'https://canaryamber.test:443',
  'https://CanaryAmber.test',
  'http://canaryamber.test',
  'https://canaryamber。test',
  'https://саnaryamber.test',
  'https://user@canaryamber.test',
  `${ORIGIN}, ${ORIGIN}`,
  `${ORIGIN} https://evil.com`,
  '*',
].map((text) => Buffer.from(text).toString('latin1'))

let bench: RouteBench
beforeAll(async () => {
  bench = await openRouteBench({ rateLimits: { track: null, batch: null } })
})
afterAll(async () => await bench.close())

describe.each(INGEST)('$method $path', (route) => {
  it.each(HOSTILE)('refuses a public key from %j, without a grant, and tells caches', async (origin) => {
    const answer = await bench.ask(route, { by: 'pk', headers: { origin } })
    expect([answer.status, answer.body.error]).toEqual([403, 'origin_not_allowed'])
    expect(answer.headers.get('access-control-allow-origin')).toBeNull()
    expect(answer.headers.get('vary')).toContain('Origin')
    const preflight = await bench.ask(route, { method: 'OPTIONS', by: 'none', headers: { origin } })
    expect(preflight.status).toBe(204)
    expect(preflight.headers.get('access-control-allow-origin')).toBeNull()
    expect(preflight.headers.get('vary')).toBe('Origin')
  })

  it('refuses a public key without an origin, and with two', async () => {
    const { pk } = bench.own.keys
    const head = [`POST ${route.path} HTTP/1.1`, `Authorization: Bearer ${pk}`, 'Content-Length: 2']
    for (const origins of [
      [],
      [ORIGIN, ORIGIN],
      [ORIGIN, 'https://evil.com'],
      ['https://evil.com', ORIGIN],
    ]) {
      const answer = await exchange(
        bench.server.url,
        [...head, ...origins.map((origin) => `Origin: ${origin}`)],
        '{}',
      )
      expect([origins, answer]).toEqual([
        origins,
        expect.stringMatching(/^HTTP\/1.1 403 [\s\S]*origin_not_allowed/),
      ])
      expect(answer.toLowerCase()).not.toContain('access-control-allow-origin')
      expect(answer).toMatch(/^vary: Origin\r$/m)
    }
  })

  it('takes a public key from where the project is, also as a beacon, and a page can read a refusal', async () => {
    const beacon = { origin: ORIGIN, 'content-type': 'text/plain' }
    const cases: [good: boolean, changed: Changed][] = [
      [true, { by: 'pk' }],
      [true, { by: 'none', query: { key: bench.own.keys.pk }, headers: beacon }],
      [false, { by: 'pk', headers: { authorization: 'Bearer nonsense' } }],
      [false, { by: 'pk', body: '{' }],
    ]
    for (const [good, changed] of cases) {
      const answer = await bench.ask(route, changed)
      expect([changed, answer.status < 300]).toEqual([changed, good])
      expect(answer.headers.get('access-control-allow-origin')).toBe(ORIGIN)
      expect(answer.headers.get('access-control-allow-credentials')).toBeNull()
    }
  })
})

it.each(BY_USER)('$method $path lets no page of elsewhere use a session', async (route) => {
  for (const origin of [...HOSTILE, ORIGIN, `${DASHBOARD}.evil.com`, DASHBOARD.replace('https', 'http')]) {
    const answer = await bench.ask(route, { headers: { origin } })
    expect([origin, answer.status, answer.body?.error]).toEqual([origin, 403, 'origin_not_allowed'])
    expect(answer.headers.get('access-control-allow-origin')).toBeNull()
    expect(answer.headers.get('access-control-allow-credentials')).toBeNull()
    expect(answer.headers.get('vary')).toBe('Origin')
  }
})

describe.each(BY_KEY)('$method $path', (route) => {
  it('answers a preflight with what may be sent, whatever was asked for', async () => {
    const headers = { origin: ORIGIN, 'access-control-request-headers': `x-${'y'.repeat(8_000)}` }
    const answer = await bench.ask(route, { method: 'OPTIONS', by: 'none', headers })
    expect(answer.status).toBe(204)
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'access-control-allow-origin': ORIGIN,
      'access-control-allow-headers': 'Authorization, Content-Type, Content-Encoding',
      'access-control-allow-methods': expect.stringContaining(route.method),
      'access-control-expose-headers': 'Retry-After, RateLimit, RateLimit-Policy',
    })
    expect(answer.headers.get('access-control-allow-credentials')).toBeNull()
    expect(JSON.stringify([...answer.headers])).not.toContain('yyy')
  })

  it('reflects nothing of headers that are too long or hold line breaks', async () => {
    const preflight = [`OPTIONS ${route.path} HTTP/1.1`]
    const long = await exchange(bench.server.url, [
      ...preflight,
      `Origin: ${ORIGIN}`,
      `Access-Control-Request-Headers: x-${'y'.repeat(20_000)}`,
    ])
    // Node itself: no header section is longer than 16 KiB.
    expect(long).toMatch(/^HTTP\/1.1 431 /)
    for (const broken of [
      'Origin: https://p.test\rX-Evil: 1',
      'Origin: https://p.test\0',
      'X Evil: 1',
      ' folded',
    ]) {
      const answer = await exchange(bench.server.url, [...preflight, broken])
      expect([nameOf(route), broken, answer.slice(0, 12)]).toEqual([nameOf(route), broken, 'HTTP/1.1 400'])
      expect(answer).not.toMatch(/Evil|folded|p\.test/)
    }
    expect(long).not.toContain('yyy')
  })
})
