import type { OnDiagnostic } from '../diagnostics.js'
import type { KeyStore, KeyStoreChange } from '../ports/key-store.js'
import { atMostEvery } from '../time.js'

export interface KeyChanges {
  /** Begins to listen, once; does nothing where the store can't. Never throws. */
  start(): void
  close(): Promise<void>
}

const RETRY_MS = 5_000
const REPORT_MS = 60_000

/** Hears what other processes change, from the first use on. While it can't, cached copies live out their time. */
export function createKeyChanges(options: {
  keys: KeyStore
  clock: () => number
  onChange: (change: KeyStoreChange) => void
  onDiagnostic: OnDiagnostic
}): KeyChanges {
  const { keys, clock, onChange, onDiagnostic } = options
  let watching: Promise<(() => Promise<void>) | undefined> | undefined
  let silentUntil = Number.NEGATIVE_INFINITY
  let closed = false
  const report = atMostEvery(REPORT_MS, clock, (error: unknown) => {
    onDiagnostic({ kind: 'key_store_failed', level: 'error', operation: 'watch', error })
  })

  async function watch(): Promise<(() => Promise<void>) | undefined> {
    try {
      return await keys.watch?.(onChange)
    } catch (error) {
      watching = undefined
      silentUntil = clock() + RETRY_MS
      report(error)
      return undefined
    }
  }

  return {
    start() {
      if (closed || keys.watch === undefined || watching !== undefined || clock() < silentUntil) return
      watching = watch()
    },
    async close() {
      closed = true
      const stop = await watching
      await stop?.()
    },
  }
}
