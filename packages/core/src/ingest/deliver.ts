import { randomUuid } from '#crypto'
import type { OnDiagnostic } from '../diagnostics.js'
import { AnalyticsError, isAnalyticsError } from '../errors.js'
import { type EventStore, eventKeyName, type FrozenBatch, type StoredEvent } from '../ports/event-store.js'

export interface DeliverOptions {
  /** Rows of one insert at most. */
  maxBatchRows: number
  /** This many waiting rows are sent at once, without waiting for company. */
  flushRows: number
  /** How long fewer rows wait for company, in milliseconds. */
  flushIntervalMs: number
  /** Events that may wait; more are refused with `overloaded`. */
  maxWaiting: number
  /** Pauses between sends of one batch, in milliseconds; one send more than pauses. */
  retryDelaysMs: readonly number[]
}

export interface NewEvent {
  event: StoredEvent
  /** The id was made here for this event alone, so it can't be stored yet and needs no lookup. */
  fresh: boolean
}

/** `conflict`: the id is taken by an event with another body; the first is kept. */
export type Delivery = 'stored' | 'duplicate' | 'conflict'

export interface Deliver {
  /**
   * Resolves when the store has answered for these events, one status each. Rejects with `overloaded`,
   * `shutting_down` or `storage_unavailable`; then some may be stored, and sending them again under the same
   * ids counts them once.
   */
  append(events: readonly NewEvent[]): Promise<Delivery[]>
  /** Sends what waits and refuses newcomers; returns how many events could not be delivered. */
  close(): Promise<{ undelivered: number }>
}

interface Waiting {
  events: readonly NewEvent[]
  resolve(statuses: Delivery[]): void
  reject(error: unknown): void
}

/**
 * Group commit: requests that come while an insert is under way, or within `flushIntervalMs` of each other,
 * share the next insert. There is never more than one insert in flight, which keeps the number of parts in
 * ClickHouse bounded at any load, and makes the duplicate check exact within the process.
 */
export function createDeliver(deps: {
  store: EventStore
  options: DeliverOptions
  onDiagnostic: OnDiagnostic
}): Deliver {
  const { store, options, onDiagnostic } = deps
  let queue: Waiting[] = []
  let waiting = 0
  let timer: ReturnType<typeof setTimeout> | undefined
  let running: Promise<void> | undefined
  let closed = false
  let undelivered = 0

  function schedule(): void {
    if (running !== undefined) return
    if (closed || waiting >= options.flushRows) start()
    else timer ??= setTimeout(start, options.flushIntervalMs)
  }

  function start(): void {
    clearTimeout(timer)
    timer = undefined
    if (running !== undefined || queue.length === 0) return
    running = flush().finally(() => {
      running = undefined
      // Those who came meanwhile have waited one insert long already.
      if (queue.length > 0) start()
    })
  }

  async function flush(): Promise<void> {
    const group = takeGroup()
    try {
      const statuses = await deliverGroup(group.flatMap(({ events }) => events))
      let at = 0
      for (const request of group) {
        request.resolve(statuses.slice(at, at + request.events.length))
        at += request.events.length
      }
    } catch (error) {
      for (const request of group) {
        undelivered += request.events.length
        request.reject(error)
      }
    }
  }

  function takeGroup(): Waiting[] {
    const group: Waiting[] = []
    let rows = 0
    for (const request of queue) {
      if (rows > 0 && rows + request.events.length > options.maxBatchRows) break
      group.push(request)
      rows += request.events.length
    }
    queue = queue.slice(group.length)
    waiting -= rows
    return group
  }

  async function deliverGroup(events: readonly NewEvent[]): Promise<Delivery[]> {
    const names = events.map(({ event }) => eventKeyName(event))
    const claimed = events.filter(({ fresh }) => !fresh).map(({ event }) => event)
    const seen = new Map(claimed.length === 0 ? [] : await withRetries(0, () => store.known(claimed)))
    const statuses: Delivery[] = []
    const rows: StoredEvent[] = []
    for (const [index, { event }] of events.entries()) {
      const name = names[index] ?? ''
      const first = seen.get(name)
      if (first === undefined) {
        seen.set(name, event.body_hash)
        rows.push(event)
        statuses.push('stored')
      } else {
        const differs = first !== 0 && event.body_hash !== 0 && first !== event.body_hash
        statuses.push(differs ? 'conflict' : 'duplicate')
      }
    }
    if (rows.length > 0) {
      // Frozen here: every further send is this batch under this token, so a lost answer costs nothing.
      const batch: FrozenBatch = { token: randomUuid(), events: rows }
      await withRetries(rows.length, () => store.insert(batch))
    }
    return statuses
  }

  async function withRetries<T>(rows: number, send: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await send()
      } catch (error) {
        const pause = options.retryDelaysMs[attempt - 1]
        const again = isAnalyticsError(error) && error.code === 'storage_unavailable'
        const final = !again || pause === undefined || closed
        onDiagnostic({ kind: 'insert_failed', level: 'error', events: rows, attempt, final, error })
        if (final) throw unavailable(error)
        await sleep(pause)
      }
    }
  }

  return {
    append(events) {
      if (closed) {
        return Promise.reject(
          new AnalyticsError('shutting_down', 'Analytics is closing and takes no more events.', {
            retryAfter: 5,
          }),
        )
      }
      if (waiting > 0 && waiting + events.length > options.maxWaiting) {
        onDiagnostic({ kind: 'overloaded', level: 'error', waiting, refused: events.length })
        return Promise.reject(
          new AnalyticsError('overloaded', `${waiting} events are waiting for the event store already.`, {
            retryAfter: 1,
          }),
        )
      }
      return new Promise((resolve, reject) => {
        queue.push({ events, resolve, reject })
        waiting += events.length
        schedule()
      })
    },
    async close() {
      closed = true
      start()
      while (running !== undefined) await running
      return { undelivered }
    },
  }
}

function unavailable(error: unknown): AnalyticsError {
  if (isAnalyticsError(error) && error.code === 'storage_unavailable') return error
  return new AnalyticsError(
    'storage_unavailable',
    'The event store refused the events; they were not stored.',
    {
      retryAfter: 5,
      cause: error,
    },
  )
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
