import type { Confidence, Dimension, EventRow, Metric } from '@millimetric/schema/wire'

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
  readonly metric: Metric
  readonly group_by: readonly Dimension[]
  readonly buckets: readonly number[] | null
}

/** Events, visitors and paid share per source: events descending, then source and medium ascending. */
export interface SourcesPlan extends PlanScope {
  readonly kind: 'sources'
  readonly breakdown: 'source_medium' | 'source'
}

/** A validated question, pinned to one project. A closed union: a new report is one more kind here. */
export type QueryPlan = EventsPlan | StatsPlan | SourcesPlan

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
}

export interface CallOptions {
  signal?: AbortSignal | undefined
}

/**
 * Where events live. Errors: `AnalyticsError` with code `storage_unavailable` when trying again may help (the
 * batch may or may not be stored: send the same batch again), `query_too_expensive` when a limit was hit; any
 * other error means the store refused the content.
 */
export interface EventStore {
  readonly name: string
  readonly capabilities: {
    /** Uniques are exact at any size. */
    readonly exactUniques: boolean
  }
  /** Which of these ids are already stored, as {@link eventKeyName}s. */
  known(keys: readonly EventKey[], options?: CallOptions): Promise<ReadonlySet<string>>
  /** Stores the batch; the same batch (same token) may come any number of times and is stored once. */
  insert(batch: FrozenBatch, options?: CallOptions): Promise<void>
  query<K extends QueryPlan['kind']>(
    plan: Extract<QueryPlan, { kind: K }>,
    options?: CallOptions,
  ): Promise<QueryResults[K]>
  close(): Promise<void>
}
