/** An event in its final form: whatever is tried and how often, these characters are what is sent. */
export interface QueuedEvent {
  readonly json: string
  readonly bytes: number
  readonly identify: boolean
  /** On its way in a request that outlives the page. */
  sent: boolean
}

/** The next events for one request of about `room` bytes: events of a batch, or one `$identify`. */
export function nextRequest(queue: readonly QueuedEvent[], room: number): QueuedEvent[] {
  const chunk: QueuedEvent[] = []
  for (const event of queue) {
    if (event.sent) continue
    room -= event.bytes
    if (chunk[0] && (room < 0 || event.identify || chunk[0].identify)) break
    chunk.push(event)
  }
  return chunk
}
