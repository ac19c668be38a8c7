import { randomUUID } from 'node:crypto'
import { type Analytics, type AnalyticsOptions, createAnalytics, type Diagnostic } from '@millimetric/core'
import { memoryEvents, memoryKeys } from '@millimetric/core/memory'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Answer, serve, type TestServer } from '../control/server.js'

const DASHBOARD = 'https://dashboard.test'

/** Sessions of a made-up host: `session alice`. */
const authenticateUser: NonNullable<AnalyticsOptions['authenticateUser']> = (request) => {
  const [, name] = /^session (\w+)$/.exec(request.headers.get('authorization') ?? '') ?? []
  if (name === 'broken') throw new Error('the login is down at login.internal')
  if (name === 'odd') return { id: 5 } as never
  return name === undefined ? null : { id: name, admin: name === 'root' }
}

async function start(options: Partial<AnalyticsOptions> = {}): Promise<{
  analytics: Analytics
  server: TestServer
  diagnostics: Diagnostic[]
  as(
    who: string,
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<Answer>
  close(): Promise<void>
}> {
  const diagnostics: Diagnostic[] = []
  const analytics = createAnalytics({
    events: memoryEvents(),
    keys: memoryKeys(),
    delivery: { flushIntervalMs: 0 },
    authenticateUser,
    adminOrigins: [DASHBOARD],
    onDiagnostic: (diagnostic) => void diagnostics.push(diagnostic),
    ...options,
  })
  const server = await serve(analytics)
  return {
    analytics,
    server,
    diagnostics,
    as: (who, method, path, body, headers = {}) =>
      server.ask(method, path, { body, headers: { authorization: `session ${who}`, ...headers } }),
    async close() {
      await server.close()
      await analytics.close()
    },
  }
}

let bench: Awaited<ReturnType<typeof start>>
beforeAll(async () => {
  bench = await start()
})
afterAll(async () => {
  await bench.close()
})

interface Made {
  project: { id: string; slug: string; owner: string }
  keys: { pk: string; sk: string; rk: string }
}

async function projectOf(who: string): Promise<Made> {
  const { status, body } = await bench.as(who, 'POST', '/v1/projects', {
    slug: `p-${randomUUID().slice(0, 8)}`,
  })
  expect(status).toBe(201)
  return body
}

describe('projects', () => {
  it('are made with their three keys, listed, read and changed by their owner', async () => {
    const { project, keys } = await projectOf('alice')
    expect(project).toMatchObject({ owner: 'alice', plan: 'default' })
    expect(Object.keys(keys)).toEqual(['pk', 'sk', 'rk'])
    const listed = await bench.as('alice', 'GET', '/v1/projects')
    expect(listed.body.projects).toContainEqual(project)
    for (const name of [project.id, project.slug]) {
      expect((await bench.as('alice', 'GET', `/v1/projects/${name}`)).body).toEqual({ project })
    }
    const change = {
      name: 'Shop',
      allowed_origins: ['https://shop.test'],
      retention_days: 90,
      timezone: 'Asia/Tokyo',
    }
    const changed = await bench.as('alice', 'POST', `/v1/projects/${project.id}`, change)
    expect([changed.status, changed.body]).toEqual([200, { project: { ...project, ...change } }])
  })

  it('of others look like none, whatever is asked', async () => {
    const { project } = await projectOf('alice')
    const [key] = (await bench.as('alice', 'GET', `/v1/projects/${project.id}/keys`)).body.keys
    const paths: [string, string, unknown?][] = [
      ['GET', ''],
      ['POST', '', { name: 'x' }],
      ['GET', '/keys'],
      ['POST', '/keys', { kind: 'sk' }],
      ['POST', `/keys/${key.id}/rotate`, {}],
      ['DELETE', `/keys/${key.id}`],
    ]
    for (const [method, rest, body] of paths) {
      const answers: unknown[] = []
      for (const id of [
        project.id,
        project.slug,
        randomUUID(),
        'nothing',
        '__proto__',
        "x'--",
        '%00',
        '%ff',
      ]) {
        const { status, body: answer } = await bench.as('bob', method, `/v1/projects/${id}${rest}`, body)
        if (id === '%ff') expect(status).toBe(404)
        else answers.push([status, answer.error, answer.message])
      }
      expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1)
      expect(answers[0]).toEqual([404, 'unknown_project', 'There is no such project.'])
    }
    expect((await bench.as('bob', 'GET', `/v1/usage?project_id=${project.id}`)).body.error).toBe(
      'unknown_project',
    )
    expect((await bench.as('bob', 'GET', '/v1/projects')).body.projects).toEqual([])
    expect((await bench.as('alice', 'GET', `/v1/projects/${project.id}/keys`)).body.keys).toHaveLength(3)
  })

  it('take plan and owner from admins only, who see all of them', async () => {
    const { project } = await projectOf('alice')
    for (const body of [
      { slug: 'a', plan: 'pro' },
      { slug: 'a', owner: 'bob' },
    ]) {
      expect((await bench.as('alice', 'POST', '/v1/projects', body)).status).toBe(400)
    }
    expect((await bench.as('alice', 'POST', `/v1/projects/${project.id}`, { plan: 'pro' })).status).toBe(400)
    const changed = await bench.as('root', 'POST', `/v1/projects/${project.id}`, { plan: 'pro' })
    expect(changed.body.project).toMatchObject({ plan: 'pro', owner: 'alice' })
    const made = await bench.as('root', 'POST', '/v1/projects', {
      slug: 'for-carol',
      owner: 'carol',
      plan: 'pro',
    })
    expect(made.body.project).toMatchObject({ owner: 'carol', plan: 'pro' })
    expect((await bench.as('root', 'GET', '/v1/projects')).body.projects.length).toBeGreaterThan(2)
    expect((await bench.as('carol', 'GET', '/v1/projects')).body.projects).toHaveLength(1)
  })
})

