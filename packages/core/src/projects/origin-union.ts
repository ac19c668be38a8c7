import { type OriginMatcher, originMatcher } from '../auth/origin.js'
import type { OnDiagnostic } from '../diagnostics.js'
import type { KeyStore } from '../ports/key-store.js'
import { atMostEvery } from '../time.js'
import { remember } from './remember.js'

/** The origins of all projects together: for preflights, and for errors that belong to no project. */
export interface OriginUnion {
  /** Matches nothing while no key store has ever answered. Never rejects; waits 1.75 seconds at most, or as told. */
  matcher(patienceMs?: number): Promise<OriginMatcher>
  /** Makes the next caller ask again. */
  forget(): void
}

const TTL_MS = 60_000
const REPORT_MS = 60_000
const NONE: OriginMatcher = () => false

/** Asks the key store once a minute at most, and while it fails once in 5 seconds, whatever is asked here. */
export function createOriginUnion(options: {
  keys: KeyStore
  clock: () => number
  onDiagnostic: OnDiagnostic
}): OriginUnion {
  const { keys, clock, onDiagnostic } = options
  const union = remember({
    ttlMs: TTL_MS,
    openingMs: keys.openingMs,
    clock,
    async load() {
      const projects = await keys.listProjects()
      return originMatcher([...new Set(projects.flatMap(({ allowed_origins }) => allowed_origins))])
    },
    onFailure: atMostEvery(REPORT_MS, clock, (error) => {
      onDiagnostic({ kind: 'key_store_failed', level: 'error', operation: 'listProjects', error })
    }),
  })
  return {
    async matcher(patienceMs) {
      try {
        return await union.ask(patienceMs)
      } catch {
        return NONE
      }
    },
    forget: union.forget,
  }
}
