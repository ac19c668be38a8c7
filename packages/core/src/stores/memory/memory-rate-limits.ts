import type { RateLimitStore } from '../../ports/rate-limit-store.js'

const GENERATION = 50_000

/**
 * Token buckets of this process. Holds the 50,000 to 100,000 buckets used last, at most about 15 MB: one that is
 * forgotten was not used for longest, so it is the one most likely full again, which is what a forgotten bucket
 * counts as.
 */
export function memoryRateLimits(): RateLimitStore {
  // The time at which a bucket is full again says all about it. Two generations instead of one map that loses its
  // oldest entry: finding that entry walks over all the deleted ones.
  let young = new Map<string, number>()
  let old = new Map<string, number>()

  function keep(bucket: string, full: number): void {
    young.set(bucket, full)
    if (young.size < GENERATION) return
    old = young
    young = new Map()
  }

  return {
    name: 'memory',
    take(bucket, { rate, burst }, now) {
      const each = 1000 / rate
      const depth = each * burst
      const known = young.get(bucket) ?? old.get(bucket) ?? now
      // A clock that was set back must not close a bucket for longer than it takes to fill.
      const since = Math.min(Math.max(known, now), now + depth)
      const next = since + each
      // Times have fractions whose sums stray by far less than this.
      const wait = next - now - depth
      if (wait > 1e-3) {
        if (since < known) keep(bucket, since)
        return { allowed: false, remaining: 0, retryAfterMs: wait }
      }
      keep(bucket, next)
      return { allowed: true, remaining: Math.floor((depth - (next - now)) / each + 1e-3), retryAfterMs: 0 }
    },
    async close() {
      young.clear()
      old.clear()
    },
  }
}
