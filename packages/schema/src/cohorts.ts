import type { EventMatch } from './filters.js'
import type { QuestionParams, ResultMeta } from './questions.js'

export const COHORT_INTERVALS = ['day', 'week', 'month'] as const
export type CohortInterval = (typeof COHORT_INTERVALS)[number]

export const COHORT_KINDS = ['first', 'any'] as const
/**
 * When a person belongs to the cohort of a period. `first`: their first start event ever lies in it. `any`: they did
 * the start event in it; so one person may be in many cohorts.
 */
export type CohortKind = (typeof COHORT_KINDS)[number]

/**
 * Parameters of `POST /v1/cohorts`: of the people who began in each period, how many returned in the periods after it.
 * `event`, `filters` and the like bound start and return events alike.
 */
export interface CohortsParams extends QuestionParams {
  /** Calendar days, weeks (from Monday) or months of the zone; default `week`. */
  interval?: CohortInterval | undefined
  /** Periods to follow a cohort after its own, 1–60; default 12. */
  periods?: number | undefined
  /** What makes somebody part of a cohort; absent = any event. */
  start?: EventMatch | undefined
  /** What counts as a return; absent = any event. */
  return?: EventMatch | undefined
  /** Default `first`: the earliest start event that the project keeps, also one before the range. */
  cohort?: CohortKind | undefined
}

/** The people of one period. Lists have `periods` + 1 entries; entry 0 is the cohort's own period. */
export interface CohortRow {
  /** Start of the period, ISO 8601 with the offset of the zone. */
  cohort: string
  /** People whose start event lies in the period and in the range. */
  size: number
  /**
   * People who returned in the period that is so many after the cohort's. Entry 0 counts return events at or after
   * the start event, itself included when it is one. Null for a period that has not begun.
   */
  returned: readonly (number | null)[]
  /** `returned` ÷ `size`, 0–1; null where that is null or the cohort has nobody. */
  rates: readonly (number | null)[]
  /** Index of the period that is going on, so that its number may grow; null when all have ended, or none has begun. */
  open: number | null
}

export interface CohortsResponse {
  interval: CohortInterval
  /** One row for every period that overlaps the range, oldest first, empty ones too. */
  cohorts: readonly CohortRow[]
  meta: ResultMeta
}
