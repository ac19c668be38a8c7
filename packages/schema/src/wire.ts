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

/** State of work that was asked for. */
export type JobState = 'queued' | 'running' | 'done' | 'failed'

/** Answer of `POST /v1/forget`, status 200. */
export interface ForgetResponse {
  ok: true
  queued: true
  job: { id: string; state: JobState }
}

/** Answer of `GET /v1/jobs/:id`, status 200. */
export interface JobResponse {
  job: {
    id: string
    project_id: string
    kind: 'forget' | 'retention'
    state: JobState
    /** Rows by what they are, for example `{ events: 12 }`. */
    counts: Readonly<Record<string, number>>
    created_at: string
    finished_at: string | null
    /** When nothing was found to be left. */
    verified_at: string | null
    error: string | null
  }
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

export {
  ATTRIBUTION_DIMENSIONS,
  ATTRIBUTION_MODELS,
  type AttributionCredit,
  type AttributionDimension,
  type AttributionModel,
  type AttributionParams,
  type AttributionResponse,
  type AttributionRow,
} from './attribution.js'
export {
  COHORT_INTERVALS,
  COHORT_KINDS,
  type CohortInterval,
  type CohortKind,
  type CohortRow,
  type CohortsParams,
  type CohortsResponse,
} from './cohorts.js'
export {
  DIMENSIONS,
  type Dimension,
  type PropertyField,
  SESSION_DIMENSIONS,
  type SessionDimension,
  type StatsDimension,
} from './dimensions.js'
export {
  EXPORT_COLUMNS,
  EXPORT_FORMATS,
  type ExportFormat,
  type ExportParams,
  type ExportRequest,
  type ExportRow,
} from './export.js'
export {
  type EventFilter,
  type EventFilters,
  type EventMatch,
  FILTER_FIELDS,
  type FilterField,
  type FilterParams,
  NUMBER_OPERATORS,
  type NumberOperator,
  TEXT_OPERATORS,
  type TextOperator,
} from './filters.js'
export {
  FUNNEL_GROUPS,
  FUNNEL_ORDERS,
  FUNNEL_SCOPES,
  type FunnelGroup,
  type FunnelGroupRow,
  type FunnelOrder,
  type FunnelParams,
  type FunnelResponse,
  type FunnelScope,
  type FunnelStep,
  type FunnelStepRow,
  TOUCH_DIMENSIONS,
  type TouchDimension,
} from './funnel.js'
export type { LiveMinute, LiveParams, LiveResponse } from './live.js'
export type {
  ComparedProject,
  CompareParams,
  CompareResponse,
  EventListResponse,
  ListedProject,
  ProjectListResponse,
  TopPagesParams,
  TopPagesResponse,
} from './mcp.js'
export {
  PATH_DIRECTIONS,
  type PathDirection,
  type PathLink,
  type PathNode,
  type PathStep,
  type PathsParams,
  type PathsResponse,
} from './paths.js'
export type { PersonParams, PersonQuestion, PersonResponse, PersonTouch } from './person.js'
export {
  AGGREGATES,
  type Aggregate,
  type Comparison,
  type Confidence,
  type EventRow,
  INTERVALS,
  type Interval,
  METRICS,
  type Metric,
  type NullableMetric,
  type PlainMetric,
  type PropertyMetric,
  type QueryParams,
  type QueryResponse,
  type QuestionParams,
  type RangeParams,
  type ResultMeta,
  type SourcesParams,
  type SourcesResponse,
  type SourcesRow,
  type StatsParams,
} from './questions.js'
export {
  JSON_TYPES,
  type JsonType,
  type SchemaParams,
  type SchemaResponse,
  type SeenEvent,
  type SeenProperty,
} from './schema-report.js'
export type {
  AnyStatsRow,
  MetricColumns,
  MetricOf,
  MetricValue,
  NoOthers,
  StatsResponse,
  StatsRow,
  StatsSummaryRow,
} from './stats-result.js'
export type { Lifetime, TokenClaims, TokenParams, TokenResponse } from './tokens.js'
