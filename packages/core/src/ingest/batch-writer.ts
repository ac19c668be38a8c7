import { randomUuid } from '#crypto'
import type { OnDiagnostic } from '../diagnostics.js'
import { AnalyticsError, isAnalyticsError } from '../errors.js'
import type { EventStore, FrozenBatch, StoredEvent } from '../ports/event-store.js'
import { createHalfStored, type Forgotten, type HalfStored } from './half-stored.js'
import { isUnavailable, type Outcome, storeApart } from './poison.js'

/** Writes rows to the store, whatever the store says at first. */
export interface BatchWriter {
  /** Asks again while the store is away; rejects with `storage_unavailable`. */
  ask<T>(question: () => Promise<T>): Promise<T>
  /**
   * Freezes the rows into a batch and stores it. Resolves to what became of each row unless all of them were simply
   * stored; rejects with `storage_unavailable`, and then each may or may not be stored.
   */
  store(rows: readonly StoredEvent[]): Promise<ReadonlyMap<StoredEvent, Outcome>>
  readonly halfStored: HalfStored
}

const NO_EXCEPTIONS: ReadonlyMap<StoredEvent, Outcome> = new Map()

export function createBatchWriter(deps: {
  store: EventStore
  forgotten: Forgotten
  /** Pauses between sends of one batch, in milliseconds; one send more than pauses. */
  retryDelaysMs: readonly number[]
  clock: () => number
  onDiagnostic: OnDiagnostic
  /** When true, nothing is tried a second time. */
  closing: () => boolean
}): BatchWriter {
  const { store, retryDelaysMs, clock, onDiagnostic, closing } = deps
  const halfStored = createHalfStored(store, deps.forgotten)

  /** Rejects with the last error. One that may be about the rows is rejected at once, for the caller to report. */
  async function withRetries<T>(rows: number, send: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await send()
      } catch (error) {
        if (rows > 0 && !isUnavailable(error)) throw error
        const pause = retryDelaysMs[attempt - 1]
        const again = isAnalyticsError(error) && error.code === 'storage_unavailable'
        const final = !again || pause === undefined || closing()
        onDiagnostic({ kind: 'insert_failed', level: 'error', events: rows, attempt, final, error })
        if (final) throw unavailable(error)
        await sleep(pause)
      }
    }
  }

  async function ask<T>(question: () => Promise<T>): Promise<T> {
    return await withRetries(0, question)
  }

  async function insert(batch: FrozenBatch): Promise<void> {
    await orDoubt(
      batch,
      withRetries(batch.events.length, () => store.insert(batch)),
    )
  }

  async function landed(batch: FrozenBatch): Promise<boolean> {
    return await orDoubt(
      batch,
      ask(() => store.landed(batch)),
    )
  }

  /** A store that goes away with a batch may have any part of it; one that can't be used at all has nothing. */
  async function orDoubt<T>(batch: FrozenBatch, answer: Promise<T>): Promise<T> {
    try {
      return await answer
    } catch (error) {
      const away = isAnalyticsError(error) && error.code === 'storage_unavailable'
      if (away && !isAnalyticsError(error.cause)) halfStored.add(batch)
      throw error
    }
  }

  /** The pauses of a store that is away, and after them once with every later insert. */
  async function complete(batch: FrozenBatch, error: unknown): Promise<void> {
    let last = error
    for (const pause of closing() ? [] : retryDelaysMs) {
      await sleep(pause)
      try {
        return await store.insert(batch)
      } catch (failure) {
        last = failure
      }
    }
    halfStored.add(batch)
    const facts = { events: batch.events.length, attempt: retryDelaysMs.length + 1, final: true }
    onDiagnostic({ kind: 'insert_failed', level: 'error', ...facts, error: last })
    throw unavailable(last)
  }

  return {
    halfStored,
    ask,
    async store(rows) {
      if (rows.length === 0) return NO_EXCEPTIONS
      // Frozen here: every further send is this batch under this token, so a lost answer costs nothing.
      const batch: FrozenBatch = { token: randomUuid(), events: rows }
      try {
        await insert(batch)
        return NO_EXCEPTIONS
      } catch (error) {
        if (isUnavailable(error)) throw error
        const facts = { events: rows.length, attempt: 1, final: false }
        onDiagnostic({ kind: 'insert_failed', level: 'error', ...facts, error })
        return await storeApart(
          { store, clock, insert, landed, complete, ask, unavailable, onDiagnostic },
          batch,
          error,
        )
      }
    },
  }
}

/** What a caller hears whose events are not stored, or may not be. */
export function unavailable(error: unknown): AnalyticsError {
  if (isAnalyticsError(error) && error.code === 'storage_unavailable') return error
  return new AnalyticsError('storage_unavailable', 'The event store could not take the events.', {
    retryAfter: 5,
    cause: error,
  })
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
