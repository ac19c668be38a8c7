import { randomUuid } from '#crypto'
import { type EventStore, eventKeyName, type FrozenBatch, type StoredEvent } from '../ports/event-store.js'
import type { ErasedTrace, Tombstones } from '../privacy/tombstones.js'

/** Who was erased, and a way to erase them once more. */
export interface Forgotten {
  readonly erased: Tombstones['erased']
  /** Never rejects. */
  retract(late: Iterable<ErasedTrace>): Promise<void>
}

export const NOBODY: Forgotten = { erased: async () => new Map(), retract: async () => {} }

/**
 * Batches whose rows are stored while something behind the table failed, such as a view, or the server in the middle of
 * them. They are held in memory and sent again, each under its own token, until the store has taken all of it: under
 * another token their events would be stored twice.
 */
export interface HalfStored {
  /** Rows held. */
  readonly rows: number
  add(batch: FrozenBatch): void
  /** Nobody knows whether any of it is stored: it is held until the store has told, and only then completed or left. */
  doubt(batch: FrozenBatch): void
  /** The event belongs to a batch that is not complete: it must not be stored anew, nor called stored. */
  holds(name: string): boolean
  /** Sends the batch that has waited longest, then the next, until one fails; true when one was completed. Never rejects. */
  retry(): Promise<boolean>
}

export function createHalfStored(store: EventStore, { erased, retract }: Forgotten): HalfStored {
  const batches: FrozenBatch[] = []
  const doubtful = new Set<FrozenBatch>()
  const names = new Set<string>()
  let rows = 0

  function hold(batch: FrozenBatch): void {
    batches.push(batch)
    rows += batch.events.length
    for (const event of batch.events) names.add(eventKeyName(event))
  }

  /**
   * Somebody in the batch may have been erased while it was held. Completing it brings back what was computed of their
   * rows, and an erasure finds nothing without the rows: they are stored once more, for it to take all of it away.
   */
  async function eraseAgain(events: readonly StoredEvent[]): Promise<void> {
    const late = await erased(events)
    if (late.size === 0) return
    try {
      await store.insert({ token: randomUuid(), events: [...late.keys()] })
    } finally {
      // Also when nobody knows whether they were stored.
      await retract(late.values())
    }
  }

  return {
    get rows() {
      return rows
    },
    add: hold,
    doubt(batch) {
      doubtful.add(batch)
      hold(batch)
    },
    holds: (name) => names.has(name),
    async retry() {
      for (let completed = false; ; completed = true) {
        const batch = batches.shift()
        if (batch === undefined) return completed
        try {
          // Its callers were told that it failed: what is not stored now is theirs to send again.
          if (!doubtful.has(batch) || (await store.landed(batch))) {
            doubtful.delete(batch)
            await store.insert(batch)
            await eraseAgain(batch.events)
          }
        } catch {
          // Behind the others: one that fails for ever must not keep them.
          batches.push(batch)
          return completed
        }
        doubtful.delete(batch)
        rows -= batch.events.length
        for (const event of batch.events) names.delete(eventKeyName(event))
      }
    },
  }
}
