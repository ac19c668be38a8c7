/** An answer that is kept for a while. */
export interface Remembered<T> {
  ask(): Promise<T>
  forget(): void
}

/** One answer for `ttlMs`, asked for once at a time; an answer that failed is not remembered. */
export function remember<T>(ttlMs: number, clock: () => number, load: () => Promise<T>): Remembered<T> {
  let held: { until: number; answer: Promise<T> } | undefined
  return {
    ask() {
      const now = clock()
      if (held !== undefined && now < held.until) return held.answer
      const fresh = { until: now + ttlMs, answer: load() }
      held = fresh
      fresh.answer.catch(() => {
        if (held === fresh) held = undefined
      })
      return fresh.answer
    },
    forget() {
      held = undefined
    },
  }
}
