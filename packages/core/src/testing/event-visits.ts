import type { StoredEvent } from '../ports/event-store.js'
import { storedEvent, TEST_NOON } from './stored-event.js'

/** Events `v0`, `v1`, … at so many milliseconds after {@link TEST_NOON}. */
export function visits(...list: readonly (readonly [number, Partial<StoredEvent>?])[]): StoredEvent[] {
  return list.map(([after, fields], n) =>
    storedEvent({ event_id: `v${n}`, timestamp: TEST_NOON + after, ...fields }),
  )
}
