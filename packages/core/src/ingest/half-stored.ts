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
 * Batches whose rows are stored while something behind the table failed, such as a view, or of which nobody knows whether
 * any of it is. They are held in memory and sent again, each under its own token, until the store has taken all of it or
 * says that it has nothing: under another token their events would be stored twice.
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

export function createHalfStored(store: EventStore, { erased, retract }: Forgotten): HalfStored {
  const batches: FrozenBatch[] = []
  const names = new Set<string>()
  /** Who had been erased when a batch was first completed. */
  const gone = new WeakMap<FrozenBatch, ReadonlySet<StoredEvent>>()
  let rows = 0

  /**
   * Somebody in the batch may have been erased while it was held. Sent as it is, it would bring back what was computed of
   * their rows, and an erasure finds nothing without the rows; so it is completed from what is stored, without them.
   */
  async function complete(batch: FrozenBatch): Promise<void> {
    const found = new Set((await erased(batch.events)).keys())
    const before = gone.get(batch) ?? found
    gone.set(batch, before)
    if (found.size === 0) await store.insert(batch)
    else await store.complete(batch, found)
    const now = await erased(batch.events)
    if (now.size === 0) return
    // Written down first: what is stored again below must never be left without an erasure.
    await retract(now.values())
    // Erased while it was sent: the rows are stored once more, for the erasure to find all that came back of them.
    const late = [...now.keys()].filter((event) => !before.has(event))
    if (late.length > 0) await store.insert({ token: randomUuid(), events: late })
  }

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
          // Its callers were told that it failed: what is not stored now is theirs to send again.
          if (await store.landed(batch)) await complete(batch)
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
