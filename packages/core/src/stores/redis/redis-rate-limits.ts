import { AnalyticsError } from '../../errors.js'
import type { RateLimitStore } from '../../ports/rate-limit-store.js'

/** What the driver uses of a connected client of the `redis` package. */
export interface RedisClient {
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>
}

export interface RedisRateLimitsOptions {
  /**
   * A client of the `redis` package, connected by the host, who also closes it. Make it with `disableOfflineQueue: true`:
   * otherwise it keeps what it is asked while the server is away and takes those tokens when it is back.
   */
  readonly client: RedisClient
  /** In front of every key; default `millimetric:limit:`. */
  readonly prefix?: string | undefined
}

// One script is one step to Redis, and its clock is the same for all who ask. A bucket is the time (in
// microseconds) at which it is full again; full ones are no keys at all.
const TAKE = `
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local each = 1000000 / tonumber(ARGV[1])
local depth = each * tonumber(ARGV[2])
local known = tonumber(redis.call('GET', KEYS[1]) or now)
local since = math.min(math.max(known, now), now + depth)
local next = since + each
local wait = next - now - depth
if wait > 1 then
  if since < known then redis.call('SET', KEYS[1], string.format('%.0f', since), 'PX', math.ceil(depth / 1000) + 1) end
  return {0, 0, math.ceil(wait)}
end
redis.call('SET', KEYS[1], string.format('%.0f', next), 'PX', math.ceil((next - now) / 1000) + 1)
return {1, math.floor((depth - (next - now)) / each + 0.001), 0}
`

/**
 * Token buckets in Redis 6 or Valkey, shared by all processes, timed by the server's clock. Opens nothing:
 * connect the client before and close it after. Throws `invalid_options` for what is no client.
 */
export function redisRateLimits(options: RedisRateLimitsOptions): RateLimitStore {
  const { client, prefix = 'millimetric:limit:' } = options
  if (typeof client?.eval !== 'function') {
    throw new AnalyticsError(
      'invalid_options',
      'client must be a client of the redis package: await createClient({ url }).connect().',
    )
  }
  return {
    name: 'redis',
    async take(bucket, { rate, burst }) {
      const answer = await client.eval(TAKE, {
        keys: [prefix + bucket],
        arguments: [String(rate), String(burst)],
      })
      const [allowed, remaining, micros] = Array.isArray(answer) ? answer.map(Number) : []
      if (allowed === undefined || remaining === undefined || micros === undefined) {
        throw new TypeError('Redis answered in an unknown form.')
      }
      return { allowed: allowed === 1, remaining, retryAfterMs: micros / 1000 }
    },
    async close() {},
  }
}
