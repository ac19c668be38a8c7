import type { EventStore, StoredEvent } from '@millimetric/core'
import { memoryEvents } from '@millimetric/core/memory'

/** The memory store, with each event that it takes put into `stored` too: as it came, with all that a query leaves out. */
export function seenEvents(stored: StoredEvent[]): EventStore {
  const events = memoryEvents()
  return {
    ...events,
    async insert(batch) {
      stored.push(...batch.events)
      await events.insert(batch)
    },
  }
}
