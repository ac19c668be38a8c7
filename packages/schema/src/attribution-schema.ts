import * as z from 'zod'
import {
  ATTRIBUTION_DIMENSIONS,
  ATTRIBUTION_MODELS,
  type AttributionCredit,
  type AttributionParams,
  type AttributionResponse,
} from './attribution.js'
import { eventMatchSchema, propertyField } from './filter-schema.js'
import { LIMITS } from './limits.js'
import { listOf, questionShape, whole } from './query.js'
import { resultMetaSchema } from './response.js'

/** Parameters of `POST /v1/attribution`; an unknown parameter is an error. */
export const attributionParamsSchema: z.ZodType<AttributionParams> = z.strictObject({
  ...questionShape,
  conversion: eventMatchSchema,
  model: z.enum(ATTRIBUTION_MODELS).optional(),
  lookback: z.string().min(2).max(8).optional(),
  value: propertyField.optional(),
  group_by: listOf(z.enum(ATTRIBUTION_DIMENSIONS), ATTRIBUTION_DIMENSIONS.length).optional(),
  limit: whole(1, LIMITS.queryLimitMax).optional(),
})

const credit = {
  conversions: z.number().min(0),
  people: z.int().min(0),
  value: z.number().exactOptional(),
}
const dimension = z.string().exactOptional()
const totals: z.ZodType<AttributionCredit> = z.strictObject(credit)

export const attributionResponseSchema: z.ZodType<AttributionResponse> = z.strictObject({
  model: z.enum(ATTRIBUTION_MODELS),
  lookback: z.string(),
  rows: z.array(
    z.strictObject({
      source: dimension,
      medium: dimension,
      campaign: dimension,
      channel: dimension,
      term: dimension,
      content: dimension,
      ...credit,
    }),
  ),
  totals,
  meta: resultMetaSchema,
})
