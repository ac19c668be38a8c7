import type { Dimension, FunnelOrder, FunnelScope, PropertyField } from '@millimetric/schema/wire'
import type { Match } from './conditions.js'
import type { PlanScope, ResultFacts } from './query-plan.js'

/**
 * How far people (or sessions) get through steps. The events looked at are those that meet `filters`, from `from` to the
 * window after `to`, in the order of the moment; in scope `session` each session has its own, and events without one are
 * left out. Sessions are found among the events from 24 hours before `from`, but not before `kept_from`, to 24 hours after
 * the last event looked at.
 *
 * A chain begins with an event of the range that matches the first step, and goes on with the earliest event after the
 * last that matches the next step and is no more than `window_ms` after the first; with `strict`, only the very next
 * event may be that one. Events named `$identify` that match no step are not looked at.
 *
 * Counted is the longest chain, of equally long ones that whose last event comes first, of those the one that begins last:
 * it gives the depth, the times between steps, and the group (by its first event, or by the first event with a url of
 * that event's person, among all visible events since `kept_from`, whatever `filters` say).
 */
export interface FunnelPlan extends PlanScope {
  readonly kind: 'funnel'
  /** 2–10. */
  readonly steps: readonly Match[]
  readonly window_ms: number
  readonly scope: FunnelScope
  readonly order: FunnelOrder
  readonly group_by: FunnelGroupBy | null
  /** Groups: by the count of the first step, largest first, then by value, ascending by code point. */
  readonly limit: number
}

export type FunnelGroupBy =
  | { readonly of: 'first_touch'; readonly field: 'source' | 'medium' | 'campaign' | 'channel' }
  | { readonly of: 'first_step'; readonly field: Dimension | PropertyField }

export interface FunnelStepResult {
  readonly count: number
  /** Milliseconds from the step before, interpolated between the two values next to the place; null for the first step and over nobody. */
  readonly median_ms: number | null
  readonly p90_ms: number | null
}

export interface FunnelResult extends ResultFacts {
  /** One a step of the plan. */
  readonly steps: readonly FunnelStepResult[]
  readonly groups: readonly { readonly value: string; readonly steps: readonly FunnelStepResult[] }[]
}

const DAY_MS = 86_400_000

/** End of the events that steps may be, exclusive: the window after the range; a session is over after a day. */
export function funnelReach({ to, window_ms, scope }: FunnelPlan): number {
  return to + (scope === 'session' ? Math.min(window_ms, DAY_MS) : window_ms)
}
