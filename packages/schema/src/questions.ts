import type { PropertyField, StatsDimension } from './dimensions.js'
import type { EventFilters, EventMatch, FilterParams } from './filters.js'

export type Confidence = 'high' | 'medium' | 'low'

export const METRICS = [
  'count',
  'uniques',
  'people',
  'pageviews',
  'sessions',
  'bounce_rate',
  'session_duration',
  'views_per_session',
  'conversion_rate',
] as const
/**
 * count = events; uniques = distinct anonymous_id (user_id for events that carry only that); people = persons, with
 * anonymous ids resolved through identify links; pageviews = `$pageview` events; sessions by 30 minutes of
 * inactivity; bounce_rate = sessions of one pageview and nothing else ÷ sessions, 0–1; session_duration = mean
 * seconds from first to last event; views_per_session; conversion_rate = people who did the `goal` in the range (or
 * bucket) ÷ people. A rate over nothing is null.
 */
export type PlainMetric = (typeof METRICS)[number]
export const AGGREGATES = ['sum', 'avg', 'min', 'max', 'median', 'p95'] as const
export type Aggregate = (typeof AGGREGATES)[number]
/** Over the numbers under one property key; events without a number there are left out. Over none, null (a sum is 0). */
export type PropertyMetric = `${Aggregate}(${PropertyField})`
export type Metric = PlainMetric | PropertyMetric
/** Metrics that are null where there is nothing to divide by, or to choose from. */
export type NullableMetric =
  | 'bounce_rate'
  | 'session_duration'
  | 'views_per_session'
  | 'conversion_rate'
  | `${Exclude<Aggregate, 'sum'>}(${PropertyField})`

export const INTERVALS = ['minute', 'hour', 'day', 'week', 'month'] as const
export type Interval = (typeof INTERVALS)[number]

/** A range of time: `from` and `to` (half-open [from, to)), or a short form such as `7d`. */
export interface RangeParams {
  /** ISO 8601, inclusive. Without a zone it is read in `timezone`. */
  from?: string | number | Date | undefined
  /** ISO 8601, exclusive. */
  to?: string | number | Date | undefined
  /** `today`, `yesterday`, `week`, `month`, or `<n>d` / `<n>h`: instead of from and to. */
  range?: string | undefined
  /** IANA zone; the project's by default. */
  timezone?: string | undefined
  /** Count known crawlers too; false by default. */
  include_bots?: boolean | undefined
}

/** What every report takes. */
export interface QuestionParams extends RangeParams, FilterParams {
  /** Conditions on events, all of which must hold; over GET as JSON text. */
  filters?: EventFilters | undefined
}

/** Parameters of `GET /v1/query`. */
export interface QueryParams extends QuestionParams {
  /** 1–1000, default 100. */
  limit?: number | undefined
  /** The `next_cursor` of the page before, with otherwise the same parameters. */
  cursor?: string | undefined
}

export type Comparison = 'previous_period' | 'previous_year'

/** Parameters of `GET` and `POST /v1/stats`. */
export interface StatsParams extends QuestionParams {
  /** One metric, whose column is `value`; default `count`. */
  metric?: Metric | undefined
  /** Instead of `metric`: one column a metric, by its name. At most 20. */
  metrics?: readonly Metric[] | undefined
  /** At most 5. Session metrics take {@link SESSION_DIMENSIONS} only. */
  group_by?: readonly StatsDimension[] | undefined
  interval?: Interval | undefined
  /** What `conversion_rate` is measured against. */
  goal?: EventMatch | undefined
  /** The same numbers of the period before, or a year before, beside each row. */
  compare?: Comparison | undefined
  /** Metrics and dimensions in order of weight; a leading `-` = largest first. Default: the first metric, largest first. Ties by group. */
  order_by?: readonly string[] | undefined
  /** One more row (or series) over all groups, under `totals`. */
  totals?: boolean | undefined
  /** One more row (or series) over the groups beyond `limit`, under `other`. */
  other?: boolean | undefined
  /** 1–1000 groups, default 100; a series is never cut inside a group. */
  limit?: number | undefined
  /** Answer from raw events only; the numbers are the same. */
  raw?: boolean | undefined
}

/** Parameters of `GET /v1/sources`. */
export interface SourcesParams extends QuestionParams {
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
  /** With `compare`: the range that `previous` counts. */
  compared_to?: { from: string; to: string }
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
  /** Of the next, older page; null on the last one. */
  next_cursor: string | null
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
