import type { Entry } from './entry.js'

// Limits of the wire; a test compares them.
const BODY_BYTES = 1_048_576
const BATCH_EVENTS = 1000
// `{"events":[]}` and some air.
const FRAME_BYTES = 64

/** How many entries from the head of the queue make the next request: one, or as many as fit into a batch. */
export function requestLength(queue: readonly Entry[], single: boolean): number {
  if (single || queue[0]?.kind === 'identify') return 1
  let bytes = FRAME_BYTES
  for (const [index, entry] of queue.entries()) {
    bytes += entry.bytes + 1
    const fits = bytes <= BODY_BYTES && index < BATCH_EVENTS && entry.kind === 'track'
    // A single event that is too large is the server's to refuse.
    if (!fits) return Math.max(index, 1)
  }
  return queue.length
}
