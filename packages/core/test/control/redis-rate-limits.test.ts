import { createClient } from 'redis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createRateLimiter } from '../../src/auth/rate-limit.js'
import type { Diagnostic } from '../../src/diagnostics.js'
import { memoryRateLimits } from '../../src/stores/memory/memory-rate-limits.js'
import { type RedisClient, redisRateLimits } from '../../src/stores/redis/index.js'
import { principalOf } from './principals.js'
import { type RedisServer, startRedis } from './redis-server.js'

let server: RedisServer | undefined

beforeAll(async () => {
  server = await startRedis()
})
afterAll(async () => {
  await server?.stop()
})

function connectTo(url: string) {
  const client = createClient({ url, socket: { reconnectStrategy: false } })
  client.on('error', () => {})
  return client.connect()
}
const connect = () => connectTo(server?.url ?? '')

it('refuses what is no client', () => {
  expect(() => redisRateLimits({ client: {} as RedisClient })).toThrow(/createClient/)
})

describe('on a server', () => {
  it('allows the burst, then the rate, over several connections together', async ({ skip }) => {
    if (server === undefined) return skip()
    const clients = await Promise.all([connect(), connect(), connect()])
    const stores = clients.map((client) => redisRateLimits({ client, prefix: 'a:' }))
    const limit = { rate: 20, burst: 40 }
    let [allowed, asked] = [0, 0]
    const started = performance.now()
    while (performance.now() - started < 1_000) {
      const answers = await Promise.all(stores.map((store) => store.take('bucket', limit, 0)))
      asked += answers.length
      allowed += answers.filter((answer) => answer.allowed).length
      for (const { allowed: yes, retryAfterMs } of answers) expect(retryAfterMs > 0).toBe(!yes)
    }
    const most = limit.burst + (limit.rate * (performance.now() - started)) / 1000
    expect(asked).toBeGreaterThan(2 * most)
    expect(allowed / most).toBeGreaterThan(0.95)
    expect(allowed / most).toBeLessThanOrEqual(1.02)
    for (const client of clients) client.destroy()
  })

  it('keeps buckets apart, counts down, and leaves no key behind when they are full', async ({ skip }) => {
    if (server === undefined) return skip()
    const client = await connect()
    const store = redisRateLimits({ client, prefix: 'b:' })
    const limit = { rate: 4, burst: 3 }
    const remaining: number[] = []
    for (let i = 0; i < 4; i++) remaining.push((await store.take('one', limit, 0)).remaining)
    expect(remaining).toEqual([2, 1, 0, 0])
    expect(await store.take('two', limit, 0)).toMatchObject({ allowed: true, remaining: 2 })
    await expect.poll(() => client.keys('b:*'), { timeout: 10_000 }).toEqual([])
    client.destroy()
  })

  it('falls back to the limits of the process when the server dies, and says so once a minute', async ({
    skip,
  }) => {
    const own = server === undefined ? undefined : await startRedis()
    if (own === undefined) return skip()
    const client = await connectTo(own.url)
    const diagnostics: Diagnostic[] = []
    let now = 1_778_958_000_000
    const limiter = createRateLimiter({
      limits: { track: { rate: 1, burst: 5 } },
      store: redisRateLimits({ client }),
      local: memoryRateLimits(),
      clock: () => now,
      onDiagnostic: (diagnostic) => void diagnostics.push(diagnostic),
    })
    const principal = principalOf('pk')
    expect(await limiter.take(principal, 'track')).toMatchObject({ taken: { allowed: true, remaining: 4 } })
    await own.stop()
    const answers: boolean[] = []
    for (let i = 0; i < 20; i++) {
      answers.push((await limiter.take(principal, 'track'))?.taken.allowed === true)
      now += 10
    }
    expect(answers.filter(Boolean)).toHaveLength(5)
    expect(diagnostics.map(({ kind }) => kind)).toEqual(['rate_limit_store_failed'])
    now += 59_000
    await limiter.take(principal, 'track')
    expect(diagnostics).toHaveLength(1)
    now += 2_000
    await limiter.take(principal, 'track')
    expect(diagnostics).toHaveLength(2)
    expect(JSON.stringify(diagnostics)).not.toContain(principal.project.id)
  })

  it.each([false, true])(
    'uses the server again once it is back, with a client that reconnects by itself (disableOfflineQueue: %s)',
    async (disableOfflineQueue) => {
      const first = server === undefined ? undefined : await startRedis()
      if (first === undefined) return
      const client = createClient({ url: first.url, disableOfflineQueue })
      client.on('error', () => {})
      await client.connect()
      let now = 1_778_958_000_000
      const limiter = createRateLimiter({
        limits: { track: { rate: 0.001, burst: 5 } },
        store: redisRateLimits({ client }),
        local: memoryRateLimits(),
        clock: () => now,
        onDiagnostic: () => {},
      })
      const principal = principalOf('pk')
      const bucket = `millimetric:limit:${principal.project.id}:track:pk`
      for (let i = 0; i < 2; i++) await limiter.take(principal, 'track')
      await first.stop()
      const allowed: boolean[] = []
      for (let i = 0; i < 10; i++) {
        allowed.push((await limiter.take(principal, 'track'))?.taken.allowed === true)
        now += 500
      }
      // The buckets of the process, whatever the queue of the client holds.
      expect(allowed.filter(Boolean)).toHaveLength(5)
      const again = await startRedis(Number(new URL(first.url).port))
      await expect
        .poll(
          async () => {
            now += 1_000
            await limiter.take(principal, 'track')
            return client.isReady && (await client.exists(bucket)) === 1
          },
          { timeout: 20_000 },
        )
        .toBe(true)
      client.destroy()
      await again?.stop()
    },
  )
})
