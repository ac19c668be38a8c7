import {
  type Analytics,
  AnalyticsError,
  type AnalyticsOptions,
  createAnalytics,
  defineEvents,
  type KeyStore,
} from '@millimetric/core'
import { memoryEvents, memoryKeys } from '@millimetric/core/memory'
import { tokenResponseSchema } from '@millimetric/schema'
import type { TokenParams } from '@millimetric/schema/wire'
import { beforeEach, describe, expect, test } from 'vitest'
import * as z from 'zod'

const NOW = Date.UTC(2026, 4, 16, 12)
const ORIGIN = 'https://board.test'
const PIN: TokenParams['filters'] = { field: 'properties.customer', op: 'is', value: 'acme' }

let now: number
let lookups: string[]
let gone: boolean
let away: boolean
let analytics: Analytics
let projectId: string
let keys: { pk: string; sk: string; rk: string }

beforeEach(async () => {
  await start()
})

async function start(options: Partial<AnalyticsOptions> = {}): Promise<void> {
  now = NOW
  lookups = []
  gone = false
  away = false
  const stored = memoryKeys()
  const watched: KeyStore = {
    ...stored,
    async findKey(prefix) {
      lookups.push(prefix)
      if (away) throw new AnalyticsError('storage_unavailable', 'away')
      return await stored.findKey(prefix)
    },
    async findProject(name) {
      lookups.push(name)
      if (away) throw new AnalyticsError('storage_unavailable', 'away')
      return gone ? undefined : await stored.findProject(name)
    },
  }
  analytics = createAnalytics({
    events: memoryEvents(),
    keys: watched,
    clock: () => now,
    delivery: { flushIntervalMs: 0 },
    onDiagnostic: () => {},
    ...options,
  })
  const made = await analytics.projects.create({ slug: 'shop', allowed_origins: [ORIGIN] })
  projectId = made.project.id
  keys = made.keys
  const receipt = await analytics.batch(
    ['acme', 'acme', 'globex'].map((customer, i) => ({
      event: 'visit',
      event_id: `e${i}`,
      anonymous_id: `${customer}-${i}`,
      properties: { customer, price: i + 1 },
    })),
  )
  expect(receipt.ok).toBe(true)
}

interface Answer {
  status: number
  headers: Headers
  text: string
  body: Record<string, unknown> & { rows?: { value: number }[]; error?: string }
}

