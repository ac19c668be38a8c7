import * as z from 'zod'
import { eventFiltersSchema } from './filter-schema.js'
import { LIMITS } from './limits.js'
import { dimensionSchema, listOf, metricSchema } from './query.js'
import type { Lifetime, TokenClaims, TokenParams, TokenResponse } from './tokens.js'

const lifetime: z.ZodType<Lifetime> = z.union(
  [z.number(), z.templateLiteral([z.number().int(), z.enum(['m', 'h', 'd'])])],
  { error: () => 'takes seconds, or text such as 15m, 1h or 7d' },
)
const metrics = listOf(metricSchema, LIMITS.metrics)
  .refine((list) => list.length > 0, 'name at least one')
  .optional()

const group_by = listOf(dimensionSchema, LIMITS.metrics).optional()

/** Body of `POST /v1/tokens`; an unknown parameter is an error. */
export const tokenParamsSchema: z.ZodType<TokenParams> = z.strictObject({
  filters: eventFiltersSchema,
  metrics,
  group_by,
  expires_in: lifetime.optional(),
  env: z.enum(['live', 'test']).optional(),
})

/** What a token says. */
export const tokenClaimsSchema: z.ZodType<TokenClaims> = z.strictObject({
  project: z.string(),
  filters: eventFiltersSchema,
  metrics,
  group_by,
  key: z.string().optional(),
  expires_at: z.number(),
})

/** Answer of `POST /v1/tokens`. */
export const tokenResponseSchema: z.ZodType<TokenResponse> = z.strictObject({
  token: z.string(),
  expires_at: z.number(),
})
