import { isAnalyticsError } from '../errors.js'
import type { StoredEvent } from '../ports/event-store.js'
import type { QuarantinedEvent } from '../ports/quarantine-store.js'

/** 2105-12-31: the last whole year that every column of every table can hold. */
const LAST_TIME = Date.UTC(2105, 11, 31)

/** Why a store refused an event. `code` is a stable name; `reason` quotes nothing of the event. */
export interface Refusal {
  readonly code: string
  readonly reason: string
  /** The store knows that the content is at fault. */
  readonly certain: boolean
}

export function refusalOf(error: unknown): Refusal {
  if (isAnalyticsError(error) && error.code === 'event_refused') {
    const { code, certain } = error.details ?? {}
    return {
      code: typeof code === 'string' ? code : 'REFUSED',
      reason: error.message,
      certain: certain === true,
    }
  }
  return {
    code: 'UNKNOWN',
    reason: 'The event store failed on this event alone, with an error of its own.',
    certain: false,
  }
}

/** Whatever the event holds, this makes text of it and does not throw. */
export function quarantineRow(event: StoredEvent, refusal: Refusal, now: number): QuarantinedEvent {
  return {
    project_id: plainText(event.project_id),
    event_id: plainText(event.event_id),
    anonymous_id: plainText(event.anonymous_id),
    user_id: plainText(event.user_id),
    timestamp: plainTime(event.timestamp),
    received_at: plainTime(event.received_at),
    quarantined_at: plainTime(now),
    code: refusal.code,
    reason: refusal.reason,
    row: toAscii(toJson(event)),
  }
}

function plainText(value: unknown): string {
  return (typeof value === 'string' ? value : describe(value)).toWellFormed()
}

function plainTime(value: unknown): number {
  return typeof value === 'number' && value >= 0 && value <= LAST_TIME ? Math.floor(value) : 0
}

function toJson(event: StoredEvent): string {
  try {
    return JSON.stringify(event, keepOddNumbers)
  } catch {
    // Column by column, so that one bad value does not cost the others.
    return `{${Object.entries(event)
      .map(([name, value]) => `${JSON.stringify(name)}:${describe(value)}`)
      .join(',')}}`
  }
}

function describe(value: unknown): string {
  try {
    return JSON.stringify(value, keepOddNumbers) ?? 'null'
  } catch {
    return JSON.stringify(`[${typeof value} that is no JSON]`)
  }
}

/** JSON has no NaN, Infinity or BigInt; they are the very thing to be seen here. */
function keepOddNumbers(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint' || (typeof value === 'number' && !Number.isFinite(value)))
    return String(value)
  return value
}

function toAscii(json: string): string {
  return json.replace(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
