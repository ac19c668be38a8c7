import type { EventCode } from '@millimetric/schema/wire'
import { type ErrorCode, isAnalyticsError } from './errors.js'

/**
 * What the library has to say beside its answers. Everything that was not stored shows up here, so that a
 * caller who ignores receipts can still hear of it. No diagnostic holds a key's secret or an address; an `error`
 * is the engine's own and may quote a piece of a row.
 */
export type Diagnostic =
  | {
      kind: 'event_not_stored'
      level: 'warn'
      status: 'rejected' | 'dropped'
      code: EventCode
      project_id: string
      event_id: string | null
      message: string
    }
  /**
   * Events that were refused together, and why. Of a store that went away with them nobody knows yet: sent again
   * under the same ids they count once.
   */
  | {
      kind: 'events_not_stored'
      /** `warn` for `quota_exceeded`, which is no failure. */
      level: 'warn' | 'error'
      count: number
      code: ErrorCode
      /** Null when it is not known, or when they belong to several. */
      project_id: string | null
      message: string
    }
  | { kind: 'id_conflict'; level: 'warn'; project_id: string; event_id: string }
  | {
      kind: 'event_quarantined'
      level: 'error'
      project_id: string
      event_id: string
      /** Name of the refusal, for example `CANNOT_PARSE_UUID`. */
      code: string
      reason: string
    }
  | { kind: 'insert_failed'; level: 'error'; events: number; attempt: number; final: boolean; error: unknown }
  | { kind: 'key_store_failed'; level: 'error'; operation: string; error: unknown }
  | { kind: 'rate_limit_store_failed'; level: 'error'; error: unknown }
  | { kind: 'pepper_mismatch'; level: 'error'; prefix: string; pepper_id: string; message: string }
  | { kind: 'upkeep_failed'; level: 'error'; error: unknown }
  /** `final`: its jobs have failed and must be asked for again. */
  | { kind: 'erasure_failed'; level: 'error'; final: boolean; error: unknown }
  | { kind: 'hook_failed'; level: 'error'; error: unknown }
  | { kind: 'internal_error'; level: 'error'; request_id: string; error: unknown }

export type OnDiagnostic = (diagnostic: Diagnostic) => void

/** Prints failures in one line each; warnings about single events stay silent. */
export function printFailures(diagnostic: Diagnostic): void {
  if (diagnostic.level !== 'error') return
  const { kind, level: _level, ...rest } = diagnostic
  const error = 'error' in rest ? describe(rest.error) : undefined
  const facts = Object.entries(rest)
    .filter(([key]) => key !== 'error')
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
  const line = [kind, ...facts, ...(error === undefined ? [] : [error])].join(' ')
  console.error(`millimetric: ${line.replace(UNPRINTABLE, escaped)}`)
}

// What JSON leaves as it is, and what ends a line or steers a terminal all the same.
const UNPRINTABLE = /[\u007f-\u009f\u2028\u2029]/g

function escaped(char: string): string {
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`
}

/** A listener that throws must not reach the host: its error is swallowed here, and only here. */
export function guardDiagnostics(listener: OnDiagnostic): OnDiagnostic {
  return (diagnostic) => {
    try {
      listener(diagnostic)
    } catch (error) {
      console.error('millimetric: onDiagnostic threw', error)
    }
  }
}

/** Says once that events were refused together. An error that is none of ours is told by whoever answers for it. */
export function reportNotStored(
  onDiagnostic: OnDiagnostic,
  error: unknown,
  events: { project_id: string | null; count: number },
): void {
  if (!isAnalyticsError(error)) return
  const { code, message } = error
  const level = code === 'quota_exceeded' ? 'warn' : 'error'
  onDiagnostic({ kind: 'events_not_stored', level, code, ...events, message })
}

function describe(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  return JSON.stringify(text.slice(0, 500))
}
