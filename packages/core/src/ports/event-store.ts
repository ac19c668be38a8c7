import type { Confidence, Dimension, EventRow, SessionDimension } from '@millimetric/schema/wire'
import type { ErasureStore } from './erasure-store.js'
import type { QuarantineStore } from './quarantine-store.js'
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

export type FilterField = Dimension | 'user_id' | 'anonymous_id'

export interface Filter {
  readonly field: FilterField
  readonly op: 'is'
  readonly values: readonly string[]
}

/** What every plan carries: the tenant, the half-open range [from, to) in epoch milliseconds, the filters. */
interface PlanScope {
  readonly project_id: string
  /** Retention: links made before this moment, epoch milliseconds, do not count; absent = all are kept. */
  readonly kept_from?: number
  readonly from: number
  readonly to: number
  readonly filters: readonly Filter[]
  readonly include_bots: boolean
  readonly limit: number
}

/** Raw events, newest first: order (timestamp desc, received_at desc, seq desc, event_id desc). */
export interface EventsPlan extends PlanScope {
  readonly kind: 'events'
}

/**
 * Values per group, or per group and bucket. `buckets` are ascending starts; an event belongs to the last
 * start that is not after it, and the first start is at or before `from`. Without buckets rows come by value
 * descending, then group ascending; with buckets the `limit` groups with the largest total are kept and rows
 * come by bucket, and only buckets that hold events are returned.
 */
export interface StatsPlan extends PlanScope {
  readonly kind: 'stats'
  readonly metric: 'count' | 'uniques' | 'people' | 'pageviews'
  readonly group_by: readonly Dimension[]
  readonly buckets: readonly number[] | null
  /**
   * Ascending starts of the days of the question's zone from the one that holds `from` to the first at or after `to`;
   * a rollup may answer for those that lie in the range whole. Null = never from a rollup. Changes no answer.
   */
  readonly days: readonly number[] | null
}

/**
 * True sessions: runs of one visitor's events with gaps of at most 30 minutes, whatever order they arrived in; a
 * caller-set session_id is one session; both are split every 48 half hours after the half hour of their first
 * event. Found among the events from 24 hours before `from` to 24 hours after `to`; a session belongs to the range
 * and bucket of its first event and counts whole. Filters and groups are of the session's first event; `is_bot`
 * keeps sessions apart. Rows come by sessions descending, then group ascending; with buckets as in StatsPlan.
 */
export interface SessionsPlan extends PlanScope {
  readonly kind: 'sessions'
  readonly group_by: readonly SessionDimension[]
  readonly buckets: readonly number[] | null
  /** Never read stored fragments. */
  readonly raw: boolean
}

/** Everything about one person: exactly one of the ids is not empty. */
export interface PersonPlan {
  readonly kind: 'person'
  readonly project_id: string
  /** As in the other plans. */
  readonly kept_from?: number
  readonly user_id: string
  readonly anonymous_id: string
  readonly from: number
  readonly to: number
}

/** Events, visitors and paid share per source: events descending, then source and medium ascending. */
export interface SourcesPlan extends PlanScope {
  readonly kind: 'sources'
  readonly breakdown: 'source_medium' | 'source'
}

/** A validated question, pinned to one project. A closed union: a new report is one more kind here. */
export type QueryPlan = EventsPlan | StatsPlan | SourcesPlan | SessionsPlan | PersonPlan

export interface StatsResultRow {
  readonly group: readonly string[]
  readonly bucket: number | null
  readonly value: number
}

export interface SourcesResultRow {
  readonly source: string
  /** Empty with breakdown `source`. */
  readonly medium: string
  readonly events: number
  readonly uniques: number
  readonly paid_events: number
}

export interface SessionsResultRow {
  readonly group: readonly string[]
  readonly bucket: number | null
  readonly sessions: number
  /** Sessions of exactly one $pageview and no other event but $identify. */
  readonly bounces: number
  /** Sum of last minus first event, milliseconds. */
  readonly duration_ms: number
  readonly pageviews: number
}

/** Where a person came from at one moment. */
export interface Touch {
  /** Epoch milliseconds. */
  readonly timestamp: number
  readonly source: string
  readonly medium: string
  readonly campaign: string
  readonly channel: string
}

export interface PersonResult {
  /** Empty for a visitor who was never linked. */
  readonly user_id: string
  /** Anonymous ids linked to the person, ascending. */
  readonly anonymous_ids: readonly string[]
  /** Anonymous ids that identified as this person too, but belong to somebody else (shared devices), ascending. */
  readonly conflicts: readonly string[]
  readonly events: number
  /** Of the first event that is the person's and came with a url; null when there is none. */
  readonly first_touch: Touch | null
  readonly last_touch: Touch | null
}

interface ResultFacts {
  /** More groups exist than the limit let through. */
  readonly truncated: boolean
  readonly estimated: boolean
  readonly answered_by: 'raw' | 'rollup'
}

export interface QueryResults {
  events: ResultFacts & { readonly rows: readonly EventRow[] }
  stats: ResultFacts & { readonly rows: readonly StatsResultRow[] }
  sources: ResultFacts & { readonly rows: readonly SourcesResultRow[] }
  sessions: ResultFacts & { readonly rows: readonly SessionsResultRow[] }
  person: PersonResult
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
   * Removes rows of ids that two processes stored in the same instant, with everything computed from them; the row with
   * the smallest (received_at, timestamp) stays. Returns how many rows went. Any number of processes may run it.
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
