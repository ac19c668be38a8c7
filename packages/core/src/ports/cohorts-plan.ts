import type { CohortKind } from '@millimetric/schema/wire'
import type { Match } from './conditions.js'
import type { PlanScope, ResultFacts } from './query-plan.js'

/**
 * Of the people who began in each period, how many did the return event in that period and those after it. `filters`
 * bound start and return events alike; `done` among conditions looks at [from, to). People are persons, links resolved.
 *
 * cohort `first`: the person's earliest start event from `kept_from` on; when it lies in [from, to), they belong to
 * its period. `any`: they belong to every period in which they did the start event, inside [from, to).
 */
export interface CohortsPlan extends PlanScope {
  readonly kind: 'cohorts'
  /** Null = any event. */
  readonly start: Match | null
  /** Null = any event. */
  readonly returning: Match | null
  readonly cohort: CohortKind
  /** Periods that a cohort is followed after its own. */
  readonly periods: number
  /** Ascending starts, whole seconds: of the periods that overlap [from, to), then of `periods` more. A cohort for each of the former. */
  readonly starts: readonly number[]
  /** End of the last period: return events count before this moment, also beyond `to`. */
  readonly until: number
}

export interface CohortCounts {
  /** People. */
  readonly size: number
  /**
   * By distance from the cohort's period, 0 to `periods`: people with a return event in that period whose time is not
   * before that of their (in the period: first) start event.
   */
  readonly returned: readonly number[]
}

export interface CohortsResult extends ResultFacts {
  /** In the order of the periods, empty ones too. */
  readonly cohorts: readonly CohortCounts[]
}
