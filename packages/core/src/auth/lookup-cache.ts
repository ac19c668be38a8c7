import { AnalyticsError } from '../errors.js'
import { atMostEvery } from '../time.js'
import { createLookupGroups, type Slice } from './lookup-groups.js'
import type { Misses } from './prefix-misses.js'

export interface LookupCacheOptions<V> {
  /** The values of those keys that exist. */
  readonly load: (keys: readonly string[]) => Promise<ReadonlyMap<string, V>>
  readonly clock: () => number
  /** Milliseconds for which a found value is answered without asking again. */
  readonly ttlMs: number
  /** Entries kept for found values. */
  readonly size: number
  /** Where misses are kept; without it each is asked for again. */
  readonly misses?: Misses | undefined
  /** Milliseconds between two loads; keys that come meanwhile are loaded together. */
  readonly pauseMs: number
  /** Milliseconds that the first answer may take; those after it may take 1,750. */
  readonly openingMs?: number | undefined
  /** Hears of a failing store, at most once in 10 seconds. */
  readonly onFailure: (error: unknown) => void
}

export interface LookupCache<V> {
  /** Rejects with what failed, or with `storage_unavailable`, when the value is not cached and can't be loaded. */
  find(key: string): V | undefined | Promise<V | undefined>
  forget(key: string): void
  forgetWhere(test: (value: V) => boolean): void
  /** Also what was not found. */
  forgetAll(): void
}

interface Entry<V> {
  readonly value: V
  readonly loadedAt: number
}

const STALE_MS = 3_600_000
const RETRY_MS = 5_000
const REPORT_MS = 10_000

/**
 * Values by key, loaded once for any number of callers. Misses have their own room, so that a flood of bogus
 * keys can't push out the real ones. While loading fails, values up to an hour old are served and one caller
 * in 5 seconds tries again. Never because of too many callers: what was found before always has room to be asked for
 * again, so that nobody can keep a revoked key alive by a flood.
 */
export function createLookupCache<V>(options: LookupCacheOptions<V>): LookupCache<V> {
  const { load, clock, ttlMs, size, misses } = options
  const found = new Map<string, Entry<V>>()
  let epoch = 0
  let failing = false
  const report = atMostEvery(REPORT_MS, clock, options.onFailure)
  const groups = createLookupGroups<V>({
    load: fetch,
    clock,
    pauseMs: options.pauseMs,
    openingMs: options.openingMs,
    onFailure(error) {
      failing = true
      report(error)
    },
  })

  function find(key: string): V | undefined | Promise<V | undefined> {
    const now = clock()
    const entry = found.get(key)
    if (entry !== undefined) {
      if (isYounger(entry.loadedAt, ttlMs, now)) {
        put(key, entry)
        return entry.value
      }
      if (failing && isYounger(entry.loadedAt, STALE_MS, now)) {
        if (!isYounger(groups.startedAt(), RETRY_MS, now)) groups.join(key, true)
        return entry.value
      }
    } else if (misses?.has(key, now)) return undefined
    const slice = groups.join(key, entry !== undefined)
    return slice === undefined ? Promise.reject(OVERLOADED) : wait(key, slice)
  }

  async function wait(key: string, slice: Slice<V>): Promise<V | undefined> {
    try {
      return (await slice.values).get(key)
    } catch (error) {
      // Read again: a revocation may have taken the entry away while the load was under way.
      const entry = found.get(key)
      if (entry !== undefined && isYounger(entry.loadedAt, STALE_MS, clock())) return entry.value
      throw error
    }
  }

  /** Goes on after those who wait were told that it failed, so that a slow store still fills the cache. */
  async function fetch(keys: readonly string[]): Promise<ReadonlyMap<string, V>> {
    const begun = epoch
    const values = await load(keys)
    failing = false
    // Something was forgotten meanwhile, and this answer may be older than that.
    if (begun === epoch) for (const key of keys) keep(key, values.get(key), clock())
    return values
  }

  function keep(key: string, value: V | undefined, now: number): void {
    if (value !== undefined) put(key, { value, loadedAt: now })
    else {
      found.delete(key)
      misses?.add(key, now)
    }
  }

  function put(key: string, value: Entry<V>): void {
    found.delete(key)
    found.set(key, value)
    if (found.size <= size) return
    const oldest = found.keys().next().value
    if (oldest !== undefined) found.delete(oldest)
  }

  return {
    find,
    forget(key) {
      epoch++
      found.delete(key)
      misses?.delete(key)
      groups.leave(key)
    },
    forgetWhere(test) {
      epoch++
      groups.leaveAll()
      for (const [key, entry] of found) if (test(entry.value)) found.delete(key)
    },
    forgetAll() {
      epoch++
      groups.leaveAll()
      found.clear()
      misses?.clear()
    },
  }
}

// One for all: a flood would spend its time on writing down where it was refused.
const OVERLOADED = new AnalyticsError(
  'storage_unavailable',
  'Too many lookups are waiting for the key store.',
  {
    retryAfter: 2,
  },
)

/** False as well when the clock went backwards. */
function isYounger(since: number, age: number, now: number): boolean {
  return now >= since && now - since < age
}
