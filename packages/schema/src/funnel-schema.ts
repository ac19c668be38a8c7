import * as z from 'zod'
import { DIMENSIONS } from './dimensions.js'
import { eventFiltersSchema, propertyField } from './filter-schema.js'
import {
  FUNNEL_GROUPS,
  FUNNEL_ORDERS,
  FUNNEL_SCOPES,
  type FunnelParams,
  type FunnelResponse,
  type FunnelStep,
  type FunnelStepRow,
  TOUCH_DIMENSIONS,
} from './funnel.js'
import { LIMITS } from './limits.js'
import { questionShape, unknownName, whole } from './query.js'
import { resultMetaSchema } from './response.js'

const step: z.ZodType<FunnelStep> = z.strictObject(
  {
    event: z.string().min(1).max(LIMITS.eventName),
    name: z.string().min(1).max(LIMITS.funnelStepName).optional(),
    filters: eventFiltersSchema.optional(),
  },
  {
    error: ({ code }) =>
      code === 'invalid_type' ? 'takes { "event": "signup" }, with name and filters if you like' : undefined,
  },
)

const { min, max } = LIMITS.funnelSteps
const howMany = `takes ${min} to ${max} steps, for example [{ "event": "$pageview" }, { "event": "signup" }]`

/** Parameters of `POST /v1/funnel`; an unknown parameter is an error. */
export const funnelParamsSchema: z.ZodType<FunnelParams> = z.strictObject({
  ...questionShape,
  steps: z.array(step, howMany).min(min, howMany).max(max, howMany),
  window: z.string().min(1).max(16).optional(),
  scope: z.enum(FUNNEL_SCOPES).optional(),
  order: z.enum(FUNNEL_ORDERS).optional(),
  group_by: z
    .union(
      [z.enum(TOUCH_DIMENSIONS), z.enum(DIMENSIONS), propertyField],
      unknownName('group of a funnel', FUNNEL_GROUPS, 'properties.<key>'),
    )
    .optional(),
  limit: whole(1, LIMITS.funnelGroupsMax).optional(),
})

const share = z.number().min(0).max(1).nullable()
const seconds = z.number().min(0).nullable()
const steps: z.ZodType<FunnelStepRow[]> = z.array(
  z.strictObject({
    name: z.string(),
    event: z.string(),
    count: z.int().min(0),
    rate: share,
    step_rate: share,
    median_seconds: seconds,
    p90_seconds: seconds,
  }),
)

export const funnelResponseSchema: z.ZodType<FunnelResponse> = z.strictObject({
  steps,
  groups: z.array(z.strictObject({ value: z.string(), steps })).exactOptional(),
  window: z.string(),
  scope: z.enum(FUNNEL_SCOPES),
  order: z.enum(FUNNEL_ORDERS),
  meta: resultMetaSchema,
})
