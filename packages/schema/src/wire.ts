/** JSON as it travels. */
export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue }

/** Properties of an event: any JSON object of at most 8 KB, 32 levels and 1000 values. */
export type Properties = { readonly [key: string]: unknown }

/**
 * One event as a client sends it. Fields that the server makes (source, country, project_id, …) are
 * ignored with a warning when sent.
 */
export interface TrackEvent {
  /** Name of the event, 1–128 characters; names starting with `$` are the system's. */
  event: string
  /** Idempotency key, 1–128 characters: the same id counts once per project. Made by the server when absent. */
  event_id?: string | number | null | undefined
  /** ISO 8601 (no zone = UTC) or epoch milliseconds; receive time when absent. */
  timestamp?: string | number | Date | null | undefined
  /** Clock of the client when it sent the request; the event time is shifted by `received_at - sent_at`. */
  sent_at?: string | number | Date | null | undefined
  anonymous_id?: string | number | null | undefined
  user_id?: string | number | null | undefined
  session_id?: string | number | null | undefined
  /** Absolute URL of the page, at most 2048 characters. */
  url?: string | null | undefined
  path?: string | null | undefined
  referrer?: string | null | undefined
  properties?: Properties | null | undefined
  /** Address of the visitor; taken from trusted senders only (secret key or in process). Never stored. */
  ip?: string | null | undefined
  /** User agent of the visitor; taken from trusted senders only (secret key or in process). Never stored. */
  user_agent?: string | null | undefined
  /** Name and version of the sending library, for example `millimetric-browser`, `0.1.0`. */
  sdk_name?: string | null | undefined
  sdk_version?: string | null | undefined
}

/** Body of `POST /v1/batch`: 1–1000 events. */
export interface TrackBatch {
  events: readonly TrackEvent[]
  /** Clock of the client when it sent the batch; an event's own `sent_at` wins. */
  sent_at?: string | number | Date | null | undefined
}

/** Body of `POST /v1/identify`: links an anonymous id to a user. */
export interface Identify {
  anonymous_id: string | number
  user_id: string | number
  traits?: Properties | null | undefined
  /** Idempotency key of the `$identify` event. */
  event_id?: string | number | null | undefined
  timestamp?: string | number | Date | null | undefined
  sent_at?: string | number | Date | null | undefined
}

/** Body of `POST /v1/forget`: exactly one of the two ids. */
export type Forget =
  | { user_id: string; anonymous_id?: undefined }
  | { anonymous_id: string; user_id?: undefined }

/**
 * What became of one event. `stored` and `duplicate` count as accepted; `rejected` is wrong and will never
 * be stored as sent; `dropped` was refused on purpose (a hook, an erased person).
 */
export type EventStatus = 'stored' | 'duplicate' | 'rejected' | 'dropped'

/** Why an event was rejected or dropped. */
export type EventCode =
  | 'invalid_event'
  | 'missing_event'
  | 'unknown_event'
  | 'invalid_event_id'
  | 'illegal_id'
  | 'invalid_timestamp'
  | 'timestamp_out_of_range'
  | 'older_than_retention'
  | 'invalid_url'
  | 'invalid_path'
  | 'invalid_referrer'
  | 'invalid_properties'
  | 'bad_property_key'
  | 'number_out_of_range'
  | 'too_many_values'
  | 'too_deep'
  /** The event store refused its content; it is kept apart for the operator. */
  | 'quarantined'
  | 'dropped_by_hook'
  | 'erased'
  | 'own_traffic'
  | 'too_many_event_names'

/** What was changed or is doubtful about an event that was stored. */
export type EventWarning =
  | 'anonymous_id_generated'
  | 'clock_skew'
  | 'invalid_sent_at'
  | 'properties_truncated'
  | 'sanitized'
  | 'unsafe_integer'
  | 'suspicious_id'
  | 'server_field_ignored'
  | 'unknown_field_ignored'
  /** The id is taken by an event with another body; the first one is kept. */
  | 'id_conflict'

/** Answer of `POST /v1/track`, status 202. */
export interface TrackResponse {
  ok: true
  event_id: string
  status: EventStatus
  warnings?: readonly EventWarning[]
}

/** One line of a batch answer, at the position of its event. */
export interface BatchResult {
  index: number
  /** The event's id; null when the event was rejected before it had one. */
  event_id: string | null
  status: EventStatus
  code?: EventCode
  /** For people: what to change. */
  message?: string
  warnings?: readonly EventWarning[]
}

/** Answer of `POST /v1/batch`, status 202. `count` = stored + duplicate. */
export interface BatchResponse {
  ok: true
  count: number
  results: readonly BatchResult[]
}

/** Answer of `POST /v1/identify`, status 200. */
export interface IdentifyResponse {
  ok: true
}

/** Every error answer: the code is the contract, the message is for people. */
export interface ErrorResponse {
  error: string
  message: string
  request_id: string
  details?: Record<string, unknown>
  /** Only with `rate_limited` and `quota_exceeded`: whole seconds until the next try. */
  retry_after_s?: number
}

export type Confidence = 'high' | 'medium' | 'low'

/** Columns that `stats` can group by. */
export const DIMENSIONS = [
  'event_name',
  'source',
  'medium',
  'campaign',
  'channel',
  'country',
  'device_type',
  'browser',
  'os',
  'path',
  'hostname',
  'referrer_host',
] as const
export type Dimension = (typeof DIMENSIONS)[number]

