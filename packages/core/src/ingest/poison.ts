import { randomUuid } from '#crypto'
import type { OnDiagnostic } from '../diagnostics.js'
import { type AnalyticsError, isAnalyticsError } from '../errors.js'
import { type EventStore, eventKeyName, type FrozenBatch, type StoredEvent } from '../ports/event-store.js'
import { quarantineRow, type Refusal, refusalOf } from './quarantine-row.js'

/** `conflict`: the id is taken by an event with another body; the first is kept. */
export type Delivery = 'stored' | 'duplicate' | 'conflict' | 'quarantined'

/** What became of one event; an error means that it may or may not be stored, and may be sent again. */
export type Outcome = Delivery | AnalyticsError

export interface PoisonDeps {
  store: EventStore
  clock: () => number
  /** Sends the batch, again under its token while the store is away; rejects with the last error. */
  insert(batch: FrozenBatch): Promise<void>
  /** Whether any of the batch is stored. */
  landed(batch: FrozenBatch): Promise<boolean>
  /** Completes a batch of which rows are stored: the same rows under the same token, and nothing else, ever. */
  complete(batch: FrozenBatch, error: unknown): Promise<void>
  /** Asks again while the store is away. */
  ask<T>(question: () => Promise<T>): Promise<T>
  /** The error of an event that could not be stored now. */
  unavailable(error: unknown): AnalyticsError
  onDiagnostic: OnDiagnostic
}

/**
 * Inserts of one refused batch at most: enough to part more than 20 bad rows from 1,000. A batch that needs more is no
 * batch with bad rows but a caller that makes nothing else, and may not keep everybody waiting.
 */
const MAX_INSERTS = 256

/** The later event of two under one id, by the body hash of the first. */
export function repeatOf(first: number, { body_hash }: StoredEvent): Delivery {
  return first !== 0 && body_hash !== 0 && first !== body_hash ? 'conflict' : 'duplicate'
}

/**
 * Parts the rows that a store refuses from those it takes: halves are sent as batches of their own, after a look at what
 * is stored already. Costs 2·log2(n)+1 inserts for one bad row of n, the refused one included. Never rejects.
 */
export async function storeApart(
  deps: PoisonDeps,
  batch: FrozenBatch,
  firstError: unknown,
): Promise<ReadonlyMap<StoredEvent, Outcome>> {
  const { store } = deps
  const outcomes = new Map<StoredEvent, Outcome>()
  const refused: { event: StoredEvent; refusal: Refusal }[] = []
  let inserts = 1
  let stored = false

  function settle(events: readonly StoredEvent[], outcome: Outcome): void {
    for (const event of events) outcomes.set(event, outcome)
  }

  /** True when all of them are stored. Rejects when the store is away: then nothing more is tried. */
  async function send(events: readonly StoredEvent[]): Promise<boolean> {
    if (events.length === 0) return true
    inserts += 1
    if (inserts > MAX_INSERTS) throw new Error('Too many events of one batch were refused.')
    // A part is a new frozen batch: every send of it is these rows under this token.
    const part: FrozenBatch = { token: randomUuid(), events }
    try {
      await deps.insert(part)
    } catch (error) {
      if (isUnavailable(error)) throw error
      await divide(part, error)
      return false
    }
    stored = true
    settle(events, 'stored')
    return true
  }

  async function divide(part: FrozenBatch, error: unknown): Promise<void> {
    // A view that throws fails an insert whose rows are stored: parting them would store them again.
    if (await deps.landed(part)) {
      try {
        await deps.complete(part, error)
        settle(part.events, 'stored')
      } catch (failure) {
        settle(part.events, deps.unavailable(failure))
      }
      return
    }
    await halve(part.events, error)
  }

  async function halve(events: readonly StoredEvent[], error: unknown): Promise<void> {
    const known = await deps.ask(() => store.known(events))
    const left: StoredEvent[] = []
    for (const event of events) {
      const first = known.get(eventKeyName(event))
      if (first === undefined) left.push(event)
      else outcomes.set(event, repeatOf(first, event))
    }
    const [only] = left
    if (only === undefined) return
    if (events.length === 1) {
      refused.push({ event: only, refusal: refusalOf(error) })
      // Two events alone, nothing taken, and nothing that names the content: it is the server that refuses.
      if (!stored && refused.length > 1 && refused.every(({ refusal }) => !refusal.certain)) throw error
      return
    }
    const middle = Math.ceil(left.length / 2)
    const [before, after] = [left.slice(0, middle), left.slice(middle)]
    const fine = await send(before)
    // Together they were refused and the first half was taken: the other is not sent as a whole again.
    if (fine && after.length > 1 && left.length === events.length) await halve(after, error)
    else await send(after)
  }

  try {
    await divide(batch, firstError)
  } catch (error) {
    for (const event of batch.events) if (!outcomes.has(event)) outcomes.set(event, deps.unavailable(error))
  }
  // An error that may be the server's own is the row's only if the same server took its neighbours.
  const poison = refused.filter(({ refusal }) => refusal.certain || stored)
  const failure = await keep(deps, poison)
  for (const entry of refused) {
    const kept = failure === undefined && poison.includes(entry)
    outcomes.set(entry.event, kept ? 'quarantined' : deps.unavailable(failure ?? firstError))
  }
  return outcomes
}

/** Returns why they could not be kept. */
async function keep(
  { store, clock, ask, onDiagnostic }: PoisonDeps,
  refused: readonly { event: StoredEvent; refusal: Refusal }[],
): Promise<unknown> {
  if (refused.length === 0) return undefined
  const token = randomUuid()
  const rows = refused.map(({ event, refusal }) => quarantineRow(event, refusal, clock()))
  try {
    await ask(() => store.quarantine(token, rows))
  } catch (error) {
    return error
  }
  for (const { project_id, event_id, code, reason } of rows) {
    onDiagnostic({ kind: 'event_quarantined', level: 'error', project_id, event_id, code, reason })
  }
  return undefined
}

/** Nothing is known about the rows: anything else that an insert rejects with may be about their content. */
export function isUnavailable(error: unknown): boolean {
  return isAnalyticsError(error) && error.code !== 'event_refused'
}
