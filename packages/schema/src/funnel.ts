import { DIMENSIONS, type Dimension, type PropertyField } from './dimensions.js'
import type { EventMatch } from './filters.js'
import type { QuestionParams, ResultMeta } from './questions.js'

/** Of a person's first event with a url, whenever that was. */
export const TOUCH_DIMENSIONS = [
  'first_touch.source',
  'first_touch.medium',
  'first_touch.campaign',
  'first_touch.channel',
] as const
export type TouchDimension = (typeof TOUCH_DIMENSIONS)[number]

/** What a funnel can be broken down by, apart from `properties.<key>`. */
export const FUNNEL_GROUPS: readonly (TouchDimension | Dimension)[] = [...TOUCH_DIMENSIONS, ...DIMENSIONS]
export type FunnelGroup = TouchDimension | Dimension | PropertyField

export const FUNNEL_SCOPES = ['person', 'session'] as const
export type FunnelScope = (typeof FUNNEL_SCOPES)[number]
export const FUNNEL_ORDERS = ['ordered', 'strict'] as const
export type FunnelOrder = (typeof FUNNEL_ORDERS)[number]

/** Events of one name that meet all filters, as a step. */
export interface FunnelStep extends EventMatch {
  /** 1–128 characters, for the answer; the event's name by default. */
  readonly name?: string | undefined
}

/**
 * Parameters of `POST /v1/funnel`. The range is that of the first step; later steps may follow up to `window` after it,
 * beyond `to` too. `filters` (and `source=…`) bound every event looked at.
 */
export interface FunnelParams extends QuestionParams {
  /** 2–10, in order. One event is at most one step. */
  steps: readonly FunnelStep[]
  /** From the first step to the last one asked for: `<n>m`, `<n>h` or `<n>d`, at most 366 days; default `14d`. */
  window?: string | undefined
  /**
   * Who is counted: a `person` (default), with anonymous ids resolved through identify links, or a `session` of 30 minutes
   * of inactivity, in which all steps must lie.
   */
  scope?: FunnelScope | undefined
  /**
   * `ordered` (default): other events may lie between steps. `strict`: of all events that pass the question's filters the
   * step's event is the very next, `$identify` apart unless a step names it.
   */
  order?: FunnelOrder | undefined
  /**
   * `first_touch.*`: of the first event with a url of the person who took the first step, among all that is kept, not
   * only in the range. Else: of the event that was the first step.
   */
  group_by?: FunnelGroup | undefined
  /** 1–100 groups, default 10. */
  limit?: number | undefined
}

/** One step of the answer. Counts never rise from step to step. */
export interface FunnelStepRow {
  readonly name: string
  readonly event: string
  /** People (or sessions) who got at least so far. */
  readonly count: number
  /** Of the first step, 0–1; null when nobody took that. */
  readonly rate: number | null
  /** Of the step before, 0–1, null when nobody took that; of the first step as `rate`. */
  readonly step_rate: number | null
  /** Time from the step before, with milliseconds; null for the first step and where nobody got. */
  readonly median_seconds: number | null
  readonly p90_seconds: number | null
}

export interface FunnelGroupRow {
  /** Empty where there is none. */
  readonly value: string
  readonly steps: readonly FunnelStepRow[]
}

export interface FunnelResponse {
  readonly steps: readonly FunnelStepRow[]
  /** With `group_by`: largest first step first, then by value; `meta.truncated` when there are more. */
  readonly groups?: readonly FunnelGroupRow[]
  readonly window: string
  readonly scope: FunnelScope
  readonly order: FunnelOrder
  readonly meta: ResultMeta
}
