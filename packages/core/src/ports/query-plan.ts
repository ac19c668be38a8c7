import type { EventRow } from '@millimetric/schema/wire'
import type { AttributionPlan, AttributionResult } from './attribution-plan.js'
import type { CohortsPlan, CohortsResult } from './cohorts-plan.js'
import type { Condition } from './conditions.js'
import type { ExportPlan, ExportResult } from './export-plan.js'
import type { FunnelPlan, FunnelResult } from './funnel-plan.js'
import type { LivePlan, LiveResult } from './live-plan.js'
import type { PathsPlan, PathsResult } from './paths-plan.js'
import type { SchemaPlan, SchemaResult } from './schema-plan.js'
import type { StatsPlan, StatsResult } from './stats-plan.js'

/** What every plan carries: the tenant, the half-open range [from, to) in epoch milliseconds, the conditions. */
export interface PlanScope {
  readonly project_id: string
  /**
   * Retention: events and links from before this moment, epoch milliseconds, do not count anywhere, not in the sessions,
   * histories or touches that a plan looks back for either. Never after `from`; absent = all are kept.
   */
  readonly kept_from?: number
  readonly from: number
  readonly to: number
  /**
   * Which events exist for the asker: every read of events on the way to the answer is bounded by them, sessions, goals
   * and histories included. They name fields of events only. Identity links are the project's, but where a plan is about
   * one person: there a visitor is linked to a user when some `$identify` that says so, at any time that is kept, exists for
   * the asker.
   */
  readonly visible?: readonly Condition[]
  /** What the question is about; all must hold. */
  readonly filters: readonly Condition[]
  readonly include_bots: boolean
}

/** Place of an event in the order of time: (timestamp, received_at, seq, event_id). */
export interface EventMoment {
  readonly timestamp: number
  readonly received_at: number
  readonly seq: number
  readonly event_id: string
}

/** Raw events, newest first: order (timestamp desc, received_at desc, seq desc, event_id desc). */
export interface EventsPlan extends PlanScope {
  readonly kind: 'events'
  readonly limit: number
  /** Only events that come after this one in that order: older ones. */
  readonly after?: EventMoment | null
}

/** Exactly one of the ids is not empty. */
export interface PersonIds {
  readonly user_id: string
  readonly anonymous_id: string
}

/** Events, visitors and paid share per source: events descending, then source and medium ascending. */
export interface SourcesPlan extends PlanScope {
  readonly kind: 'sources'
  readonly limit: number
  readonly breakdown: 'source_medium' | 'source'
}

/**
 * Everything about one person; a visitor who is linked to a user stands for the user. Events of a user are those that carry
 * the id, and those that carry none of the visitors who are linked to it; of a visitor who is nobody those that carry no
 * user, whoever the visitor is linked to.
 */
export interface PersonPlan extends PersonIds {
  readonly kind: 'person'
  readonly project_id: string
  /** As in the other plans. */
  readonly kept_from?: number
  readonly visible?: readonly Condition[]
  readonly from: number
  readonly to: number
  /** A page of the person's events, as of an {@link EventsPlan}. */
  readonly limit: number
  readonly after?: EventMoment | null
}

/** A validated question, pinned to one project. A closed union: a new report is one more kind here. */
export type QueryPlan =
  | EventsPlan
  | StatsPlan
  | SourcesPlan
  | PersonPlan
  | AttributionPlan
  | LivePlan
  | FunnelPlan
  | CohortsPlan
  | PathsPlan
  | ExportPlan
  | SchemaPlan

export interface ResultFacts {
  /** More groups exist than the limit let through. */
  readonly truncated: boolean
  readonly estimated: boolean
  readonly answered_by: 'raw' | 'rollup'
}

export interface SourcesResultRow {
  readonly source: string
  /** Empty with breakdown `source`. */
  readonly medium: string
  readonly events: number
  readonly uniques: number
  readonly paid_events: number
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

/** A page of the person's events, newest first; the rest is about all of them, whatever the page. */
export interface PersonResult extends EventsResult {
  /** Asked for, or whom the visitor is linked to; empty for a visitor who is linked to nobody. */
  readonly user_id: string
  /** Visitors linked to the user, ascending; or the one asked for. */
  readonly anonymous_ids: readonly string[]
  /** Anonymous ids that identified as this user too, but belong to somebody else (shared devices), ascending. */
  readonly conflicts: readonly string[]
  readonly events: number
  /** Epoch milliseconds; null when there is no event. */
  readonly first_seen: number | null
  readonly last_seen: number | null
  /** Of the first event that is the person's and came with a url; null when there is none. */
  readonly first_touch: Touch | null
  readonly last_touch: Touch | null
  /** Properties of the person's `$identify` events: of each key what was said last. */
  readonly traits: Readonly<Record<string, unknown>>
}

export interface EventsResult extends ResultFacts {
  readonly rows: readonly EventRow[]
  /** Place of the last row, for the page after it; null when no rows are left. */
  readonly next: EventMoment | null
}

export interface QueryResults {
  events: EventsResult
  stats: StatsResult
  sources: ResultFacts & { readonly rows: readonly SourcesResultRow[] }
  person: PersonResult
  attribution: AttributionResult
  live: LiveResult
  funnel: FunnelResult
  cohorts: CohortsResult
  paths: PathsResult
  export: ExportResult
  schema: SchemaResult
}
