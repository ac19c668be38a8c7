import { randomHex } from '#crypto'
import type { OnDiagnostic } from '../diagnostics.js'
import type { KeyStore } from '../ports/key-store.js'
import { DAY_MS, utcDay } from '../time.js'

export interface Salts {
  /** Hex salt of today (UTC); undefined while the key store can't be reached. */
  today(): Promise<string | undefined>
}

const RETRY_MS = 5000

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

  async function claim(day: string, now: number): Promise<string | undefined> {
    try {
      const { salt } = await deps.keys.claimSalt({ day, salt: randomHex(32) })
      held = { day, salt }
      // Yesterday's stays for events that cross midnight; all before it goes.
      await deps.keys.deleteSaltsBefore(utcDay(now - DAY_MS))
      return salt
    } catch (error) {
      silentUntil = now + RETRY_MS
      deps.onDiagnostic({ kind: 'key_store_failed', level: 'error', operation: 'claimSalt', error })
      return held?.day === day ? held.salt : undefined
    } finally {
      asking = undefined
    }
  }

  return {
    async today() {
      const now = deps.clock()
      const day = utcDay(now)
      if (held?.day === day) return held.salt
      if (now < silentUntil) return undefined
      asking ??= claim(day, now)
      return await asking
    },
  }
}