async function ask(
  method: string,
  path: string,
  { key, body, headers = {} }: { key?: string; body?: unknown; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const answer = await analytics.handler(
    new Request(`http://host.test${path}`, {
      method,
      headers: { ...(key === undefined ? {} : { authorization: `Bearer ${key}` }), ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    }),
  )
  const text = await answer.text()
  return { status: answer.status, headers: answer.headers, text, body: text === '' ? {} : JSON.parse(text) }
}

const make = async (params: Partial<TokenParams> = {}): Promise<string> =>
  (await analytics.tokens.create({ filters: PIN, ...params })).token

const STATS = '/v1/stats?range=7d'

describe('a token', () => {
  test('sees what its filters let through, on GET and POST, and is no wider when asked for more', async () => {
    const token = await make()
    expect((await ask('GET', STATS, { key: token })).body.rows).toEqual([{ value: 2 }])
    expect((await ask('GET', STATS, { key: keys.rk })).body.rows).toEqual([{ value: 3 }])
    const widened = { or: [PIN, { field: 'properties.customer', op: 'is', value: 'globex' }] }
    const posted = await ask('POST', '/v1/stats', {
      key: token,
      body: { range: '7d', metrics: ['count', 'sum(properties.price)'], filters: [widened] },
    })
    expect(posted.body.rows).toEqual([{ count: 2, 'sum(properties.price)': 3 }])
  })

  test('with metrics may ask stats for those only', async () => {
    const token = await make({ metrics: ['count', 'sum(properties.price)', 'count'] })
    const metrics = async (list: string): Promise<Answer> =>
      await ask('GET', `${STATS}&metrics=${list}`, { key: token })
    expect((await metrics('sum(properties.price)')).status).toBe(200)
    expect((await ask('GET', STATS, { key: token })).status).toBe(200)
    for (const refused of [
      await metrics('count,people'),
      await metrics('avg(properties.price)'),
      await ask('GET', '/v1/query?range=7d', { key: token }),
      await ask('GET', '/v1/sources?range=7d', { key: token }),
    ]) {
      expect([refused.status, refused.body.error]).toEqual([403, 'insufficient_scope'])
    }
  })

  test('with metrics groups and filters by no ids and properties but those that it names', async () => {
    const looked = async (token: string, body: object): Promise<[number, unknown]> => {
      const answer = await ask('POST', '/v1/stats', { key: token, body: { range: '7d', ...body } })
      return [answer.status, answer.body.rows ?? answer.body.error]
    }
    const refused = [403, 'insufficient_scope']
    const by = (field: string) => ({ field, op: 'starts_with', value: 'a' }) as const
    const probes = [
      { group_by: ['user_id'] },
      { group_by: ['source', 'properties.price'] },
      { user_id: 'u' },
      { anonymous_id: 'acme-0' },
      { filters: { not: { or: [by('source'), by('anonymous_id')] } } },
      { filters: { has_not_done: { event: 'visit', filters: [by('properties.price')] } } },
      { metrics: ['conversion_rate'], goal: { event: 'visit', filters: by('user_id') } },
    ]
    const plain = await make({ metrics: ['count', 'conversion_rate'] })
    const pinned = await make({
      metrics: ['count', 'conversion_rate'],
      group_by: ['source', 'properties.plan'],
    })
    for (const probe of probes) {
      expect([probe, await looked(plain, probe)]).toEqual([probe, refused])
      expect([probe, await looked(pinned, probe)]).toEqual([probe, refused])
      // Without metrics the holder sees the events themselves.
      expect((await looked(await make(), { metrics: ['count'], ...probe, goal: undefined }))[0]).toBe(
        'goal' in probe ? 400 : 200,
      )
    }
    expect(await looked(plain, { group_by: ['path'], filters: by('source'), event: 'visit' })).toEqual([
      200,
      [],
    ])
    expect((await looked(pinned, { group_by: ['path'] }))[0]).toBe(403)
    const plans = {
      group_by: ['properties.plan'],
      filters: { field: 'properties.plan', op: 'is', value: '' },
    }
    expect(await looked(pinned, plans)).toEqual([200, [{ 'properties.plan': '', value: 2 }]])
    await expect(make({ group_by: ['source'] })).rejects.toMatchObject({
      code: 'invalid_params',
      details: { field: 'group_by' },
    })
    await expect(make({ metrics: ['count'], group_by: ['sorce'] as never })).rejects.toMatchObject({
      message: expect.stringMatching(/did you mean "source"/),
    })
  })

  test('is not told the names of a catalog', async () => {
    await start({ catalog: defineEvents({ visit: z.object({}).loose(), secret_launch: z.object({}) }) })
    const token = await make()
    for (const search of ['event=secret_lunch', 'metric=conversion_rate&goal=secret_lunch']) {
      const answer = await ask('GET', `${STATS}&${search}`, { key: token })
      expect([answer.status, answer.text.includes('secret_launch')]).toEqual([400, false])
      const own = await ask('GET', `${STATS}&${search}`, { key: keys.rk })
      expect([own.status, own.text.includes('secret_launch')]).toEqual([400, true])
    }
  })

  test('is of one project: naming it is fine, naming another is as for keys', async () => {
    await analytics.projects.create({ slug: 'other' })
    const { token } = await analytics.tokens.create({ filters: PIN, project: 'shop' })
    expect((await ask('GET', `${STATS}&project_id=${projectId}`, { key: token })).status).toBe(200)
    expect((await ask('GET', `${STATS}&project_slug=other`, { key: token })).body.error).toBe(
      'unknown_project',
    )
    await expect(analytics.tokens.create({ filters: PIN })).rejects.toMatchObject({ code: 'unknown_project' })
  })

  test.each([
    ['POST', '/v1/track', 'insufficient_scope'],
    ['POST', '/v1/batch', 'insufficient_scope'],
    ['POST', '/v1/identify', 'insufficient_scope'],
    ['POST', '/v1/forget', 'forget_requires_secret_key'],
    ['GET', '/v1/jobs/x', 'key_kind_not_allowed'],
    ['POST', '/v1/tokens', 'key_kind_not_allowed'],
    ['GET', '/v1/usage', 'key_kind_not_allowed'],
    ['GET', '/v1/projects', 'insufficient_scope'],
    ['GET', '/v1/projects/shop', 'insufficient_scope'],
  ])('is not taken by %s %s', async (method, path, code) => {
    const body = method === 'POST' ? { filters: PIN, event: 'e', anonymous_id: 'a' } : undefined
    const answer = await ask(method, path, { key: await make(), body })
    expect([answer.status, answer.body.error]).toEqual([403, code])
  })

  test('never reaches the login of the host', async () => {
    let asked = 0
    await start({
      authenticateUser() {
        asked++
        return { id: 'somebody', admin: true }
      },
    })
    for (const path of ['/v1/projects', '/v1/usage', '/v1/account/keys']) {
      expect((await ask('GET', path, { key: await make() })).status).toBeGreaterThanOrEqual(401)
    }
    expect(asked).toBe(0)
  })

  test('has buckets of its own among the rate limits', async () => {
    await start({ rateLimits: { stats: { rate: 0.001, burst: 1 } } })
    const token = await make()
    expect((await ask('GET', STATS, { key: token })).status).toBe(200)
    expect((await ask('GET', STATS, { key: token })).status).toBe(429)
    expect((await ask('GET', STATS, { key: await make() })).status).toBe(429)
    expect((await ask('GET', STATS, { key: keys.rk })).status).toBe(200)
  })
})

describe('what is wrong with a token, one code each', () => {
  const wrong = (token: string): string => token.replace(/[0-9a-f]{64}$/, 'a'.repeat(64))

  test('malformed, unknown and over ask no database; unknown and wrong are the same bytes', async () => {
    const token = await make({ expires_in: 60 })
    const claims = Buffer.from(JSON.stringify({ project: projectId, filters: [], expires_at: NOW * 2 }))
    const cases: [string, string, string][] = [
      ['cut', token.slice(0, -1), 'malformed_api_key'],
      ['version', token.replace('_1.', '_9.'), 'malformed_api_key'],
      ['long', token.replace(/\.(\w+)\.([^.]+)\./, `.$1.${'a'.repeat(5_000)}.`), 'malformed_api_key'],
      ['wrong signature', wrong(token), 'invalid_api_key'],
      ['unknown pepper', token.replace(/_1\.\w+\./, '_1.000000000000.'), 'invalid_api_key'],
      ['other environment', token.replace('rt_live', 'rt_test'), 'invalid_api_key'],
      [
        'other claims',
        token.replace(/\.[^.]+\.(?=\w{64}$)/, `.${claims.toString('base64url')}.`),
        'invalid_api_key',
      ],
    ]
    lookups = []
    const bytes = new Map<string, string>()
    for (const [name, key, code] of cases) {
      const answer = await ask('GET', STATS, { key })
      expect([name, answer.status, answer.body.error]).toEqual([name, 401, code])
      expect(answer.headers.get('www-authenticate')).toBe('Bearer')
      const id = answer.headers.get('x-request-id') ?? ''
      bytes.set(name, `${JSON.stringify([...answer.headers])}${answer.text}`.replaceAll(id, ''))
    }
    const unknownKey = await ask('GET', STATS, { key: `rk_live_00000000_${'A'.repeat(43)}` })
    const id = unknownKey.headers.get('x-request-id') ?? ''
    const same = `${JSON.stringify([...unknownKey.headers])}${unknownKey.text}`.replaceAll(id, '')
    for (const name of ['wrong signature', 'unknown pepper', 'other environment', 'other claims']) {
      expect([name, bytes.get(name)]).toEqual([name, same])
    }
    now += 60_000
    expect((await ask('GET', STATS, { key: token })).body.error).toBe('token_expired')
    // A wrong one that is over is a wrong one.
    expect((await ask('GET', STATS, { key: wrong(token) })).body.error).toBe('invalid_api_key')
    expect(lookups.filter((name) => name !== '00000000')).toEqual([])
  })

  test('it lasts to the millisecond', async () => {
    const { token, expires_at } = await analytics.tokens.create({ filters: PIN, expires_in: '15m' })
    expect(expires_at).toBe(NOW + 900_000)
    now = expires_at - 1
    expect((await ask('GET', STATS, { key: token })).status).toBe(200)
    now = expires_at
    expect((await ask('GET', STATS, { key: token })).status).toBe(401)
  })

  test('in a URL it is refused, as secret keys are', async () => {
    expect((await ask('GET', `${STATS}&key=${await make()}`)).body.error).toBe('malformed_api_key')
  })

  test('a project that is gone', async () => {
    const token = await make()
    gone = true
    now += 10_000
    const answer = await ask('GET', STATS, { key: token })
    expect([answer.status, answer.body.error]).toEqual([401, 'invalid_api_key'])
  })

  test('503 and never 401 while the key store is away; the project is cached like a key', async () => {
    const token = await make({ expires_in: '1d' })
    lookups = []
    for (let i = 0; i < 5; i++) expect((await ask('GET', STATS, { key: token })).status).toBe(200)
    expect(lookups).toEqual([projectId])
    away = true
    now += 60_000
    expect((await ask('GET', STATS, { key: token })).status).toBe(200)
    now += 3_600_000
    const answer = await ask('GET', STATS, { key: token })
    expect([answer.status, answer.body.error]).toEqual([503, 'storage_unavailable'])
  })
})

describe('in a browser', () => {
  test('the origin must be on the list of the project; servers have none', async () => {
    const token = await make()
    const from = async (origin: string): Promise<Answer> =>
      await ask('GET', STATS, { key: token, headers: { origin } })
    const good = await from(ORIGIN)
    expect([good.status, good.headers.get('access-control-allow-origin')]).toEqual([200, ORIGIN])
    for (const origin of ['https://evil.test', 'null', `${ORIGIN}.evil.test`]) {
      const answer = await from(origin)
      expect([origin, answer.status, answer.body.error]).toEqual([origin, 403, 'origin_not_allowed'])
      expect(answer.headers.get('access-control-allow-origin')).toBeNull()
      expect(answer.headers.get('vary')).toContain('Origin')
    }
    expect((await ask('GET', STATS, { key: token })).status).toBe(200)
  })

  test('preflights pass, and a page can read why its token was refused', async () => {
    const preflight = await ask('OPTIONS', '/v1/stats', {
      headers: { origin: ORIGIN, 'access-control-request-method': 'POST' },
    })
    expect(preflight.status).toBe(204)
    expect(preflight.headers.get('access-control-allow-origin')).toBe(ORIGIN)
    expect(preflight.headers.get('access-control-allow-methods')).toBe('GET, HEAD, POST, OPTIONS')
    expect(preflight.headers.get('access-control-allow-headers')).toContain('Authorization')
    const token = await make()
    now += 3_600_000
    const over = await ask('GET', STATS, { key: token, headers: { origin: ORIGIN } })
    expect([over.body.error, over.headers.get('access-control-allow-origin')]).toEqual([
      'token_expired',
      ORIGIN,
    ])
  })
})

describe('POST /v1/tokens', () => {
  const mint = async (body: unknown, key = keys.sk): Promise<Answer> =>
    await ask('POST', '/v1/tokens', { key, body })

  test('makes one with a secret key', async () => {
    const made = await mint({ filters: PIN, metrics: ['count'], expires_in: '2h', env: 'test' })
    expect(made.status).toBe(201)
    const { token, expires_at } = tokenResponseSchema.parse(made.body)
    expect([token.slice(0, 8), expires_at]).toEqual(['rt_test_', NOW + 7_200_000])
    expect((await ask('GET', STATS, { key: token })).body.rows).toEqual([{ value: 2 }])
  })

  test('revoking the key that made it ends it; a token of the host’s own code goes on', async () => {
    const { key, secret } = await analytics.keys.create({ project_id: projectId, kind: 'sk' })
    const token = String((await mint({ filters: PIN }, secret)).body.token)
    const own = await make()
    expect((await ask('GET', STATS, { key: token })).status).toBe(200)
    await analytics.keys.revoke(projectId, key.id)
    expect((await ask('GET', STATS, { key: token })).body.error).toBe('invalid_api_key')
    expect((await ask('GET', STATS, { key: own })).status).toBe(200)
  })

  test('takes no other key, and no secret key that may not read', async () => {
    const { secret } = await analytics.keys.create({ project_id: projectId, kind: 'sk', scopes: ['ingest'] })
    const { secret: account } = await analytics.keys.account.create({ owner: 'me' })
    for (const [key, code] of [
      [keys.pk, 'key_kind_not_allowed'],
      [keys.rk, 'key_kind_not_allowed'],
      [account, 'key_kind_not_allowed'],
      [secret, 'insufficient_scope'],
    ] as const) {
      const answer = await mint({ filters: PIN }, key)
      expect([answer.status, answer.body.error]).toEqual([403, code])
    }
    expect((await ask('POST', '/v1/tokens', { body: { filters: PIN } })).body.error).toBe(
      'missing_bearer_token',
    )
    expect((await ask('GET', '/v1/tokens', { key: keys.sk })).status).toBe(405)
  })

  const bad: [name: string, body: unknown, message: RegExp][] = [
    ['no filters', {}, /filters/],
    ['empty filters', { filters: [] }, /filters: name at least one condition/],
    ['filters null', { filters: null }, /filters/],
    ['a value that is missing', { filters: { field: 'user_id', op: 'is' } }, /filters/],
    ['contains nothing', { filters: { field: 'path', op: 'contains', value: '' } }, /filters: .*""/],
    [
      'not contains nothing',
      { filters: { field: 'path', op: 'not_contains', value: ['a', ''] } },
      /filters: .*""/,
    ],
    ['entry_path', { filters: { field: 'entry_path', op: 'is', value: '/' } }, /entry_path is of a session/],
    [
      'exit_path inside',
      { filters: { not: { or: [PIN, { field: 'exit_path', op: 'is_set' }] } } },
      /exit_path/,
    ],
    ['has_done', { filters: { has_done: { event: 'visit' } } }, /what a person has done/],
    ['has_not_done inside', { filters: [{ and: [PIN, { has_not_done: { event: 'v' } }] }] }, /has done/],
    ['an unknown field', { filters: { field: 'sorce', op: 'is', value: 'x' } }, /did you mean "source"/],
    ['an unknown metric', { filters: PIN, metrics: ['cuont'] }, /did you mean "count"/],
    ['no metrics', { filters: PIN, metrics: [] }, /metrics/],
    ['an unknown parameter', { filters: PIN, expire_in: 5 }, /expire_in \(did you mean "expires_in"\?\)/],
    ['a project', { filters: PIN, project: 'other' }, /project/],
    ['no lifetime', { filters: PIN, expires_in: 0 }, /expires_in/],
    ['half a second', { filters: PIN, expires_in: 0.5 }, /expires_in/],
    ['too long', { filters: PIN, expires_in: '31d' }, /30 days/],
    ['too long in seconds', { filters: PIN, expires_in: 30 * 86_400 + 1 }, /30 days/],
    ['an unknown unit', { filters: PIN, expires_in: '5y' }, /expires_in: takes seconds/],
    ['1e1h', { filters: PIN, expires_in: '1e1h' }, /expires_in/],
    ['-1h', { filters: PIN, expires_in: '-1h' }, /expires_in/],
    ['environment', { filters: PIN, env: 'prod' }, /env/],
    ['a list', [], /object/],
    ['text', 'x', /object/],
    [
      'too much',
      { filters: { field: 'path', op: 'is', value: ['x'.repeat(2000), 'y'.repeat(2000)] } },
      /4096 characters/,
    ],
  ]
  test.each(bad)('refuses %s', async (_name, body, message) => {
    const answer = await mint(body)
    expect([answer.status, answer.body.error]).toEqual([400, 'invalid_params'])
    expect(answer.body.message).toMatch(message)
  })

  test('takes lifetimes of one second and of 30 days', async () => {
    for (const expires_in of [1, 30 * 86_400, '30d', '1m', '720h'])
      expect([expires_in, (await mint({ filters: PIN, expires_in })).status]).toEqual([expires_in, 201])
  })

  test('holds event names against the catalog when it is made, and not later', async () => {
    const catalog = defineEvents({
      visit: { '~standard': { version: 1, vendor: 't', validate: (value) => ({ value }) } },
    })
    await start({ catalog })
    const answer = await mint({ filters: { field: 'event_name', op: 'is', value: 'vist' } })
    expect(answer.body.message).toMatch(/did you mean "visit"/)
    expect((await mint({ filters: { field: 'event_name', op: 'is', value: 'visit' } })).status).toBe(201)
  })
})
