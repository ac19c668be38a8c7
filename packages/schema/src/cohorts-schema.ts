import * as z from 'zod'
import {
  COHORT_INTERVALS,
  COHORT_KINDS,
  type CohortRow,
  type CohortsParams,
  type CohortsResponse,
} from './cohorts.js'
import { eventMatchSchema } from './filter-schema.js'
import { LIMITS } from './limits.js'
import { questionShape, whole } from './query.js'
import { resultMetaSchema } from './response.js'

/** Parameters of `POST /v1/cohorts`; an unknown parameter is an error. */
export const cohortsParamsSchema: z.ZodType<CohortsParams> = z.strictObject({
  ...questionShape,
  interval: z.enum(COHORT_INTERVALS).optional(),
  periods: whole(1, LIMITS.cohortPeriods).optional(),
  start: eventMatchSchema.optional(),
  return: eventMatchSchema.optional(),
  cohort: z.enum(COHORT_KINDS).optional(),
})

const cohortRow: z.ZodType<CohortRow> = z.strictObject({
  cohort: z.iso.datetime({ offset: true }),
  size: z.int().min(0),
  returned: z.array(z.int().min(0).nullable()),
  rates: z.array(z.number().min(0).max(1).nullable()),
  open: z.int().min(0).nullable(),
})

export const cohortsResponseSchema: z.ZodType<CohortsResponse> = z.strictObject({
  interval: z.enum(COHORT_INTERVALS),
  cohorts: z.array(cohortRow),
  meta: resultMetaSchema,
})
