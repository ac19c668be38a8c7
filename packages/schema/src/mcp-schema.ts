import * as z from 'zod'
import { DIMENSIONS, SESSION_DIMENSIONS } from './dimensions.js'
import { eventMatchSchema } from './filter-schema.js'
import { FILTER_FIELDS } from './filters.js'
import { LIMITS } from './limits.js'
import type {
  CompareParams,
  CompareResponse,
  EventListResponse,
  ProjectListResponse,
  TopPagesParams,
  TopPagesResponse,
} from './mcp.js'
import { metricSchema, questionShape, whole } from './query.js'
import { METRICS } from './questions.js'
import { resultMetaSchema } from './response.js'

const { event: _event, ...shapeOfPages } = questionShape
const moment = z.iso.datetime({ offset: true })

/** Arguments of `top_pages`; an unknown one is an error. */
export const topPagesParamsSchema: z.ZodType<TopPagesParams> = z.strictObject({
  ...shapeOfPages,
  limit: whole(1, LIMITS.sourcesLimitMax).optional(),
})

export const topPagesResponseSchema: z.ZodType<TopPagesResponse> = z.strictObject({
  rows: z.array(z.strictObject({ path: z.string(), pageviews: z.int(), uniques: z.int() })),
  meta: resultMetaSchema,
})

export const eventListResponseSchema: z.ZodType<EventListResponse> = z.strictObject({
  events: z.array(
    z.strictObject({
      name: z.string(),
      count: z.int().min(1),
      first_seen: moment,
      last_seen: moment,
      in_catalog: z.boolean().exactOptional(),
      properties: z.array(z.string()),
      properties_truncated: z.boolean(),
    }),
  ),
  dimensions: z.array(z.enum([...DIMENSIONS, ...SESSION_DIMENSIONS])),
  metrics: z.array(z.enum(METRICS)),
  filter_fields: z.array(z.enum(FILTER_FIELDS)),
  meta: resultMetaSchema,
})

/** Arguments of `compare_projects`, beside the names of projects; an unknown one is an error. */
export const compareParamsSchema: z.ZodType<CompareParams> = z.strictObject({
  ...questionShape,
  metric: metricSchema.optional(),
  goal: eventMatchSchema.optional(),
})

export const compareResponseSchema: z.ZodType<CompareResponse> = z.strictObject({
  metric: metricSchema,
  rows: z.array(
    z.strictObject({
      rank: z.int().min(1),
      project_id: z.uuid(),
      project_slug: z.string(),
      project_name: z.string(),
      value: z.number().nullable(),
    }),
  ),
})

export const projectListResponseSchema: z.ZodType<ProjectListResponse> = z.strictObject({
  projects: z.array(
    z.strictObject({
      project_id: z.uuid(),
      project_slug: z.string(),
      project_name: z.string(),
      timezone: z.string(),
      retention_days: z.int().nullable(),
      created_at: z.iso.datetime(),
    }),
  ),
})
