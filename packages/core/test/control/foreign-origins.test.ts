import { type Analytics, createAnalytics, type Diagnostic, type KeyStore } from '@millimetric/core'
import { memoryEvents, memoryKeys } from '@millimetric/core/memory'
import { afterEach, describe, expect, it } from 'vitest'
import { MALFORMED_KEYS } from '../auth/malformed-keys.js'

const NOW = Date.parse('2026-05-16T19:00:00Z')
const ORIGIN = 'https://p.test'
const DASHBOARD = 'https://dashboard.test'
const open: Analytics[] = []
afterEach(async () => {
  for (const analytics of open.splice(0)) await analytics.close()
})

interface Bench {
  analytics: Analytics
  calls: string[]
  diagnostics: Diagnostic[]
  state: { now: number; mood: 'well' | 'refuses' | 'hangs' }
  /** Status and what a browser of that origin may read of the answer. */
  ask(path: string, init?: RequestInit & { origin?: string; key?: string }): Promise<Answer>
}

interface Answer {
  status: number
  granted: string | null
  headers: Headers
}

async function start(): Promise<Bench & { keys: { pk: string; sk: string } }> {
  const stored = memoryKeys()
  const state: Bench['state'] = { now: NOW, mood: 'well' }
  const calls: string[] = []
  const diagnostics: Diagnostic[] = []
  async function call<T>(name: string, work: () => Promise<T>): Promise<T> {
    calls.push(name)
    if (state.mood === 'refuses') throw new Error('connect ECONNREFUSED db.internal')
    return await (state.mood === 'hangs' ? new Promise<never>(() => {}) : work())
  }
  const keys: KeyStore = {
    ...stored,
    listProjects: (filter) => call('listProjects', () => stored.listProjects(filter)),
    findProject: (name) => call('findProject', () => stored.findProject(name)),
    findKey: (prefix) => call('findKey', () => stored.findKey(prefix)),
    findKeys: (prefixes) => call('findKeys', () => stored.findKeys(prefixes)),
  }
  const analytics = createAnalytics({
    events: memoryEvents(),
    keys,
    delivery: { flushIntervalMs: 0 },
    adminOrigins: [DASHBOARD],
    authenticateUser: () => null,
    clock: () => state.now,
    onDiagnostic: (diagnostic) => void diagnostics.push(diagnostic),
  })
  open.push(analytics)
  const made = await analytics.projects.create({ slug: 'p', allowed_origins: [ORIGIN] })
  calls.length = 0
  return {
    analytics,
    calls,
    diagnostics,
    state,
    keys: made.keys,
    async ask(path, { origin, key, ...init } = {}) {
      const headers = new Headers(init.headers)
      if (origin !== undefined) headers.set('origin', origin)
      if (key !== undefined) headers.set('authorization', `Bearer ${key}`)
      const answer = await analytics.handler(new Request(`http://x${path}`, { ...init, headers }))
      await answer.text()
      const granted = answer.headers.get('access-control-allow-origin')
      return { status: answer.status, granted, headers: answer.headers }
    },
  }
}

const TRACK = { method: 'POST', body: '{"event":"e","anonymous_id":"a"}' }

describe('a malformed key', () => {
  it('without an Origin never reaches the key store', async () => {
    const { ask, calls } = await start()
    for (const key of MALFORMED_KEYS.filter((text) => /^[!-~]+$/.test(text))) {
      expect((await ask('/v1/track', { ...TRACK, key })).status).toBe(401)
      expect((await ask('/v1/stats?range=7d', { key })).status).toBe(401)
    }
    expect((await ask('/v1/track', TRACK)).status).toBe(401)
    expect((await ask('/v1/track?key=pk_live_short', TRACK)).status).toBe(401)
    expect(calls).toEqual([])
  })

  it('with an Origin asks for the origins of all projects once a minute', async () => {
    const { ask, calls, state } = await start()
    for (let second = 0; second < 120; second++) {
      expect(await ask('/v1/track', { ...TRACK, key: 'short', origin: ORIGIN })).toMatchObject({
        status: 401,
        granted: ORIGIN,
      })
      const other = await ask('/v1/track', { ...TRACK, key: 'short', origin: 'https://evil.test' })
      expect(other).toMatchObject({ status: 401, granted: null })
      expect(other.headers.get('vary')).toBe('Origin')
      state.now += 1_000
    }
    expect(calls).toEqual(['listProjects', 'listProjects'])
  })
})

