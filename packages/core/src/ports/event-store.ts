import type { Confidence } from '@millimetric/schema/wire'
import type { ErasureStore } from './erasure-store.js'
import type { QuarantineStore } from './quarantine-store.js'
import type { QueryPlan, QueryResults } from './query-plan.js'
import type { VerdictStore } from './verdict-store.js'

/** One event as every store keeps it. Absent text is the empty string. Times are epoch milliseconds. */
export interface StoredEvent {
  readonly project_id: string
  readonly event_id: string
  readonly event_name: string
  readonly timestamp: number
  readonly received_at: number
  /** What the client claimed, when `timestamp` was moved for being too far in the future; else null. */
  readonly client_timestamp: number | null
  /** Position in its request: events of one instant keep the order they were sent in. */
  readonly seq: number
  /** 53-bit hash of what the client sent, for telling a retry from another event under the same id; 0 = unknown. */
  readonly body_hash: number
  readonly anonymous_id: string
  readonly user_id: string
  readonly session_id: string
  readonly url: string
  readonly hostname: string
  readonly path: string
  readonly referrer: string
  readonly referrer_host: string
  readonly source: string
  readonly medium: string
  readonly campaign: string
  readonly term: string
  readonly content: string
  readonly channel: string
  readonly source_confidence: Confidence
  readonly source_rule_id: string
  readonly country: string
  readonly device_type: string
  readonly browser: string
  readonly os: string
  readonly is_bot: boolean
  /** 32 hex characters, or empty when the address is unknown. */
  readonly ip_hash: string
  /** JSON text of an object. */
  readonly properties: string
  readonly sdk_name: string
  readonly sdk_version: string
}

/** A batch that never changes again: sent as often as needed under the same token. */
export interface FrozenBatch {
  /** Random, made for this batch alone. A reused token with other events would silently drop them. */
  readonly token: string
  readonly events: readonly StoredEvent[]
}

export interface EventKey {
  readonly project_id: string
  readonly event_id: string
}

/** Name of an {@link EventKey} in a Set. */
export function eventKeyName(key: EventKey): string {
  return `${key.project_id}/${key.event_id}`
}

/** A day of some zone as an interval of instants, epoch milliseconds, half-open. */
export interface Day {
  readonly start: number
  readonly end: number
}

/** A quarter of an hour into which rows came, or from which they went, since the time asked about. */
export interface ChangedQuarter {
  readonly project_id: string
  /** Epoch milliseconds, its start. */
  readonly quarter: number
}

export interface CallOptions {
  signal?: AbortSignal | undefined
  /** When the question began of which this call is one part, by `performance.now()`: a store's limit of time is the question's. */
  began?: number | undefined
}

/**
 * Where events live. Errors: `AnalyticsError` with code `storage_unavailable` when trying again may help (the
 * batch may or may not be stored: send the same batch again), `query_too_expensive` when a limit was hit,
 * `event_refused` when the content of a row is at fault: its message quotes nothing of the row, `details.code` is a
 * stable name, and `details.certain` says whether the store knows that it was the content.
 */
export interface EventStore extends ErasureStore, QuarantineStore, VerdictStore {
  readonly name: string
  readonly capabilities: {
    /** Uniques are exact at any size. */
    readonly exactUniques: boolean
  }
  /** The `body_hash` of those ids that are already stored, by {@link eventKeyName}. */
  known(keys: readonly EventKey[], options?: CallOptions): Promise<ReadonlyMap<string, number>>
  /** Stores the batch; the same batch (same token) may come any number of times and is stored once. */
  insert(batch: FrozenBatch, options?: CallOptions): Promise<void>
  /**
   * Whether any row of this very batch (this token) is in any table. Asked after a failed insert: then only the same
   * batch under the same token completes it, and its rows under another token would be stored twice.
   */
  landed(batch: FrozenBatch, options?: CallOptions): Promise<boolean>
  /**
   * Stores what is missing of a batch that has landed, by what is stored of it and without sending it again. Nothing comes
   * back of `without`: events of people who were erased since.
   */
  complete(batch: FrozenBatch, without: ReadonlySet<StoredEvent>): Promise<void>
  /**
   * Completes what writers left that died in the middle of an insert. Removes rows of ids that two processes stored in the
   * same instant, with everything computed from them; the row with the smallest (received_at, timestamp) stays. Returns
   * how many rows went. Any number of processes may run it.
   */
  removeTwins(): Promise<number>
  /** Quarter hours whose events changed at or after `since` (epoch milliseconds). */
  changedSince(since: number): Promise<readonly ChangedQuarter[]>
  /**
   * Makes these days of a project fast to answer; a day that changed in the last half minute is left for later. Returns
   * how many were made. Changes no answer.
   */
  buildDays(projectId: string, days: readonly Day[]): Promise<number>
  query<K extends QueryPlan['kind']>(
    plan: Extract<QueryPlan, { kind: K }>,
    options?: CallOptions,
  ): Promise<QueryResults[K]>
  close(): Promise<void>
}