describe('keys', () => {
  it('are made, shown once, listed without secrets, used and revoked', async () => {
    const { project } = await projectOf('alice')
    const path = `/v1/projects/${project.id}/keys`
    const made = await bench.as('alice', 'POST', path, { kind: 'rk', name: 'board' })
    expect(made.status).toBe(201)
    expect((await bench.server.ask('GET', '/v1/stats?range=7d', { key: made.body.secret })).status).toBe(200)
    const listed = await bench.as('alice', 'GET', path)
    const fields = ['id', 'project_id', 'owner', 'kind', 'env', 'prefix', 'scopes', 'name']
    const times = ['created_at', 'expires_at', 'revoked_at', 'last_used_at', 'replaced_by']
    expect(Object.keys(listed.body.keys[3]).sort()).toEqual([...fields, ...times].sort())
    expect(listed.text).not.toContain(made.body.secret.slice(-43))
    const revoked = await bench.as('alice', 'DELETE', `${path}/${made.body.key.id}`)
    expect(revoked.body.key.revoked_at).toEqual(expect.any(Number))
    expect((await bench.server.ask('GET', '/v1/stats?range=7d', { key: made.body.secret })).status).toBe(401)
    expect((await bench.as('alice', 'DELETE', `${path}/${randomUUID()}`)).body.error).toBe('not_found')
  })

  it('rotate: both work for the overlap, the old one dies at its date', async () => {
    let now = Date.parse('2026-05-16T19:00:00Z')
    const own = await start({ clock: () => now })
    const made = await own.as('alice', 'POST', '/v1/projects', { slug: 'p' })
    const { project, keys } = made.body
    const path = `/v1/projects/${project.id}/keys`
    const old = (await own.as('alice', 'GET', path)).body.keys.find(
      ({ kind }: { kind: string }) => kind === 'rk',
    )
    const status = async (key: string): Promise<number> =>
      (await own.server.ask('GET', '/v1/stats?range=7d', { key })).status
    expect(await status(keys.rk)).toBe(200)
    const rotated = await own.as('alice', 'POST', `${path}/${old.id}/rotate`, { overlap_s: 3_600 })
    expect(rotated.status).toBe(201)
    expect(rotated.body.key).toMatchObject({
      kind: 'rk',
      scopes: old.scopes,
      name: old.name,
      expires_at: null,
    })
    now += 3_599_000
    expect([await status(keys.rk), await status(rotated.body.secret)]).toEqual([200, 200])
    now += 1_000
    expect([await status(keys.rk), await status(rotated.body.secret)]).toEqual([401, 200])
    // The old one was replaced, so it can't be rotated again.
    expect((await own.as('alice', 'POST', `${path}/${old.id}/rotate`)).body.error).toBe('key_already_rotated')
    for (const overlap_s of [-1, 1.5, 7_776_001, '5', null]) {
      const refused = await own.as('alice', 'POST', `${path}/${rotated.body.key.id}/rotate`, { overlap_s })
      expect([overlap_s, refused.status, refused.body.details]).toEqual([
        overlap_s,
        400,
        { field: 'overlap_s' },
      ])
    }
    await own.close()
  })

  it('of accounts read every project of the owner, and nothing else', async () => {
    const [one, two] = [await projectOf('dora'), await projectOf('dora')]
    const foreign = await projectOf('alice')
    const made = await bench.as('dora', 'POST', '/v1/account/keys', { name: 'agency' })
    expect(made.status).toBe(201)
    const { secret: key } = made.body
    await bench.server.ask('POST', '/v1/track', { key: one.keys.sk, body: { event: 'e', anonymous_id: 'a' } })
    const ask = async (
      method: string,
      path: string,
      body?: unknown,
    ): Promise<[number, string | undefined]> => {
      const answer = await bench.server.ask(method, path, { key, body })
      return [answer.status, answer.body?.error]
    }
    expect(await ask('GET', `/v1/stats?range=7d&project_id=${one.project.id}`)).toEqual([200, undefined])
    expect(await ask('GET', `/v1/query?range=7d&project_slug=${two.project.slug}`)).toEqual([200, undefined])
    expect(await ask('GET', `/v1/stats?range=7d&project_id=${foreign.project.id}`)).toEqual([
      404,
      'unknown_project',
    ])
    expect(await ask('GET', '/v1/stats?range=7d')).toEqual([400, 'invalid_params'])
    expect(
      await ask('GET', `/v1/stats?range=7d&project_id=${one.project.id}&project_id=${two.project.id}`),
    ).toEqual([400, 'invalid_params'])
    expect(await ask('POST', '/v1/track', { event: 'e' })).toEqual([403, 'insufficient_scope'])
    expect(await ask('POST', '/v1/projects', { slug: 'x' })).toEqual([401, 'invalid_session'])
    expect(await ask('GET', '/v1/account/keys')).toEqual([401, 'invalid_session'])
    expect(await ask('GET', `/v1/projects/${one.project.id}/keys`)).toEqual([401, 'invalid_session'])
    const listed = await bench.server.ask('GET', '/v1/projects', { key })
    expect(listed.body.projects.map(({ id }: { id: string }) => id).sort()).toEqual(
      [one.project.id, two.project.id].sort(),
    )
    expect(await ask('GET', `/v1/projects/${foreign.project.id}`)).toEqual([404, 'unknown_project'])
    const used = await bench.server.ask('GET', '/v1/usage', { key })
    expect(used.body.usage.map(({ months }: { months: unknown[] }) => months.length).sort()).toEqual([0, 1])
    const rotated = await bench.as('dora', 'POST', `/v1/account/keys/${made.body.key.id}/rotate`, {
      overlap_s: 0,
    })
    expect(rotated.status).toBe(201)
    expect(await ask('GET', '/v1/projects')).toEqual([401, 'invalid_api_key'])
    expect((await bench.as('alice', 'DELETE', `/v1/account/keys/${rotated.body.key.id}`)).body.error).toBe(
      'not_found',
    )
    expect((await bench.as('dora', 'DELETE', `/v1/account/keys/${rotated.body.key.id}`)).status).toBe(200)
    expect((await bench.as('dora', 'GET', '/v1/account/keys')).body.keys).toHaveLength(2)
    expect((await bench.server.ask('GET', '/v1/projects', { key: rotated.body.secret })).status).toBe(401)
  })
})

