import { AnalyticsError } from '../errors.js'
import type { EventMoment } from '../ports/query-plan.js'

/** A place among events as text that callers hand back unread. */
export function writeCursor({ timestamp, received_at, seq, event_id }: EventMoment): string {
  const bytes = new TextEncoder().encode(JSON.stringify([timestamp, received_at, seq, event_id]))
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')
}

/** Throws `invalid_params` for text that no answer gave. */
export function readCursor(text: string): EventMoment {
  try {
    const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'))
    const bytes = Uint8Array.from(binary, (char) => char.charCodeAt(0))
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
    if (Array.isArray(value) && value.length === 4) {
      const [timestamp, received_at, seq, event_id]: unknown[] = value
      if (isWhole(timestamp) && isWhole(received_at) && isWhole(seq) && typeof event_id === 'string') {
        if (seq < 2 ** 32) return { timestamp, received_at, seq, event_id }
      }
    }
  } catch {
    // Falls through: whatever is wrong with it, the caller can do the same about it.
  }
  throw new AnalyticsError('invalid_params', 'cursor: send the next_cursor of an answer, unchanged.', {
    details: { field: 'cursor' },
  })
}

function isWhole(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value < 2 ** 43
}
