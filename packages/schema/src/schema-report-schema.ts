import * as z from 'zod'
import { DIMENSIONS, SESSION_DIMENSIONS } from './dimensions.js'
import { FILTER_FIELDS } from './filters.js'
import { LIMITS } from './limits.js'
import { questionShape, whole } from './query.js'
import { METRICS } from './questions.js'
import { resultMetaSchema } from './response.js'
import type { SchemaParams, SchemaResponse } from './schema-report.js'

/** Parameters of `GET /v1/schema`; an unknown parameter is an error. */
export const schemaParamsSchema: z.ZodType<SchemaParams> = z.strictObject({
  ...questionShape,
  limit: whole(1, LIMITS.queryLimitMax).optional(),
  properties_limit: whole(1, LIMITS.queryLimitMax).optional(),
})

const count = z.int().min(1)
const seen = {
  count,
  first_seen: z.iso.datetime({ offset: true }),
  last_seen: z.iso.datetime({ offset: true }),
}

export const schemaResponseSchema: z.ZodType<SchemaResponse> = z.strictObject({
  events: z.array(
    z.strictObject({
      name: z.string(),
      ...seen,
      in_catalog: z.boolean().exactOptional(),
      properties: z.array(
        z.strictObject({
          key: z.string(),
          ...seen,
          types: z.strictObject({
            string: count.exactOptional(),
            number: count.exactOptional(),
            boolean: count.exactOptional(),
            object: count.exactOptional(),
            array: count.exactOptional(),
            null: count.exactOptional(),
          }),
        }),
      ),
      properties_truncated: z.boolean(),
    }),
  ),
  dimensions: z.array(z.enum([...DIMENSIONS, ...SESSION_DIMENSIONS])),
  metrics: z.array(z.enum(METRICS)),
  filter_fields: z.array(z.enum(FILTER_FIELDS)),
  meta: resultMetaSchema,
})
