/** A token bucket: `burst` requests at once, refilled at `rate` a second. */
export interface RateLimit {
  /** Requests a second in the long run, above 0; fractions are fine. */
  readonly rate: number
  /** Requests at once after a pause, at least 1. */
  readonly burst: number
}

export interface Taken {
  readonly allowed: boolean
  /** Whole requests that would still be allowed at once. */
  readonly remaining: number
  /** Milliseconds until the next request is allowed; 0 when this one was. */
  readonly retryAfterMs: number
}

/**
 * Buckets by name. Every bucket begins full. `now` is epoch milliseconds of the caller; a store that is shared by
 * several machines may use its own clock instead. Rejects when it can't be reached.
 */
export interface RateLimitStore {
  readonly name: string
  take(bucket: string, limit: RateLimit, now: number): Taken | Promise<Taken>
  close(): Promise<void>
}
