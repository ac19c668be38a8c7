import type { PropertyField } from './dimensions.js'
import type { EventMatch } from './filters.js'
import type { QuestionParams, ResultMeta } from './questions.js'

/** `last_non_direct` is the default. */
export const ATTRIBUTION_MODELS = ['last_non_direct', 'last', 'first', 'linear'] as const
/**
 * Which touches of the window earn a conversion: the first; the last; the last that is not direct, else the last; or
 * all alike (linear). Without a touch it goes to direct / direct.
 */
export type AttributionModel = (typeof ATTRIBUTION_MODELS)[number]

export const ATTRIBUTION_DIMENSIONS = ['source', 'medium', 'campaign', 'channel', 'term', 'content'] as const
export type AttributionDimension = (typeof ATTRIBUTION_DIMENSIONS)[number]

/**
 * Parameters of `POST /v1/attribution`. Range, filters and `include_bots` bound the conversions; of touches only
 * `include_bots` does.
 */
export interface AttributionParams extends QuestionParams {
  /** The events that count as conversions, each of them once. */
  conversion: EventMatch
  model?: AttributionModel | undefined
  /** How long before a conversion a touch may lie, `<n>d` or `<n>h`, `1h` to `366d`; default `30d`. */
  lookback?: string | undefined
  /** The numbers under this property of the conversions are summed too; what is no number counts 0. */
  value?: PropertyField | undefined
  /** Default source and medium. */
  group_by?: readonly AttributionDimension[] | undefined
  /** 1–1000 groups, default 100. */
  limit?: number | undefined
}

/** What a group earned. */
export interface AttributionCredit {
  /** Conversions; with the model `linear` parts of them. Over all groups they sum to the conversions there are. */
  conversions: number
  /** People of whose conversions the group earned at least a part. */
  people: number
  /** With `value`: its sum over the conversions, in the same parts. */
  value?: number
}

/** One group: a column a dimension of `group_by`, and what it earned. */
export type AttributionRow = { readonly [D in AttributionDimension]?: string } & AttributionCredit

/** Most conversions first; ties by group. */
export interface AttributionResponse {
  model: AttributionModel
  lookback: string
  rows: readonly AttributionRow[]
  /** Over all groups, also those beyond `limit`. */
  totals: AttributionCredit
  meta: ResultMeta
}
