import type { AttributionDimension, AttributionModel, PropertyField } from '@millimetric/schema/wire'
import type { Match } from './conditions.js'
import type { PlanScope, ResultFacts } from './query-plan.js'

/**
 * Which touches earned the conversions. Range and filters bound the conversions; touches are of all events of the same
 * people that exist for the asker, crawlers' by `include_bots`.
 *
 * A touch is an event with a url by which a person arrives: from elsewhere (medium not `direct`), unless the person's
 * last event from elsewhere says the same in all six columns and is at most {@link TOUCH_PAUSE_MS} older; or from
 * nowhere (medium `direct`: no signal, or an own page), when the person had no event with a url in that time before.
 *
 * The window of a conversion begins `lookback_ms` before it, inclusive, and ends with the conversion's own event, in the
 * order of moments.
 */
export interface AttributionPlan extends PlanScope {
  readonly kind: 'attribution'
  readonly conversion: Match
  readonly model: AttributionModel
  readonly lookback_ms: number
  /** Null = values are 0. */
  readonly value: PropertyField | null
  /** At least one. */
  readonly group_by: readonly AttributionDimension[]
  readonly limit: number
}

/** A pause of more than this ends a visit. */
export const TOUCH_PAUSE_MS = 1_800_000

/**
 * Credit is counted in whole parts of a conversion, so that it adds up exactly in any order. This is divided by every
 * number up to 24; where it leaves a remainder, the last touch gets that too.
 */
export const CREDIT_PARTS = 5_354_228_880

/** What a conversion without a touch is credited to. */
export const NO_TOUCH: { readonly [D in AttributionDimension]: string } = {
  source: 'direct',
  medium: 'direct',
  campaign: '',
  channel: 'direct',
  term: '',
  content: '',
}

/** `credit` = parts of conversions ÷ {@link CREDIT_PARTS}; `people` = those with a part there. */
export interface AttributionCreditResult {
  readonly credit: number
  readonly people: number
  readonly value: number
}

export interface AttributionResult extends ResultFacts {
  /** Most credit first, then by group ascending. */
  readonly rows: readonly (AttributionCreditResult & { readonly group: readonly string[] })[]
  /** Over all groups. */
  readonly totals: AttributionCreditResult
}
