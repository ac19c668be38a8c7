import * as z from 'zod'
import { LIMITS } from './limits.js'
import {
  DIMENSIONS,
  INTERVALS,
  METRICS,
  type QueryParams,
  type SourcesParams,
  type StatsDimension,
  type StatsParams,
} from './wire.js'

// A query string has only text, a caller in process has numbers and arrays: both doors meet here.
const whole = (min: number, max: number): z.ZodType<number> =>
  z.preprocess(
    (value: unknown) => (typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value),
    z.number().int().min(min).max(max),
  )

const flag: z.ZodType<boolean> = z.preprocess(
  (value: unknown) =>
    value === 'true' || value === '1' ? true : value === 'false' || value === '0' ? false : value,
  z.boolean(),
)

const dimensions: z.ZodType<StatsDimension[]> = z.preprocess(
  (value: unknown) => (typeof value === 'string' ? value.split(',').map((part) => part.trim()) : value),
  z.array(z.enum([...DIMENSIONS, 'entry_path', 'exit_path'])).max(DIMENSIONS.length),
)

const moment = z.union([z.string().min(1).max(64), z.number(), z.date()])

const range = {
  from: moment.optional(),
  to: moment.optional(),
  range: z.string().min(1).max(16).optional(),
  timezone: z.string().min(1).max(64).optional(),
  include_bots: flag.optional(),
}

const name = z.string().min(1).max(LIMITS.url)
const filters = {
  event: name.optional(),
  source: name.optional(),
  medium: name.optional(),
  user_id: name.optional(),
  anonymous_id: name.optional(),
  country: name.optional(),
}

/** Parameters of `GET /v1/query`; an unknown parameter is an error. */
export const queryParamsSchema: z.ZodType<QueryParams> = z.strictObject({
  ...range,
  ...filters,
  limit: whole(1, LIMITS.queryLimitMax).optional(),
})

/** Parameters of `GET /v1/stats`; an unknown parameter is an error. */
export const statsParamsSchema: z.ZodType<StatsParams> = z.strictObject({
  ...range,
  ...filters,
  metric: z.enum(METRICS).optional(),
  group_by: dimensions.optional(),
  interval: z.enum(INTERVALS).optional(),
  raw: flag.optional(),
  limit: whole(1, LIMITS.queryLimitMax).optional(),
})

/** Parameters of `GET /v1/sources`; an unknown parameter is an error. */
export const sourcesParamsSchema: z.ZodType<SourcesParams> = z.strictObject({
  ...range,
  ...filters,
  breakdown: z.enum(['source_medium', 'source']).optional(),
  limit: whole(1, LIMITS.sourcesLimitMax).optional(),
})
