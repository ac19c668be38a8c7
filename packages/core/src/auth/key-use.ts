import type { OnDiagnostic } from '../diagnostics.js'
import type { KeyStore } from '../ports/key-store.js'
import { withDeadline } from '../time.js'

export interface KeyUse {
  /** Notes that a key was used now. */
  mark(keyId: string): void
  /** Writes what was noted. Never rejects: what could not be written stays noted. */
  flush(): Promise<void>
}

const EVERY_MS = 60_000
const WRITE_MS = 5_000

/**
 * Collects `last_used_at` times and writes them at most once a minute. A timer covers the idle process; where
 * timers die with their request, the next use writes.
 */
export function createKeyUse(options: {
  keys: KeyStore
  clock: () => number
  onDiagnostic: OnDiagnostic
}): KeyUse {
  const { keys, clock, onDiagnostic } = options
  const used = new Map<string, number>()
  let writing: Promise<void> | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  let waitingSince: number | undefined

  function mark(keyId: string): void {
    const now = clock()
    used.set(keyId, now)
    if (waitingSince === undefined) {
      waitingSince = now
      timer = setTimeout(flush, EVERY_MS)
      if (typeof timer === 'object') timer.unref()
    } else if (now - waitingSince >= EVERY_MS) void flush()
  }

  async function flush(): Promise<void> {
    clearTimeout(timer)
    waitingSince = undefined
    // A call during a write waits for it and then writes what came meanwhile.
    while (writing !== undefined) await writing
    if (used.size === 0) return
    writing = write().finally(() => {
      writing = undefined
    })
    await writing
  }

  async function write(): Promise<void> {
    const rows = [...used].map(([id, last_used_at]) => ({ id, last_used_at }))
    used.clear()
    try {
      await withDeadline(WRITE_MS, keys.touchKeys(rows), 'The key store took too long to write.')
    } catch (error) {
      for (const { id, last_used_at } of rows) used.set(id, used.get(id) ?? last_used_at)
      onDiagnostic({ kind: 'key_store_failed', level: 'error', operation: 'touchKeys', error })
    }
  }

  return { mark, flush }
}
