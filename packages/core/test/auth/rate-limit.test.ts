import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  createRateLimiter,
  LIMITED_ROUTES,
  type RateLimiter,
  type RateLimitsOption,
} from '../../src/auth/rate-limit.js'
import type { Diagnostic } from '../../src/diagnostics.js'
import { INGEST_ROUTES } from '../../src/http/ingest-routes.js'
import { PRIVACY_ROUTES } from '../../src/http/privacy-routes.js'
import { QUERY_ROUTES } from '../../src/http/query-routes.js'
import { createAnalytics } from '../../src/index.js'
import type { RateLimit, RateLimitStore, Taken } from '../../src/ports/rate-limit-store.js'
import { memoryEvents, memoryKeys } from '../../src/stores/memory/index.js'
import { memoryRateLimits } from '../../src/stores/memory/memory-rate-limits.js'
import { principalOf, testProject } from '../control/principals.js'

const NOW = 1_778_958_000_000

function take(store: RateLimitStore, bucket: string, limit: RateLimit, now: number): Taken {
  const taken = store.take(bucket, limit, now)
  if (taken instanceof Promise) throw new Error('the memory store answers at once')
  return taken
}

describe('buckets in memory', () => {
  const grid = [10, 50, 100, 1_000, 10_000].flatMap((rate) =>
    [0.9, 1, 1.3, 2].flatMap((load) => [1, 3, 5].map((processes) => ({ rate, load, processes }))),
  )
  it.each(grid)(
    'allow 95–110 % per process: $rate/s, load $load, $processes processes',
    ({ rate, load, processes }) => {
      const limit = { rate, burst: rate }
      const seconds = 20
      const stores = Array.from({ length: processes }, memoryRateLimits)
      const counts = stores.map(() => 0)
      const asked = Math.floor(rate * load * seconds)
      for (const [index, store] of stores.entries()) {
        for (let i = 0; i < asked; i++) {
          // Arrivals in clumps of five.
          const at = NOW + (Math.floor(i / 5) * 5_000) / (rate * load)
          if (take(store, 'bucket', limit, at).allowed) counts[index] = (counts[index] ?? 0) + 1
        }
      }
      const expected = Math.min(asked, limit.burst + rate * seconds)
      for (const count of counts) {
        expect(count / expected).toBeGreaterThanOrEqual(0.95)
        expect(count / expected).toBeLessThanOrEqual(1.1)
      }
    },
  )

  it('never allow more than burst + rate · time in any window, and what they refuse is allowed after the wait', () => {
    const times = fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 1, maxLength: 200 })
    const limits = fc.record({
      rate: fc.double({ min: 0.1, max: 1_000, noNaN: true }),
      burst: fc.integer({ min: 1, max: 50 }),
    })
    fc.assert(
      fc.property(times, limits, (gaps, limit) => {
        const store = memoryRateLimits()
        const allowedAt: number[] = []
        let now = NOW
        for (const gap of gaps) {
          now += gap
          const { allowed, retryAfterMs, remaining } = take(store, 'b', limit, now)
          expect(remaining).toBeGreaterThanOrEqual(0)
          expect(remaining).toBeLessThan(limit.burst)
          if (allowed) allowedAt.push(now)
          else {
            expect(retryAfterMs).toBeGreaterThan(0)
            now += Math.ceil(retryAfterMs)
            expect(take(store, 'b', limit, now).allowed).toBe(true)
            allowedAt.push(now)
          }
        }
        for (let from = 0; from < allowedAt.length; from += 7) {
          const start = allowedAt[from] ?? 0
          for (let to = from; to < allowedAt.length; to += 5) {
            const window = ((allowedAt[to] ?? 0) - start) / 1000
            expect(to - from + 1).toBeLessThanOrEqual(limit.burst + limit.rate * window + 1e-3 + 1)
          }
        }
      }),
      { numRuns: 300, seed: 5 },
    )
  })

  it('survive a clock that is set back', () => {
    const store = memoryRateLimits()
    const limit = { rate: 1, burst: 2 }
    for (let i = 0; i < 3; i++) take(store, 'b', limit, NOW)
    const refused = take(store, 'b', limit, NOW - 86_400_000)
    expect(refused.retryAfterMs).toBeLessThanOrEqual(1_000)
    expect(take(store, 'b', limit, NOW - 86_400_000 + 1_001).allowed).toBe(true)
  })

  it('stay small with a million keys', () => {
    setFlagsFromString('--expose-gc')
    const collect: unknown = runInNewContext('gc')
    if (typeof collect !== 'function') throw new Error('There is no way to collect garbage here.')
    const store = memoryRateLimits()
    const limit = { rate: 1, burst: 2 }
    collect()
    const before = process.memoryUsage().heapUsed
    for (let i = 0; i < 1_000_000; i++) take(store, `${i}-a4e1-4b1e-9a5f-000000000000:track:pk`, limit, NOW)
    collect()
    expect((process.memoryUsage().heapUsed - before) / 1e6).toBeLessThan(32)
    expect(take(store, '999999-a4e1-4b1e-9a5f-000000000000:track:pk', limit, NOW).remaining).toBe(0)
  })
})

