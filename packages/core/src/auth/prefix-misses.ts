/** Keys that were asked for of late and do not exist. */
export interface Misses {
  has(key: string, now: number): boolean
  add(key: string, now: number): void
  delete(key: string): void
  clear(): void
}

const WAYS = 8
const BUCKET_BITS = 11
const SLOTS = WAYS << BUCKET_BITS

/**
 * The 16,384 prefixes missed last, or nearly so, in 200 KB that never grow: a flood of bogus keys must cost neither
 * memory nor the time to collect it. A prefix is 32 bits and has 8 places; the oldest of the 8 gives way.
 */
export function createPrefixMisses(ttlMs: number): Misses {
  let slots: { readonly prefixes: Uint32Array; readonly times: Float64Array } | undefined

  function open(): NonNullable<typeof slots> {
    slots ??= {
      prefixes: new Uint32Array(SLOTS),
      times: new Float64Array(SLOTS).fill(Number.NEGATIVE_INFINITY),
    }
    return slots
  }

  /** Where the prefix is, or the place that it would take. */
  function place(prefix: number): number {
    const { prefixes, times } = open()
    const first = (Math.imul(prefix, 0x9e3779b1) >>> (32 - BUCKET_BITS)) * WAYS
    let oldest = first
    for (let at = first; at < first + WAYS; at++) {
      if (prefixes[at] === prefix) return at
      if ((times[at] ?? 0) < (times[oldest] ?? 0)) oldest = at
    }
    return oldest
  }

  return {
    has(key, now) {
      if (slots === undefined) return false
      const prefix = Number.parseInt(key, 16)
      const at = place(prefix)
      const since = slots.times[at] ?? Number.NEGATIVE_INFINITY
      return slots.prefixes[at] === prefix && now >= since && now - since < ttlMs
    },
    add(key, now) {
      const { prefixes, times } = open()
      const prefix = Number.parseInt(key, 16)
      const at = place(prefix)
      prefixes[at] = prefix
      times[at] = now
    },
    delete(key) {
      const prefix = Number.parseInt(key, 16)
      const at = place(prefix)
      const { prefixes, times } = open()
      if (prefixes[at] === prefix) times[at] = Number.NEGATIVE_INFINITY
    },
    clear() {
      slots?.times.fill(Number.NEGATIVE_INFINITY)
    },
  }
}
