import { randomHex } from '#crypto'
import type { OnDiagnostic } from '../diagnostics.js'
import type { KeyStore } from '../ports/key-store.js'
import { atMostEvery, DAY_MS, utcDay, withDeadline } from '../time.js'

export interface Salts {
  /** Hex salt of today (UTC); undefined while the key store can't be reached, or does not answer in half a second. */
  today(): Promise<string | undefined>
}

const PATIENCE_MS = 500
const RETRY_MS = 5000
const REPORT_MS = 60_000

/**
 * The random salt of the day, shared by every process through the key store. It can't be derived from
 * anything, so that once it is destroyed (within 48 hours) no old hash can be made again.
 */
export function createSalts(deps: {
  keys: KeyStore
  clock: () => number
  onDiagnostic: OnDiagnostic
}): Salts {
  let held: { day: string; salt: string } | undefined
  let asking: Promise<string | undefined> | undefined
  let silentUntil = 0
  let swept = ''
  let sweepFrom = 0
  const report = atMostEvery(REPORT_MS, deps.clock, (error: unknown) => {
    deps.onDiagnostic({ kind: 'key_store_failed', level: 'error', operation: 'claimSalt', error })
  })

  function failed(error: unknown): undefined {
    silentUntil = deps.clock() + RETRY_MS
    report(error)
  }

  async function claim(day: string, now: number): Promise<string | undefined> {
    const { salt } = await deps.keys.claimSalt({ day, salt: randomHex(32) })
    held = { day, salt }
    sweep(day, now)
    return salt
  }

  /** Yesterday's salt stays for events that cross midnight; all before it goes. Nobody waits for that. */
  function sweep(day: string, now: number): void {
    if (now < sweepFrom) return
    sweepFrom = now + RETRY_MS
    deps.keys.deleteSaltsBefore(utcDay(now - DAY_MS)).then(() => {
      swept = day
    }, report)
  }

  return {
    async today() {
      const now = deps.clock()
      const day = utcDay(now)
      if (held?.day === day) {
        if (swept !== day) sweep(day, now)
        return held.salt
      }
      if (now < silentUntil) return undefined
      // An answer that comes too late is held for those who ask later.
      asking ??= withDeadline(PATIENCE_MS, claim(day, now), 'The key store took too long for the salt.')
        .catch(failed)
        .finally(() => {
          asking = undefined
        })
      return await asking
    },
  }
}
