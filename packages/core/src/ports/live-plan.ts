import type { PlanScope, ResultFacts } from './query-plan.js'

/**
 * Who is there. The range ends just behind `as_of`, so that an event of that very millisecond counts. A visitor stands
 * once in each list: at the path of the last event that has one; at source and medium of the last event whose medium
 * is not `direct`, else of the last; at the country of the last.
 */
export interface LivePlan extends PlanScope {
  readonly kind: 'live'
  /** Epoch milliseconds; `to` is one more. */
  readonly as_of: number
  /** Rows of each list; `truncated` says that one of them has more. */
  readonly top: number
}

export interface LiveResult extends ResultFacts {
  readonly visitors: number
  readonly events: number
  /** Most visitors first, then ascending; where the path is not empty. */
  readonly pages: readonly { readonly path: string; readonly visitors: number }[]
  readonly sources: readonly { readonly source: string; readonly medium: string; readonly visitors: number }[]
  /** Where the country is not empty. */
  readonly countries: readonly { readonly country: string; readonly visitors: number }[]
  /** `ago` = whole minutes before `as_of`, ascending; only minutes in which something happened. */
  readonly per_minute: readonly { readonly ago: number; readonly events: number; readonly visitors: number }[]
}
