import { AnalyticsError } from '../errors.js'

export interface LookupCacheOptions<V> {
  readonly load: (key: string) => Promise<V | undefined>
  readonly clock: () => number
  /** Milliseconds for which a found value or, with `keepMisses`, a miss is answered without asking again. */
  readonly ttlMs: number
  /** Entries kept for found values, and as many again for misses. */
  readonly size: number
  readonly keepMisses: boolean
  /** Hears of a failing store, at most once in 10 seconds. */
  readonly onFailure: (error: unknown) => void
}

export interface LookupCache<V> {
  /** Throws `storage_unavailable` when the value is not cached and can't be loaded. */
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
const DEADLINE_MS = 2_000
// Until the store has answered once it may still be opening: the embedded Postgres makes its files on first start.
const OPENING_MS = 15_000
const RETRY_MS = 5_000
const MAX_LOADS = 1_000
const REPORT_MS = 10_000

/**
 * Values by key, loaded once for any number of callers. Misses have their own room, so that a flood of bogus
 * keys can't push out the real ones. While loading fails, values up to an hour old are served and one caller
 * in 5 seconds tries again; a load that takes longer than 2 seconds (15 before
 * the store has ever answered) counts as failed for those who wait.
 */
export function createLookupCache<V>(options: LookupCacheOptions<V>): LookupCache<V> {
  const { clock, ttlMs, size } = options
  const found = new Map<string, Entry<V>>()
  let missed = createMisses(size)
  const loads = new Map<string, Promise<V | undefined>>()
  let epoch = 0
  let failing = false
  let opened = false
  let triedAt = Number.NEGATIVE_INFINITY
  let reportedAt = Number.NEGATIVE_INFINITY

  function find(key: string): V | undefined | Promise<V | undefined> {
    const now = clock()
    const entry = found.get(key)
    if (entry !== undefined && isYounger(entry.loadedAt, ttlMs, now)) {
      put(key, entry)
      return entry.value
    }
    const missedAt = missed.get(key)
    if (missedAt !== undefined && isYounger(missedAt, ttlMs, now)) return undefined
    if (entry !== undefined && failing && isYounger(entry.loadedAt, STALE_MS, now)) {
      if (!isYounger(triedAt, RETRY_MS, now)) begin(key).catch(() => {})
      return entry.value
    }
    return loadOrStale(key)
  }

  function loadOrStale(key: string): Promise<V | undefined> {
    return (loads.get(key) ?? begin(key)).catch((error: unknown) => {
      // Read again: a revocation may have taken the entry away while the load was under way.
      const entry = found.get(key)
      if (entry !== undefined && isYounger(entry.loadedAt, STALE_MS, clock())) return entry.value
      throw error
    })
  }

  // No more promises than it needs: a flood of bogus keys makes thousands of loads a second.
  function begin(key: string): Promise<V | undefined> {
    if (loads.size >= MAX_LOADS) {
      return Promise.reject(unavailable('Too many lookups are waiting for the key store.'))
    }
    triedAt = clock()
    const load = new Promise<V | undefined>((resolve, reject) => {
      const fail = (error: unknown): void => {
        if (!end()) return
        failing = true
        report(error)
        reject(error)
      }
      const giveUp = (): void => fail(unavailable('The key store did not answer in time.'))
      let late: ReturnType<typeof setTimeout> | undefined = setTimeout(
        giveUp,
        opened ? DEADLINE_MS : OPENING_MS,
      )
      /** False when those who wait have been answered before. */
      const end = (): boolean => {
        if (late === undefined) return false
        clearTimeout(late)
        late = undefined
        if (loads.get(key) === load) loads.delete(key)
        return true
      }
      fetch(key).then((value) => {
        if (end()) resolve(value)
      }, fail)
    })
    loads.set(key, load)
    return load
  }

  function report(error: unknown): void {
    const now = clock()
    if (isYounger(reportedAt, REPORT_MS, now)) return
    reportedAt = now
    options.onFailure(error)
  }

  /** Goes on after the deadline, so that a slow store still fills the cache. */
  async function fetch(key: string): Promise<V | undefined> {
    const begun = epoch
    const value = await options.load(key)
    failing = false
    opened = true
    // Something was forgotten meanwhile, and this answer may be older than that.
    if (begun !== epoch) return value
    if (value !== undefined) put(key, { value, loadedAt: clock() })
    else {
      found.delete(key)
      if (options.keepMisses) missed.set(key, clock())
    }
    return value
  }

  function put(key: string, value: Entry<V>): void {
    found.delete(key)
    found.set(key, value)
    if (found.size <= size) return
    const oldest = found.keys().next().value
    if (oldest !== undefined) found.delete(oldest)
  }

  function forget(key: string): void {
    epoch++
    found.delete(key)
    missed.delete(key)
    loads.delete(key)
  }

  return {
    find,
    forget,
    forgetWhere(test) {
      epoch++
      loads.clear()
      for (const [key, entry] of found) if (test(entry.value)) found.delete(key)
    },
    forgetAll() {
      epoch++
      loads.clear()
      found.clear()
      missed = createMisses(size)
    },
  }
}

interface Misses {
  get(key: string): number | undefined
  set(key: string, at: number): void
  delete(key: string): void
}

/**
 * The `size` to half as many misses of late. Two generations: a flood of bogus keys would spend its time walking
 * over the deleted entries of a single map to find the oldest one.
 */
function createMisses(size: number): Misses {
  let young = new Map<string, number>()
  let old = new Map<string, number>()
  return {
    get: (key) => young.get(key) ?? old.get(key),
    set(key, at) {
      young.set(key, at)
      if (young.size < size / 2) return
      old = young
      young = new Map()
    },
    delete(key) {
      young.delete(key)
      old.delete(key)
    },
  }
}

/** False as well when the clock went backwards. */
function isYounger(since: number, age: number, now: number): boolean {
  return now >= since && now - since < age
}

function unavailable(message: string): AnalyticsError {
  return new AnalyticsError('storage_unavailable', message, { retryAfter: 2 })
}