describe('what is wrong with a request', () => {
  const id = '7d9f5c1e-6f4b-4c3e-9a46-1f0f7a8e7d11'

  const bad: [method: string, path: string, body: unknown, status: number, code: string][] = [
    ['POST', '/v1/projects', '{', 400, 'invalid_payload'],
    ['POST', '/v1/projects', undefined, 400, 'invalid_payload'],
    ['POST', '/v1/projects', '[]', 400, 'invalid_params'],
    ['POST', '/v1/projects', 'null', 400, 'invalid_params'],
    ['POST', '/v1/projects', '"x"', 400, 'invalid_params'],
    ['POST', '/v1/projects', {}, 400, 'invalid_params'],
    ['POST', '/v1/projects', { slug: 'UPPER' }, 400, 'invalid_params'],
    ['POST', '/v1/projects', { slug: ['a'] }, 400, 'invalid_params'],
    ['POST', '/v1/projects', { slug: 'x', allowed_origins: ['https://*.com'] }, 400, 'invalid_params'],
    ['POST', '/v1/projects', { slug: 'x', timezone: 'Nowhere' }, 400, 'invalid_params'],
    ['POST', '/v1/projects', { slug: 'x', retention_days: 0 }, 400, 'invalid_params'],
    ['POST', '/v1/projects', { slug: 'x', admin: true }, 400, 'invalid_params'],
    ['POST', '/v1/projects', '{"slug":"x","__proto__":{"plan":"pro"}}', 400, 'invalid_params'],
    ['POST', '/v1/projects', { slug: 'taken' }, 409, 'slug_taken'],
    ['POST', '/v1/projects', `{"slug":"${'x'.repeat(1_100_000)}"}`, 413, 'payload_too_large'],
    ['POST', '/v1/projects/taken', { slug: 'x y' }, 400, 'invalid_params'],
    ['POST', '/v1/projects/taken', { owner: 'bob' }, 400, 'invalid_params'],
    ['POST', '/v1/projects/taken/keys', { kind: 'ak' }, 400, 'invalid_params'],
    ['POST', '/v1/projects/taken/keys', { kind: '__proto__' }, 400, 'invalid_params'],
    ['POST', '/v1/projects/taken/keys', { kind: 'pk', scopes: ['read'] }, 400, 'invalid_params'],
    ['POST', '/v1/projects/taken/keys', { kind: 'sk', expires_at: 1 }, 400, 'invalid_params'],
    ['POST', '/v1/projects/taken/keys', { kind: 'sk', project_id: 'x' }, 400, 'invalid_params'],
    ['POST', `/v1/projects/taken/keys/${id}/rotate`, {}, 404, 'not_found'],
    ['DELETE', `/v1/projects/taken/keys/${id}`, undefined, 404, 'not_found'],
    ['DELETE', "/v1/projects/taken/keys/'", undefined, 404, 'not_found'],
    ['POST', '/v1/account/keys', { owner: 'bob' }, 400, 'invalid_params'],
    ['POST', '/v1/account/keys', { env: 'prod' }, 400, 'invalid_params'],
    ['POST', `/v1/account/keys/${id}/rotate`, {}, 404, 'not_found'],
    ['DELETE', `/v1/account/keys/${id}`, undefined, 404, 'not_found'],
    ['GET', '/v1/usage?project_id=a&project_slug=b', undefined, 400, 'invalid_params'],
    ['PUT', '/v1/projects', undefined, 405, 'method_not_allowed'],
    ['DELETE', '/v1/projects', undefined, 405, 'method_not_allowed'],
    ['POST', '/v1/usage', {}, 405, 'method_not_allowed'],
    ['GET', `/v1/projects/taken/keys/${id}`, undefined, 405, 'method_not_allowed'],
    ['GET', '/v1/projects/', undefined, 404, 'not_found'],
    ['GET', '/v1/projects//keys', undefined, 404, 'not_found'],
    ['GET', '/v1/projects/a/b/c', undefined, 404, 'not_found'],
  ]
  it.each(bad.map((row) => ({ row, name: JSON.stringify(row).slice(0, 100) })))('$name', async ({ row }) => {
    const [method, path, body, status, code] = row
    await bench.as('alice', 'POST', '/v1/projects', { slug: 'taken' })
    const answer = await bench.as('alice', method, path, body)
    expect([answer.status, answer.body.error]).toEqual([status, code])
    if (status === 405) expect(answer.headers.get('allow')).toContain('OPTIONS')
  })
})

