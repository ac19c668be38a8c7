import { MillimetricError } from './errors.js'
import type { Identify, Receipt, TrackEvent } from './event.js'
import { VERSION } from './version.js'

/** An event in its final form: whatever is tried and how often, these characters are what is sent. */
export interface Entry {
  readonly kind: 'track' | 'identify'
  readonly event_id: string
  readonly json: string
  readonly bytes: number
  /** Order of the calls. */
  readonly seq: number
  /** Tells the caller, when one waits for this event. */
  settle: ((outcome: Receipt | MillimetricError) => void) | undefined
}

export type Frozen = Pick<Entry, 'kind' | 'event_id' | 'json' | 'bytes'>

/** Freezes an event as it is now; throws when it can not be written as JSON or its time is no time. */
export function freezeTrack(event: TrackEvent): Frozen {
  return freeze('track', event, { sdk_name: 'millimetric-node', sdk_version: VERSION })
}

/** Freezes a link as it is now. */
export function freezeIdentify(link: Identify): Frozen {
  return freeze('identify', link, {})
}

/** The event of an entry, for a report. */
export function thaw({ kind, json }: Entry): TrackEvent {
  if (kind === 'track') {
    const event: TrackEvent = JSON.parse(json)
    return event
  }
  const { traits, ...link }: Identify = JSON.parse(json)
  return { ...link, event: '$identify', properties: traits }
}

/** Name of an event that could not be frozen, for a report. */
export function nameOf(given: unknown): string {
  try {
    return String(Reflect.get(Object(given), 'event') ?? '$identify')
  } catch {
    return ''
  }
}

function freeze(kind: Entry['kind'], given: TrackEvent | Identify, extra: Partial<TrackEvent>): Frozen {
  try {
    const event_id = identifier(given.event_id)
    const whole = { ...extra, ...given, event_id, timestamp: instant(given.timestamp) }
    const json = JSON.stringify(whole)
    return { kind, event_id: String(event_id), json, bytes: new TextEncoder().encode(json).length }
  } catch (cause) {
    if (cause instanceof MillimetricError) throw cause
    // Circular, a BigInt, nested too deep, a getter that throws.
    throw new MillimetricError('invalid_event', `The event can not be written as JSON. ${reason(cause)}`, {
      cause,
    })
  }
}

function reason(cause: unknown): string {
  return cause instanceof Error ? cause.message : ''
}

function identifier(given: TrackEvent['event_id']): string | number {
  const id: unknown = given ?? uuid()
  // Anything else would be missing or null in JSON, and a second try be a second event.
  if (typeof id === 'string' || (typeof id === 'number' && Number.isFinite(id))) return id
  throw new MillimetricError('invalid_event_id', 'The event_id is neither text nor a number.')
}

function instant(given: TrackEvent['timestamp']): string | number {
  const time = given ?? new Date()
  const ms = time instanceof Date ? time.getTime() : time
  // JSON would make null of it, and the server the time of receipt.
  if (typeof ms === 'number' && !Number.isFinite(ms))
    throw new MillimetricError('invalid_timestamp', 'The timestamp is not a date.')
  return time instanceof Date ? time.toISOString() : time
}

/** A random UUID; Node 18 has no global `crypto`, and ids need to be unique, not secret. */
function uuid(): string {
  if (typeof globalThis.crypto?.randomUUID === 'function') return globalThis.crypto.randomUUID()
  return '10000000-1000-4000-8000-100000000000'.replace(/[018]/g, (digit) =>
    (+digit ^ (Math.floor(Math.random() * 16) >> (+digit / 4))).toString(16),
  )
}
