import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { LIMITED_ROUTES } from '../../src/auth/rate-limit.js'
import type { Answer } from '../control/server.js'
import { ALL_ROUTES } from './all-routes.js'
import { exchange } from './raw-socket.js'
import { openRouteBench, type RouteBench, validRequest } from './route-bench.js'

const BY_KEY = ALL_ROUTES.filter(({ by }) => by === 'key')
const INGEST = BY_KEY.filter((route) => route.by === 'key' && route.scope === 'ingest')
const ORIGIN = 'https://canaryamber.test'

let bench: RouteBench
/** Keys by what is the matter with them. */
let keys: Record<'revoked' | 'expired' | 'test', string>

beforeAll(async () => {
  bench = await openRouteBench({ rateLimits: { track: null, batch: null } })
  const { analytics, own } = bench
  const make = async (more: object): Promise<{ key: { id: string }; secret: string }> =>
    await analytics.keys.create({ project_id: own.id, kind: 'sk', ...more })
  const revoked = await make({})
  await analytics.keys.revoke(own.id, revoked.key.id)
  const expires_at = Date.now() + 1_000
  const [expired, test] = [await make({ expires_at }), await make({ env: 'test' })]
  keys = { revoked: revoked.secret, expired: expired.secret, test: test.secret }
})
afterAll(async () => await bench.close())

const withKey = (authorization: string): { headers: { authorization: string } } => ({
  headers: { authorization },
})

/** The bytes of an answer, without what is different in every one. */
function bytesOf({ headers, text }: Answer): string {
  const id = headers.get('x-request-id') ?? '?'
  const kept = [...headers].filter(([name]) => !['date', 'x-request-id'].includes(name))
  return `${JSON.stringify(kept)} ${text.replaceAll(id, '')}`
}

describe.each(BY_KEY)('$method $path', (route) => {
  it('answers each state of a key with its status and code, and asks the store for keys only', async () => {
    const { sk } = bench.own.keys
    const secret = sk.slice(-43)
    const states: [name: string, authorization: string, code: string, asks: boolean][] = [
      ['nothing', '', 'missing_bearer_token', false],
      ['Basic', 'Basic eDp5', 'missing_bearer_token', false],
      ['a short key', 'Bearer sk_live_short_x', 'malformed_api_key', false],
      ['a long key', `Bearer ${sk}x`, 'malformed_api_key', false],
      ['10 KB', `Bearer ${sk}${'x'.repeat(10_000)}`, 'malformed_api_key', false],
      [
        'a look-alike',
        `Bearer ${Buffer.from(sk.replace('sk', 'ѕk')).toString('latin1')}`,
        'malformed_api_key',
        false,
      ],
      ['a space behind', `Bearer ${sk} x`, 'malformed_api_key', false],
      ['two spaces', `Bearer  ${sk}`, 'malformed_api_key', false],
      ['Bearer twice', `Bearer ${sk}, Bearer ${sk}`, 'malformed_api_key', false],
      ['an unknown prefix', `Bearer sk_live_00000000_${secret}`, 'invalid_api_key', true],
      ['a wrong secret', `Bearer ${sk.slice(0, -43)}${'A'.repeat(43)}`, 'invalid_api_key', true],
      ['revoked', `Bearer ${keys.revoked}`, 'invalid_api_key', true],
      ['expired', `Bearer ${keys.expired}`, 'invalid_api_key', true],
      ['another environment', `Bearer ${keys.test.replace('_test_', '_live_')}`, 'invalid_api_key', true],
      ['another kind', `Bearer ${sk.replace('sk_', 'rk_')}`, 'key_kind_mismatch', true],
    ]
    const bytes = new Set<string>()
    await bench.later(1_000, async () => {
      for (const [name, authorization, code, asks] of states) {
        const lookups: string[] = []
        const answer = await bench.broken(
          (store, method) => void lookups.push(`${store} ${method}`),
          async () => await bench.ask(route, authorization === '' ? { by: 'none' } : withKey(authorization)),
        )
        expect([name, answer.status, answer.body.error]).toEqual([name, 401, code])
        expect(answer.headers.get('www-authenticate')).toBe('Bearer')
        expect(answer.text).not.toContain(authorization.slice(-20) || secret)
        if (!asks) expect([name, lookups.filter((call) => /findKey/.test(call))]).toEqual([name, []])
        if (code === 'invalid_api_key') bytes.add(bytesOf(answer))
      }
    })
    expect(bytes.size).toBe(1)
    const { status } = await bench.ask(route, withKey(`Bearer ${keys.test}`))
    expect(status).toBe(validRequest(route, bench.own).status ?? 200)
  })

  it('takes no secret key from its address', async () => {
    const { query } = validRequest(route, bench.own)
    for (const kind of ['sk', 'rk', 'ak', 'rt'] as const) {
      const answer = await bench.ask(route, { by: 'none', query: { ...query, key: bench.own.keys[kind] } })
      expect([kind, answer.status, answer.body.error]).toEqual([kind, 401, 'malformed_api_key'])
      expect(answer.text).not.toContain(bench.own.keys[kind].slice(-20))
    }
  })

  it('two Authorization headers are one that is none', async () => {
    const { own, server } = bench
    const path = route.path.replace(':id', own.jobIds[0])
    for (const [first, second, code] of [
      [`Bearer ${own.keys.sk}`, `Bearer ${own.keys.sk}`, 'malformed_api_key'],
      [`Bearer ${own.keys.sk}`, `Bearer ${bench.other.keys.sk}`, 'malformed_api_key'],
      [`Bearer ${own.keys.sk}`, 'Basic eDp5', 'malformed_api_key'],
      ['Basic eDp5', `Bearer ${own.keys.sk}`, 'malformed_api_key'],
    ] as const) {
      const head = [`${route.method} ${path} HTTP/1.1`, 'Content-Length: 2']
      const answer = await exchange(
        server.url,
        [...head, `Authorization: ${first}`, `Authorization: ${second}`],
        '{}',
      )
      expect([first, second, answer.slice(0, 12), answer.includes(`"error":"${code}"`)]).toEqual([
        first,
        second,
        'HTTP/1.1 401',
        true,
      ])
    }
  })
})

