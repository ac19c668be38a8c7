import { eventKeyName, type StoredEvent } from '../ports/event-store.js'
import { type BatchWriter, unavailable } from './batch-writer.js'
import type { Known } from './lookups.js'
import { type Outcome, repeatOf } from './poison.js'

export interface StoredGroup {
  /** What became of each event, at its position. */
  outcomes: Outcome[]
  /** The ids that are stored now; `failed` when that is not known of all. */
  stored: ReadonlyMap<string, number> | 'failed'
}

/**
 * Stores those of the events whose ids are neither known nor those of an event before them. An insert that fails costs
 * the events that were in it: what only repeats a known one is answered all the same.
 */
export async function storeGroup(
  writer: BatchWriter,
  events: readonly StoredEvent[],
  known: Known,
): Promise<StoredGroup> {
  const outcomes: Outcome[] = []
  const firsts = new Map<string, StoredEvent>()
  for (const event of events) {
    const name = eventKeyName(event)
    const first = known.get(name) ?? firsts.get(name)?.body_hash
    if (writer.halfStored.holds(name)) {
      outcomes.push(unavailable(new Error('The event is stored in part; the rest is being tried.')))
    } else if (first === undefined) {
      firsts.set(name, event)
      outcomes.push('stored')
    } else {
      outcomes.push(repeatOf(first, event))
    }
  }
  const exceptions = await storeFirsts(writer, [...firsts.values()])
  if (exceptions.size === 0) {
    return { outcomes, stored: new Map([...firsts].map(([name, { body_hash }]) => [name, body_hash])) }
  }
  const orphans: number[] = []
  for (const [index, event] of events.entries()) {
    const first = firsts.get(eventKeyName(event))
    const outcome = first === undefined ? undefined : exceptions.get(first)
    if (outcome === undefined || outcome === 'stored') continue
    if (first === event || typeof outcome !== 'string') outcomes[index] = outcome
    // What this one repeats was not stored, so it stands for itself.
    else if (outcome === 'quarantined') orphans.push(index)
  }
  if (orphans.length > 0) {
    const again = await storeGroup(
      writer,
      orphans.flatMap((index) => events[index] ?? []),
      new Map(),
    )
    for (const [at, index] of orphans.entries()) outcomes[index] = again.outcomes[at] ?? 'duplicate'
  }
  return { outcomes, stored: 'failed' }
}

/** What became of rows that were not simply stored, also when nobody knows. */
async function storeFirsts(
  writer: BatchWriter,
  rows: readonly StoredEvent[],
): Promise<ReadonlyMap<StoredEvent, Outcome>> {
  try {
    return await writer.store(rows)
  } catch (error) {
    const reason = unavailable(error)
    return new Map(rows.map((row) => [row, reason]))
  }
}