describe.each(['refuses', 'hangs'] as const)('while the key store %s', (mood) => {
  it('what needs no key store is answered, and a failure is remembered', async () => {
    const { ask, calls, state, diagnostics } = await start()
    state.mood = mood
    for (let i = 0; i < 100; i++) {
      expect((await ask('/v1/track', { ...TRACK, key: 'short', origin: ORIGIN })).status).toBe(401)
      expect((await ask('/v1/track', { method: 'OPTIONS', origin: ORIGIN })).status).toBe(204)
    }
    expect(calls).toEqual(['listProjects'])
    state.now += 5_000
    expect((await ask('/v1/track', { ...TRACK, key: 'short', origin: ORIGIN })).status).toBe(401)
    expect(calls).toHaveLength(2)
    expect(diagnostics).toMatchObject([{ kind: 'key_store_failed', operation: 'listProjects' }])
    expect(JSON.stringify(diagnostics)).not.toContain('short')
  })

  it('the origins that were known are still let in, and new ones when it is back', async () => {
    const { analytics, ask, state } = await start()
    const preflight = { method: 'OPTIONS', origin: ORIGIN }
    expect((await ask('/v1/track', preflight)).granted).toBe(ORIGIN)
    state.mood = mood
    state.now += 3_600_000
    for (let i = 0; i < 3; i++) expect((await ask('/v1/track', preflight)).granted).toBe(ORIGIN)
    state.mood = 'well'
    await analytics.projects.create({ slug: 'q', allowed_origins: ['https://q.test'] })
    expect((await ask('/v1/track', { ...preflight, origin: 'https://q.test' })).granted).toBe(
      'https://q.test',
    )
  })

  it('a valid key that nobody has seen gets 503 with Retry-After, a bogus one too, and never 401', async () => {
    const { ask, keys, state } = await start()
    state.mood = mood
    const answers = await Promise.all([
      ask('/v1/track', { ...TRACK, key: keys.sk }),
      ask('/v1/track', { ...TRACK, key: keys.pk, origin: ORIGIN }),
      ask('/v1/track', { ...TRACK, key: `sk_live_00000000_${'A'.repeat(43)}`, origin: ORIGIN }),
    ])
    for (const { status, headers } of answers) {
      expect([status, headers.get('retry-after')]).toEqual([503, '2'])
    }
  })
})

describe('what is refused before any key is looked at', () => {
  const cases: [string, string, string, number, boolean][] = [
    ['an unknown path', 'GET', '/v1/nothing', 404, false],
    ['a path outside', 'GET', '/', 404, false],
    ['a wrong method', 'PUT', '/v1/track', 405, false],
    ['a wrong method of an open path', 'POST', '/healthz', 405, false],
    ['a wrong method of a path for users', 'PUT', '/v1/projects', 405, true],
  ]
  it.each(cases)('%s can be read by the page: %s %s', async (_name, method, path, status, forUsers) => {
    const { ask } = await start()
    const listed = forUsers ? DASHBOARD : ORIGIN
    const answer = await ask(path, { method, origin: listed })
    expect(answer).toMatchObject({ status, granted: listed })
    expect(answer.headers.get('access-control-allow-credentials')).toBe(forUsers ? 'true' : null)
    for (const origin of ['https://evil.test', 'null', forUsers ? ORIGIN : DASHBOARD]) {
      const other = await ask(path, { method, origin })
      expect(other).toMatchObject({ status, granted: null })
      expect(other.headers.get('vary')).toBe('Origin')
    }
    expect((await ask(path, { method })).headers.get('vary')).toBe('Origin')
  })

  it('costs the key store one question a minute', async () => {
    const { ask, calls } = await start()
    for (let i = 0; i < 50; i++) {
      await ask(`/v1/nothing-${i}`, { origin: `https://evil-${i}.test` })
      await ask('/v1/track', { method: 'PUT', origin: ORIGIN })
      await ask('/v1/nothing')
    }
    expect(calls).toEqual(['listProjects'])
  })
})
