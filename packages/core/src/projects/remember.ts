import { ANSWER_MS, withDeadline } from '../time.js'

/** An answer that is kept for a while. */
export interface Remembered<T> {
  /**
   * What was answered last, or a new answer when that is old. While none comes in time the last one goes on being given;
   * rejects when there is none. One question in 5 seconds is asked then, and nobody waits for it who can have the last
   * answer. `patienceMs` bounds the wait of this caller.
   */
  ask(patienceMs?: number): T | Promise<T>
  /** Makes the next caller ask. What was answered last is kept for the case that no answer comes. */
  forget(): void
}

const RETRY_MS = 5_000

export function remember<T>(options: {
  ttlMs: number
  /** Milliseconds that the very first answer may take; those after it may take 1,750. */
  openingMs?: number | undefined
  clock: () => number
  load: () => Promise<T>
  onFailure?: (error: unknown) => void
}): Remembered<T> {
  const { ttlMs, openingMs = ANSWER_MS, clock, load, onFailure } = options
  let held: { value: T; until: number } | undefined
  let asking: Promise<T> | undefined
  let failed: { at: number; error: unknown } | undefined
  let changes = 0

  /** Goes on after the deadline, so that a slow answer is held in the end. */
  async function fetch(): Promise<T> {
    const before = changes
    const value = await load()
    // Something was forgotten meanwhile, and this answer may be older than that.
    held = { value, until: before === changes ? clock() + ttlMs : Number.NEGATIVE_INFINITY }
    failed = undefined
    return value
  }

  function begin(): Promise<T> {
    const answer = withDeadline(
      held === undefined ? openingMs : ANSWER_MS,
      fetch(),
      'The key store did not answer in time.',
    )
    asking = answer
    answer.then(ended, (error: unknown) => {
      failed = { at: clock(), error }
      ended()
      onFailure?.(error)
    })
    function ended(): void {
      if (asking === answer) asking = undefined
    }
    return answer
  }

  async function wait(answer: Promise<T>, patienceMs: number | undefined): Promise<T> {
    try {
      return await (patienceMs === undefined
        ? answer
        : withDeadline(patienceMs, answer, 'The key store did not answer in time.'))
    } catch (error) {
      if (held !== undefined) return held.value
      throw error
    }
  }

  return {
    ask(patienceMs) {
      const now = clock()
      if (held !== undefined && now < held.until && held.until - now <= ttlMs) return held.value
      if (failed !== undefined) {
        const again = now < failed.at || now - failed.at >= RETRY_MS
        if (held === undefined && !again) return Promise.reject(failed.error)
        if (held !== undefined) {
          if (again && asking === undefined) begin()
          return held.value
        }
      }
      return wait(asking ?? begin(), patienceMs)
    },
    forget() {
      changes++
      asking = undefined
      failed = undefined
      if (held !== undefined) held = { value: held.value, until: Number.NEGATIVE_INFINITY }
    },
  }
}
