import { LIMITS } from '@millimetric/schema/limits'
import type { Metric, StatsDimension } from '@millimetric/schema/wire'
import { AnalyticsError } from '../errors.js'
import type { Match } from './conditions.js'
import type { PlanScope, ResultFacts } from './query-plan.js'

/** A column that rows are ordered by: of `metrics` or of `group_by`. */
export interface StatsOrder {
  readonly by: 'metric' | 'group'
  readonly index: number
  readonly descending: boolean
}

/**
 * Metrics per group, or per group and bucket. Metrics of events (count, uniques, people, pageviews, conversion_rate,
 * aggregates of properties) count events of the range in the group of their own columns; session metrics (sessions,
 * bounce_rate, session_duration, views_per_session) count sessions that begin in the range, in the group of the
 * session: of its first event, its first and its last page.
 *
 * Sessions are runs of one visitor's events with gaps of at most 30 minutes, whatever order they arrived in; a caller-set
 * session_id is one session; both are split every 48 half hours after the half hour of their first event. They are found
 * among the events from 24 hours before `from` (but not before `kept_from`) to 24 hours after `to`; `is_bot` keeps sessions apart. For session
 * metrics a condition on another field than the session's holds when one of its events meets it.
 *
 * conversion_rate: of the people in the group (and bucket), the share that did the goal in the range (or that bucket),
 * whatever group and filters the goal's own event falls in.
 */
export interface StatsPlan extends PlanScope {
  readonly kind: 'stats'
  /** At least one. */
  readonly metrics: readonly Metric[]
  readonly goal: Match | null
  readonly group_by: readonly StatsDimension[]
  /**
   * Ascending starts, whole seconds in epoch milliseconds; an event or session belongs to the last start that is not after it, and the first start is at or
   * before `from`. Only buckets that hold something are returned.
   */
  readonly buckets: readonly number[] | null
  /** Nulls come last in both directions; what is left equal is ordered by group, ascending by code point. */
  readonly order_by: readonly StatsOrder[]
  /**
   * Groups. With buckets, the groups that come first by their value over the whole range are kept, whole; more of both than
   * {@link checkSeries} lets through are refused.
   */
  readonly limit: number
  /** Only rows inside (or outside) these groups. */
  readonly only: {
    readonly by: readonly StatsDimension[]
    readonly groups: readonly (readonly string[])[]
    readonly inside: boolean
  } | null
  /**
   * Ascending starts of the days of the question's zone from the one that holds `from` to the first at or after `to`;
   * a rollup may answer for those that lie in the range whole. Null = never from a rollup. Changes no answer.
   */
  readonly days: readonly number[] | null
}

export interface StatsResultRow {
  readonly group: readonly string[]
  readonly bucket: number | null
  /** One a metric, in the order of the plan; infinite where a sum goes beyond the largest number. */
  readonly values: readonly (number | null)[]
}

export interface StatsResult extends ResultFacts {
  /** The groups that the limit let through, in order. */
  readonly groups: readonly (readonly string[])[]
  /** In the order of the groups; with buckets by bucket first. */
  readonly rows: readonly StatsResultRow[]
}

const FEW_VALUED: ReadonlySet<StatsDimension> = new Set<StatsDimension>([
  'event_name',
  'source',
  'medium',
  'channel',
  'country',
  'device_type',
  'browser',
  'os',
])

/** Whether asking for all groups is hardly more than asking for the first of them. */
export function hasFewGroups(group_by: readonly StatsDimension[]): boolean {
  return group_by.every((dimension) => FEW_VALUED.has(dimension))
}

/** Metrics of sessions; all others are of events. */
export const SESSION_METRICS = ['sessions', 'bounce_rate', 'session_duration', 'views_per_session'] as const
export type SessionMetric = (typeof SESSION_METRICS)[number]

export function isSessionMetric(metric: Metric): metric is SessionMetric {
  return SESSION_METRICS.some((name) => name === metric)
}

/** Throws `query_too_expensive` for a series of more rows than one answer has: before they are counted, or made of zeros. */
export function checkSeries(groups: number, buckets: number): void {
  if (groups * buckets <= LIMITS.seriesRows) return
  throw new AnalyticsError(
    'query_too_expensive',
    `The answer would have more than ${LIMITS.seriesRows} rows (groups times buckets); take a smaller limit, a longer interval or a shorter range.`,
    { details: { reason: 'too_many_rows', limit: LIMITS.seriesRows } },
  )
}

/** What a metric is where nothing happened. */
export function emptyValue(metric: Metric): 0 | null {
  const zero = ['count', 'uniques', 'people', 'pageviews', 'sessions'].includes(metric)
  return zero || metric.startsWith('sum(') ? 0 : null
}

/** Aggregate and key of a metric such as `sum(properties.price)`; undefined for every other metric. */
export function propertyOf(metric: Metric): { aggregate: string; key: string } | undefined {
  const found = /^([a-z0-9]+)\(properties\.([\s\S]+)\)$/.exec(metric)
  return found === null ? undefined : { aggregate: found[1] ?? '', key: found[2] ?? '' }
}
