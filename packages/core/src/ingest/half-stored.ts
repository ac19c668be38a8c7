import { type EventStore, eventKeyName, type FrozenBatch } from '../ports/event-store.js'

/**
 * Batches whose rows are stored while something behind the table failed, such as a view. They are held in memory and
 * sent again, each under its own token, until the store has taken all of it.
 */
export interface HalfStored {
  /** Rows held. */
  readonly rows: number
  add(batch: FrozenBatch): void
  /** The event belongs to a batch that is not complete: it must not be stored anew, nor called stored. */
  holds(name: string): boolean
  /** Sends the batch that has waited longest, then the next, until one fails; true when one was completed. Never rejects. */
  retry(): Promise<boolean>
}

export function createHalfStored(store: EventStore): HalfStored {
  const batches: FrozenBatch[] = []
  const names = new Set<string>()
  let rows = 0

  return {
    get rows() {
      return rows
    },
    add(batch) {
      batches.push(batch)
      rows += batch.events.length
      for (const event of batch.events) names.add(eventKeyName(event))
    },
    holds: (name) => names.has(name),
    async retry() {
      for (let completed = false; ; completed = true) {
        const batch = batches.shift()
        if (batch === undefined) return completed
        try {
          await store.insert(batch)
        } catch {
          // Behind the others: one that fails for ever must not keep them.
          batches.push(batch)
          return completed
        }
        rows -= batch.events.length
        for (const event of batch.events) names.delete(eventKeyName(event))
      }
    },
  }
}
