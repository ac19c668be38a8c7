import type { LimitState } from '../auth/rate-limit.js'
import { AnalyticsError } from '../errors.js'

/**
 * `RateLimit-Policy` and `RateLimit` of draft-ietf-httpapi-ratelimit-headers: the burst and the seconds in which
 * it refills, what is left of it, and the seconds until one request more is left.
 */
export function addLimitHeaders(headers: Headers, { limit, taken }: LimitState): void {
  const { rate, burst } = limit
  const quota = Math.floor(burst)
  headers.set('ratelimit-policy', `"default";q=${quota};w=${Math.max(1, Math.ceil(burst / rate))}`)
  const wait = taken.allowed ? 1 / rate : taken.retryAfterMs / 1000
  headers.set('ratelimit', `"default";r=${Math.max(0, taken.remaining)};t=${Math.max(1, Math.ceil(wait))}`)
}

export function rateLimited({ taken }: LimitState): AnalyticsError {
  const retryAfter = Math.max(1, Math.ceil(taken.retryAfterMs / 1000))
  return new AnalyticsError(
    'rate_limited',
    `Too many requests; wait ${retryAfter} s, and send several events as one batch.`,
    {
      retryAfter,
    },
  )
}
