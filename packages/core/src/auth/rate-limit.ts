import type { OnDiagnostic } from '../diagnostics.js'
import { AnalyticsError } from '../errors.js'
import type { Project } from '../ports/key-store.js'
import type { RateLimit, RateLimitStore, Taken } from '../ports/rate-limit-store.js'
import { atMostEvery, withDeadline } from '../time.js'
import type { KeyPrincipal } from './principal.js'

/** Routes that can be limited. */
export const LIMITED_ROUTES = [
  'track',
  'batch',
  'identify',
  'forget',
  'query',
  'stats',
  'sources',
  'attribution',
  'live',
  'person',
  'funnel',
  'cohorts',
  'paths',
  'schema',
  'export',
] as const
export type LimitedRoute = (typeof LIMITED_ROUTES)[number]

/** Limits by route; null = unlimited, absent = as before. */
export type RateLimits = { readonly [R in LimitedRoute]?: RateLimit | null | undefined }

/** The same limits for all projects, or limits by project: `(project) => LIMITS[project.plan]`. */
export type RateLimitsOption = RateLimits | ((project: Project) => RateLimits | undefined)

/** What the headers of an answer say. */
export interface LimitState {
  readonly limit: RateLimit
  readonly taken: Taken
}

export interface RateLimiter {
  /**
   * Takes one request from the bucket of project, route and kind of key; undefined when the route is not
   * limited. Never rejects: a store that fails or is slow is replaced by the buckets of this process.
   */
  take(principal: KeyPrincipal, route: LimitedRoute): LimitState | undefined | Promise<LimitState | undefined>
  close(): Promise<void>
}

/** The limits of the wire contract; all other routes are unlimited. */
export const DEFAULT_LIMITS: RateLimits = {
  track: { rate: 50, burst: 200 },
  batch: { rate: 5, burst: 20 },
}

const DEADLINE_MS = 250
const RETRY_MS = 1_000
const REPORT_MS = 60_000

/** Limits are kept by the process when no `store` is given. Opens nothing and starts no timer. */
export function createRateLimiter(options: {
  limits: RateLimitsOption | undefined
  store: RateLimitStore | undefined
  /** Used without a store, and while the store fails. */
  local: RateLimitStore
  clock: () => number
  onDiagnostic: OnDiagnostic
}): RateLimiter {
  const { limits, store, local, clock, onDiagnostic } = options
  let failedAt = Number.NEGATIVE_INFINITY
  let failing = false
  let probing = false
  const report = atMostEvery(REPORT_MS, clock, (error: unknown) => {
    onDiagnostic({ kind: 'rate_limit_store_failed', level: 'error', error })
  })

  function limitOf(project: Project, route: LimitedRoute): RateLimit | null {
    const own = typeof limits === 'function' ? ownLimits(limits, project) : limits
    const limit = own?.[route]
    return (limit === undefined ? DEFAULT_LIMITS[route] : limit) ?? null
  }

  function ownLimits(
    of: (project: Project) => RateLimits | undefined,
    project: Project,
  ): RateLimits | undefined {
    try {
      const own = of(project)
      if (own !== undefined) requireLimits(own)
      return own
    } catch (error) {
      onDiagnostic({ kind: 'hook_failed', level: 'error', error })
      return undefined
    }
  }

  async function shared(from: RateLimitStore, bucket: string, limit: RateLimit): Promise<Taken> {
    const now = clock()
    const waits = now >= failedAt && now - failedAt < RETRY_MS
    if (failing && (probing || waits)) return await local.take(bucket, limit, now)
    // One request finds out whether the store is back; the others do not wait for it.
    const probe = failing
    probing = probe
    try {
      const taken = await withDeadline(
        DEADLINE_MS,
        from.take(bucket, limit, now),
        `The rate limit store did not answer in ${DEADLINE_MS} ms.`,
      )
      failing = false
      return taken
    } catch (error) {
      failing = true
      failedAt = clock()
      report(error)
      return await local.take(bucket, limit, clock())
    } finally {
      if (probe) probing = false
    }
  }

  return {
    take(principal, route) {
      const { project, key_kind } = principal
      const limit = limitOf(project, route)
      if (limit === null) return undefined
      const bucket = `${project.id}:${route}:${key_kind}`
      const taken = store === undefined ? local.take(bucket, limit, clock()) : shared(store, bucket, limit)
      return taken instanceof Promise ? taken.then((done) => ({ limit, taken: done })) : { limit, taken }
    },
    async close() {
      await Promise.all([store?.close(), local.close()])
    },
  }
}

/** Throws `invalid_options` for limits that are none. */
export function requireLimits(limits: RateLimits): RateLimits {
  for (const [route, limit] of Object.entries(limits)) {
    if (!LIMITED_ROUTES.some((known) => known === route)) {
      throw invalid(`rateLimits.${route} is no route; there are ${LIMITED_ROUTES.join(', ')}.`)
    }
    if (limit === null || limit === undefined) continue
    const { rate, burst } = limit
    const fits = rate > 0 && rate <= 1e6 && burst >= 1 && burst <= 1e9
    if (!fits) {
      throw invalid(`rateLimits.${route} must be { rate: above 0 a second, burst: 1 or more } or null.`)
    }
  }
  return limits
}

function invalid(message: string): AnalyticsError {
  return new AnalyticsError('invalid_options', message)
}
