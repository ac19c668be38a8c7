import type { OnDiagnostic } from '../diagnostics.js'
import type { ErasureStore } from '../ports/erasure-store.js'
import type { KeyStore } from '../ports/key-store.js'
import { createErasureRunner, type ErasureOptions } from './erasure-runner.js'
import { createErasureRequests, type ForgetDeps, retract } from './forget.js'
import { type RetentionReport, runRetention } from './retention.js'
import { createTombstones, type ErasedTrace, type Tombstones } from './tombstones.js'

export interface Privacy {
  readonly forget: ForgetDeps
  /** For every event before it is stored, and once more after. */
  readonly erased: Tombstones['erased']
  /** Erases again what was stored all the same. Never rejects. */
  retract(late: Iterable<ErasedTrace>): Promise<void>
  retain(): Promise<RetentionReport>
  /** Stops the jobs; waits for the statement under way. */
  close(): Promise<void>
}

/** Puts erasure and retention together. Opens nothing and starts no timer. */
export function createPrivacy(deps: {
  store: ErasureStore
  keys: KeyStore
  options: ErasureOptions
  clock: () => number
  /** Called after rows went. */
  onErased: () => void
  onDiagnostic: OnDiagnostic
}): Privacy {
  const { store, keys, options, clock, onDiagnostic } = deps
  const tombstones = createTombstones({ store, keys, clock, ttlMs: options.tombstoneTtlMs })
  const runner = createErasureRunner({ ...deps, tombstones })
  const requests = createErasureRequests({ store, tombstones })
  const forget: ForgetDeps = { keys, requests, runner, clock, onDiagnostic }
  return {
    forget,
    erased: tombstones.erased,
    retract: async (late) => await retract(forget, late),
    retain: async () => await runRetention({ store, keys, clock }),
    close: runner.close,
  }
}