describe('dashboards elsewhere', () => {
  it('are granted with credentials when listed; a preflight says what may be sent', async () => {
    const preflight = await bench.server.ask('OPTIONS', '/v1/projects', {
      origin: DASHBOARD,
      headers: {
        'access-control-request-headers': 'x'.repeat(8_000),
        'access-control-request-method': 'PUT',
      },
    })
    expect(preflight.status).toBe(204)
    expect(Object.fromEntries(preflight.headers)).toMatchObject({
      'access-control-allow-origin': DASHBOARD,
      'access-control-allow-credentials': 'true',
      'access-control-allow-methods': 'GET, HEAD, POST, OPTIONS',
      vary: 'Origin',
    })
    expect(JSON.stringify([...preflight.headers])).not.toContain('xxx')
    for (const who of ['alice', '']) {
      const answer = await bench.as(who, 'GET', '/v1/projects', undefined, { origin: DASHBOARD })
      expect(answer.headers.get('access-control-allow-origin')).toBe(DASHBOARD)
      expect(answer.headers.get('access-control-allow-credentials')).toBe('true')
    }
    const foreign = await bench.server.ask('OPTIONS', '/v1/projects', { origin: 'https://evil.test' })
    expect(foreign.headers.get('access-control-allow-origin')).toBeNull()
    expect(foreign.headers.get('vary')).toBe('Origin')
  })

  it('of projects are no dashboards: an allowed origin of a project may not use sessions', async () => {
    await bench.analytics.projects.create({ slug: 'with-origin', allowed_origins: ['https://shop.test'] })
    const answer = await bench.as('alice', 'GET', '/v1/projects', undefined, { origin: 'https://shop.test' })
    expect(answer.status).toBe(403)
    const preflight = await bench.server.ask('OPTIONS', '/v1/projects', { origin: 'https://shop.test' })
    expect(preflight.headers.get('access-control-allow-origin')).toBeNull()
  })

  it('on the same host need no list', async () => {
    for (const headers of [
      { origin: bench.server.url },
      { origin: bench.server.url.replace('http:', 'https:') },
      { origin: 'https://behind.proxy', 'sec-fetch-site': 'same-origin' },
    ]) {
      expect((await bench.as('alice', 'GET', '/v1/projects', undefined, headers)).status).toBe(200)
    }
  })

  it('never see credentials granted where keys are', async () => {
    const { project, keys } = await projectOf('alice')
    await bench.as('alice', 'POST', `/v1/projects/${project.id}`, { allowed_origins: ['https://a.test'] })
    const answer = await bench.server.ask('POST', '/v1/track', {
      key: keys.pk,
      origin: 'https://a.test',
      body: { event: 'e', anonymous_id: 'a' },
    })
    expect(answer.headers.get('access-control-allow-origin')).toBe('https://a.test')
    expect(answer.headers.get('access-control-allow-credentials')).toBeNull()
  })
})