describe.each(BY_KEY.filter((route) => route.by === 'key' && route.scope === 'read'))(
  '$method $path',
  (route) => {
    it('answers 404 for the project of somebody else, the same as for none', async () => {
      const { own, other } = bench
      const bytes = new Set<string>()
      const names = [other.id, other.slug, other.owner, other.jobIds[0], 'none', randomUUID(), "'", '', '%00']
      for (const name of names) {
        for (const field of ['project_id', 'project_slug']) {
          const { query } = validRequest(route, own)
          const { project_id: _id, project_slug: _slug, ...rest } = { ...query }
          const answer = await bench.ask(route, { query: { ...rest, [field]: name } })
          bytes.add(`${answer.status} ${bytesOf(answer)}`)
        }
      }
      expect([...bytes]).toEqual([expect.stringMatching(/^404 .*"unknown_project"/)])
    })
  },
)

const PARTS = ALL_ROUTES.filter(({ path }) => path.includes(':'))
it.each(PARTS)(
  '$method $path answers 404 for what is somebody else’s, the same as for none',
  async (route) => {
    const { own, other } = bench
    const last = route.path.includes(':key') ? 'key' : 'id'
    const bytes = new Set<string>()
    for (const name of [
      other.id,
      other.slug,
      ...other.jobIds,
      ...other.keyIds,
      randomUUID(),
      'none',
      "'",
      '\0',
    ]) {
      const params = { id: own.id, [last]: name }
      const answer = await bench.ask(route, { params })
      bytes.add(`${answer.status} ${bytesOf(answer)}`)
    }
    expect([...bytes]).toEqual([expect.stringMatching(/^404 /)])
  },
)

it.each(LIMITED_ROUTES.flatMap((name) => BY_KEY.filter(({ path }) => path === `/v1/${name}`)))(
  '$method $path says what is left of its limit, readable by the page that asks',
  async (route) => {
    const limits = { [route.path.slice('/v1/'.length)]: { rate: 0.5, burst: 3 } }
    const limited = await openRouteBench({ rateLimits: limits, clock: () => Date.UTC(2026, 4, 16) })
    // In the set-up some were asked with the secret key; each kind has a bucket of its own.
    const by = INGEST.includes(route) ? 'pk' : route.path === '/v1/forget' ? 'sk' : 'rk'
    const answers: Answer[] = []
    for (let i = 0; i < 4; i++) answers.push(await limited.ask(route, { by, headers: { origin: ORIGIN } }))
    await limited.close()
    const left = by === 'sk' ? [1, 0, 0, 0] : [2, 1, 0, 0]
    expect(answers.map(({ headers }) => headers.get('ratelimit'))).toEqual(
      left.map((rest) => `"default";r=${rest};t=2`),
    )
    for (const { headers } of answers) {
      expect(headers.get('ratelimit-policy')).toBe('"default";q=3;w=6')
      expect(headers.get('access-control-allow-origin')).toBe(ORIGIN)
      expect(headers.get('access-control-expose-headers')).toBe('Retry-After, RateLimit, RateLimit-Policy')
    }
    const refused = answers[3]
    expect([refused?.status, refused?.headers.get('retry-after')]).toEqual([429, '2'])
    expect(refused?.body).toMatchObject({ error: 'rate_limited', retry_after_s: 2 })
  },
)

it('a flood on the public key costs the secret key of the same project no request', async () => {
  // Refills so slowly that a slow machine changes nothing.
  const flooded = await openRouteBench({ rateLimits: { track: { rate: 0.01, burst: 50 } } })
  const [track] = INGEST
  if (track === undefined) throw new Error('no route to flood')
  const flood = Array.from({ length: 150 }, () => flooded.ask(track, { by: 'pk' }))
  const own = Array.from({ length: 40 }, () => flooded.ask(track, { by: 'sk' }))
  expect((await Promise.all(flood)).filter(({ status }) => status === 429).length).toBe(100)
  expect((await Promise.all(own)).map(({ status }) => status)).toEqual(own.map(() => 202))
  await flooded.close()
})