describe('the limiter', () => {
  function limiter(
    limits?: RateLimitsOption,
    store?: RateLimitStore,
  ): RateLimiter & { now: number; diagnostics: Diagnostic[] } {
    const state = { now: NOW, diagnostics: [] as Diagnostic[] }
    const made = createRateLimiter({
      limits,
      store,
      local: memoryRateLimits(),
      clock: () => state.now,
      onDiagnostic: (diagnostic) => void state.diagnostics.push(diagnostic),
    })
    return Object.assign(state, made)
  }
  const count = async (
    of: RateLimiter,
    principal = principalOf('pk'),
    route = 'track' as const,
  ): Promise<number> => {
    let allowed = 0
    for (let i = 0; i < 500; i++) if ((await of.take(principal, route))?.taken.allowed) allowed++
    return allowed
  }

  it('has the numbers of the contract: track 50/s and 200 at once, batch 5/s and 20, all else free', async () => {
    const made = limiter()
    const principal = principalOf('sk')
    expect(await made.take(principal, 'track')).toMatchObject({ limit: { rate: 50, burst: 200 } })
    expect(await made.take(principal, 'batch')).toMatchObject({ limit: { rate: 5, burst: 20 } })
    for (const route of LIMITED_ROUTES) {
      if (route === 'track' || route === 'batch') continue
      expect(await made.take(principal, route)).toBeUndefined()
    }
    expect(await count(limiter(), principal)).toBe(200)
  })

  it('keeps projects, routes and kinds of keys apart', async () => {
    const made = limiter({ track: { rate: 1, burst: 3 }, identify: { rate: 1, burst: 2 } })
    const [one, two] = [testProject(), testProject()]
    expect(await count(made, principalOf('pk', one))).toBe(3)
    expect(await count(made, principalOf('pk', one))).toBe(0)
    expect(await count(made, principalOf('sk', one))).toBe(3)
    expect(await count(made, principalOf('pk', two))).toBe(3)
    expect((await made.take(principalOf('pk', one), 'identify'))?.taken.allowed).toBe(true)
  })

  it('can be overridden per project, and a broken override is reported and ignored', async () => {
    const made = limiter(({ plan }) => {
      if (plan === 'broken') throw new Error('broken')
      if (plan === 'bad') return { track: { rate: -1, burst: 0 } }
      return plan === 'free' ? { track: { rate: 1, burst: 7 } } : plan === 'pro' ? { track: null } : undefined
    })
    expect(await count(made, principalOf('pk', testProject({ plan: 'free' })))).toBe(7)
    expect(await made.take(principalOf('pk', testProject({ plan: 'pro' })), 'track')).toBeUndefined()
    expect(await count(made, principalOf('pk', testProject()))).toBe(200)
    expect(made.diagnostics).toEqual([])
    for (const plan of ['broken', 'bad']) {
      expect(await made.take(principalOf('pk', testProject({ plan })), 'track')).toMatchObject({
        limit: { rate: 50 },
      })
    }
    expect(made.diagnostics.map(({ kind }) => kind)).toEqual(['hook_failed', 'hook_failed'])
  })

  it('limits every route that takes a key of a project, for the projects that say so', async () => {
    const tight = Object.fromEntries(LIMITED_ROUTES.map((route) => [route, { rate: 0.001, burst: 1 }]))
    const analytics = createAnalytics({
      events: memoryEvents(),
      keys: memoryKeys(),
      rateLimits: ({ plan }) => (plan === 'tight' ? tight : undefined),
    })
    const made = await Promise.all(
      ['tight', 'free'].map((plan) => analytics.projects.create({ slug: plan, plan })),
    )
    const names = new Set<string>()
    for (const route of [...INGEST_ROUTES, ...QUERY_ROUTES, ...PRIVACY_ROUTES]) {
      if (route.by !== 'key' || route.path.includes(':')) continue
      names.add(route.path.replace('/v1/', ''))
      const statuses: number[] = []
      for (const { keys } of [...made, ...made]) {
        const request = new Request(`http://x${route.path}`, {
          method: route.method,
          headers: { authorization: `Bearer ${keys.sk}` },
          ...(route.method === 'GET' ? {} : { body: '{}' }),
        })
        statuses.push((await analytics.handler(request)).status)
      }
      expect([route.method, route.path, statuses.map((status) => status === 429)]).toEqual([
        route.method,
        route.path,
        // Both methods of a path take from one bucket.
        [route.path === '/v1/stats' && route.method === 'POST', false, true, false],
      ])
    }
    expect([...names].sort()).toEqual(LIMITED_ROUTES.toSorted())
    await analytics.close()
  })

  it('uses its own buckets while a store fails, asks again after a second, and says so once a minute', async () => {
    let [calls, away] = [0, true]
    const store: RateLimitStore = {
      name: 'flaky',
      async take() {
        calls++
        if (away) throw new Error('away')
        return { allowed: true, remaining: 1, retryAfterMs: 0 }
      },
      async close() {},
    }
    const made = limiter({ track: { rate: 0.1, burst: 4 } }, store)
    expect(await count(made)).toBe(4)
    expect(calls).toBe(1)
    expect(made.diagnostics).toHaveLength(1)
    made.now += 1_000
    await count(made)
    expect(calls).toBe(2)
    expect(made.diagnostics).toHaveLength(1)
    made.now += 60_000
    await count(made)
    expect(made.diagnostics).toHaveLength(2)
    away = false
    made.now += 1_000
    expect(await count(made)).toBe(500)
  })

  it('waits once for a store that hangs, and lets one request of many find out whether it is back', async () => {
    let asked = 0
    let answer: Promise<Taken> = new Promise(() => {})
    const store: RateLimitStore = {
      name: 'hung',
      take() {
        asked++
        return answer
      },
      async close() {},
    }
    const made = limiter({ track: { rate: 0.001, burst: 4 } }, store)
    expect(await count(made)).toBe(4)
    expect(asked).toBe(1)
    const principal = principalOf('pk')
    for (let second = 0; second < 3; second++) {
      made.now += 1_000
      const probe = made.take(principal, 'track')
      const others = await Promise.all(Array.from({ length: 100 }, () => made.take(principal, 'track')))
      expect(others.filter((other) => other?.taken.allowed === true).length).toBeLessThanOrEqual(4)
      expect(asked).toBe(2 + second)
      await probe
    }
    answer = Promise.resolve({ allowed: true, remaining: 1, retryAfterMs: 0 })
    made.now += 1_000
    expect(await count(made)).toBe(500)
  })

  it.each([
    [{ trak: null }, /rateLimits\.trak/],
    [{ track: { rate: 0, burst: 1 } }, /above 0/],
    [{ track: { rate: Number.NaN, burst: 1 } }, /above 0/],
    [{ track: { rate: 1, burst: 0.5 } }, /above 0/],
    [{ batch: { rate: 1 } }, /above 0/],
  ])('refuses the option %j', async (limits, message) => {
    expect(() =>
      createAnalytics({ events: memoryEvents(), keys: memoryKeys(), rateLimits: limits as never }),
    ).toThrow(message)
  })
})