/** Columns that session metrics can be grouped and filtered by: those of the session's first event, and its pages. */
export const SESSION_DIMENSIONS = [
  'source',
  'medium',
  'campaign',
  'channel',
  'referrer_host',
  'hostname',
  'country',
  'device_type',
  'browser',
  'os',
  'entry_path',
  'exit_path',
] as const
export type SessionDimension = (typeof SESSION_DIMENSIONS)[number]
export type StatsDimension = Dimension | SessionDimension

export const METRICS = [
  'count',
  'uniques',
  'people',
  'pageviews',
  'sessions',
  'bounce_rate',
  'session_duration',
  'views_per_session',
] as const
/**
 * count = events; uniques = distinct anonymous_id (user_id for events that carry only that); people = persons, with
 * anonymous ids resolved through identify links; pageviews = `$pageview` events; sessions by 30 minutes of
 * inactivity; bounce_rate = sessions of one pageview and nothing else ÷ sessions, 0–1; session_duration = mean
 * seconds from first to last event; views_per_session. A rate over no sessions is null.
 */
export type Metric = (typeof METRICS)[number]
/** Metrics that are null where there are no sessions. */
export type RateMetric = 'bounce_rate' | 'session_duration' | 'views_per_session'
/** The metric that parameters ask for; `count` when they name none. */
export type MetricOf<P> = P extends { readonly metric?: infer M }
  ? unknown extends M
    ? 'count'
    : [Exclude<M, undefined>] extends [never]
      ? 'count'
      : Extract<M, Metric>
  : 'count'

export const INTERVALS = ['minute', 'hour', 'day', 'week', 'month'] as const
export type Interval = (typeof INTERVALS)[number]

/** A range of time: `from` and `to` (half-open [from, to)), or a short form such as `7d`. */
export interface RangeParams {
  /** ISO 8601, inclusive. Without a zone it is read in `timezone`. */
  from?: string | number | Date | undefined
  /** ISO 8601, exclusive. */
  to?: string | number | Date | undefined
  /** `today`, `yesterday`, `month`, or `<n>d` / `<n>h`: instead of from and to. */
  range?: string | undefined
  /** IANA zone; the project's by default. */
  timezone?: string | undefined
  /** Count known crawlers too; false by default. */
  include_bots?: boolean | undefined
}

/** Equality filters of the contract. */
export interface FilterParams {
  event?: string | undefined
  source?: string | undefined
  medium?: string | undefined
  user_id?: string | undefined
  anonymous_id?: string | undefined
  country?: string | undefined
}

/** Parameters of `GET /v1/query`. */
export interface QueryParams extends RangeParams, FilterParams {
  /** 1–1000, default 100. */
  limit?: number | undefined
}

/** Parameters of `GET /v1/stats`. */
export interface StatsParams extends RangeParams, FilterParams {
  metric?: Metric | undefined
  /** Session metrics take {@link SESSION_DIMENSIONS}, the others {@link DIMENSIONS}. */
  group_by?: readonly StatsDimension[] | undefined
  interval?: Interval | undefined
  /** 1–1000 groups, default 100; a series is never cut inside a group. */
  limit?: number | undefined
  /** Answer from raw events only; the numbers are the same. */
  raw?: boolean | undefined
}

/** Parameters of `GET /v1/sources`. */
export interface SourcesParams extends RangeParams, FilterParams {
  breakdown?: 'source_medium' | 'source' | undefined
  /** 1–200, default 50. */
  limit?: number | undefined
}

/** How an answer was counted. */
export interface ResultMeta {
  timezone: string
  /** Inclusive, ISO 8601 with the offset of `timezone`. */
  from: string
  /** Exclusive, ISO 8601 with the offset of `timezone`. */
  to: string
  include_bots: boolean
  /** `raw` events or a `rollup`. */
  answered_by: 'raw' | 'rollup'
  /** True when uniques are estimates and not exact. */
  estimated: boolean
  /** True when more groups exist than `limit` let through. */
  truncated: boolean
  warnings: readonly string[]
}

/** One stored event as `query` shows it. */
export interface EventRow {
  /** ISO 8601 in UTC with milliseconds. */
  timestamp: string
  event_id: string
  event_name: string
  anonymous_id: string | null
  user_id: string | null
  session_id: string | null
  source: string
  medium: string
  campaign: string | null
  channel: string
  source_confidence: Confidence
  source_rule_id: string
  referrer: string | null
  url: string | null
  path: string | null
  country: string
  device_type: string
  browser: string
  os: string
  is_bot: boolean
  /** JSON text, as in the contract. */
  properties: string
}

export interface QueryResponse {
  rows: readonly EventRow[]
  meta: ResultMeta
}

/** One row of `stats`: the grouped columns, `bucket` (ISO 8601 with offset) with an interval, and `value`. */
export type StatsRow<M extends Metric = Metric> = { readonly [D in StatsDimension]?: string } & {
  readonly bucket?: string
  readonly value: M extends RateMetric ? number | null : number
}

export interface StatsResponse<M extends Metric = Metric> {
  metric: M
  rows: readonly StatsRow<M>[]
  meta: ResultMeta
}

export interface SourcesRow {
  source: string
  /** Absent when `breakdown` is `source`. */
  medium?: string
  events: number
  uniques: number
  /** Events with medium `paid` ÷ events of the row, 0–1. */
  paid_share: number
}

export interface SourcesResponse {
  breakdown: 'source_medium' | 'source'
  rows: readonly SourcesRow[]
  meta: ResultMeta
}
