import type { Entry } from './entry.js'
import { MillimetricError } from './errors.js'
import type { Receipt } from './event.js'

/** What the server says about each entry of an accepted request, in order. */
export function verdicts(entries: readonly Entry[], answer: Record<string, unknown>): Verdict[] {
  const { results } = answer
  const lines: unknown[] = Array.isArray(results) ? results : [answer]
  return entries.map((entry, index) => verdict(entry, lines[index]))
}

export interface Verdict {
  entry: Entry
  outcome: Receipt | MillimetricError
  /** Why the event is not stored, if so. */
  lost?: { reason: string; message: string }
}

function verdict(entry: Entry, line: unknown): Verdict {
  const { event_id } = entry
  // A server that says nothing about single events has stored them all.
  const said = typeof line === 'object' && line !== null ? { ...line } : {}
  const status = text(said, 'status')
  const reason = text(said, 'code') ?? status ?? ''
  const message = text(said, 'message') ?? `The server has ${status} the event.`
  if (status === 'rejected') {
    return { entry, outcome: new MillimetricError(reason, message), lost: { reason, message } }
  }
  if (status === 'dropped') return { entry, outcome: { event_id, status }, lost: { reason, message } }
  const receipt: Receipt = { event_id, status: status === 'duplicate' ? status : 'stored' }
  const warnings: unknown = Reflect.get(said, 'warnings')
  if (Array.isArray(warnings)) receipt.warnings = warnings.map(String)
  return { entry, outcome: receipt }
}

function text(said: object, name: string): string | undefined {
  const value: unknown = Reflect.get(said, name)
  return typeof value === 'string' ? value : undefined
}
