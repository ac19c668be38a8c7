import * as z from 'zod'
import { DIMENSIONS, SESSION_DIMENSIONS, type StatsDimension } from './dimensions.js'
import { eventFiltersSchema, eventMatchSchema, propertyField } from './filter-schema.js'
import { LIMITS } from './limits.js'
import {
  AGGREGATES,
  INTERVALS,
  METRICS,
  type Metric,
  type PropertyMetric,
  type QueryParams,
  type QuestionParams,
  type SourcesParams,
  type StatsParams,
} from './questions.js'
import { suggest } from './suggestion.js'

// A query string has only text, a caller in process has numbers and arrays: both doors meet here.
export const whole = (min: number, max: number): z.ZodType<number> =>
  z.preprocess(
    (value: unknown) => (typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value),
    z.number().int().min(min).max(max),
  )

export const flag: z.ZodType<boolean> = z.preprocess(
  (value: unknown) =>
    value === 'true' || value === '1' ? true : value === 'false' || value === '0' ? false : value,
  z.boolean(),
)

/** A list, or its items as one text with commas between them. */
export function listOf<T>(item: z.ZodType<T>, max: number): z.ZodType<T[]> {
  return z.preprocess((value: unknown, context) => {
    const list: unknown = typeof value === 'string' ? value.split(',').map((part) => part.trim()) : value
    if (!Array.isArray(list) || list.length <= max) return list
    // Before its items are looked at: each of them may be a mistake to explain.
    context.addIssue({ code: 'custom', message: `takes at most ${max}` })
    return z.NEVER
  }, z.array(item))
}

const DIMENSION_NAMES = [...new Set([...DIMENSIONS, ...SESSION_DIMENSIONS])]

/** What is wrong with a name of a closed list, for people: the list, and what was probably meant. */
export const unknownName = (
  what: string,
  names: readonly string[],
  beside: string,
): { error: (issue: { input?: unknown }) => string } => ({
  error: ({ input }: { input?: unknown }): string =>
    Array.isArray(input)
      ? 'takes one name, not a list'
      : `"${String(input).slice(0, 64)}" is no ${what}${suggest(input, names)}; it is one of ${names.join(', ')}, or ${beside}`,
})

/** A column that groups events. */
export const dimensionSchema: z.ZodType<StatsDimension> = z.union(
  [z.enum(DIMENSION_NAMES), propertyField],
  unknownName('dimension', DIMENSION_NAMES, 'properties.<key>'),
)

const propertyMetric: z.ZodType<PropertyMetric> = z.templateLiteral([
  z.enum(AGGREGATES),
  '(',
  'properties.',
  z.string().min(1).max(LIMITS.propertyKeyBytes),
  ')',
])
/** One metric by its name. */
export const metricSchema: z.ZodType<Metric> = z.union(
  [z.enum(METRICS), propertyMetric],
  unknownName('metric', METRICS, `${AGGREGATES.join(' / ')}(properties.<key>)`),
)

const moment = z.union([z.string().min(1).max(64), z.number(), z.date()], {
  error: () => 'is not ISO 8601, for example 2026-05-01 or 2026-05-01T00:00:00Z',
})
const name = z.string().min(1).max(LIMITS.url)
/** A place among events holds an event id, escaped and encoded: one character of it is up to eight here. */
export const cursorSchema: z.ZodType<string> = z.string().min(1).max(2048)

/** The schema of each parameter that every report has. */
export type QuestionShape = {
  readonly [P in keyof QuestionParams]-?: z.ZodOptional<z.ZodType<Exclude<QuestionParams[P], undefined>>>
}

/** Parameters that every report has: time, the contract's equality filters, and conditions. */
export const questionShape: QuestionShape = {
  from: moment.optional(),
  to: moment.optional(),
  range: z.string().min(1).max(16).optional(),
  timezone: z.string().min(1).max(64).optional(),
  include_bots: flag.optional(),
  event: name.optional(),
  source: name.optional(),
  medium: name.optional(),
  user_id: name.optional(),
  anonymous_id: name.optional(),
  country: name.optional(),
  filters: eventFiltersSchema.optional(),
}

/** Parameters of `GET /v1/query`; an unknown parameter is an error. */
export const queryParamsSchema: z.ZodType<QueryParams> = z.strictObject({
  ...questionShape,
  limit: whole(1, LIMITS.queryLimitMax).optional(),
  cursor: cursorSchema.optional(),
})

/** Parameters of `GET` and `POST /v1/stats`; an unknown parameter is an error. */
export const statsParamsSchema: z.ZodType<StatsParams> = z.strictObject({
  ...questionShape,
  metric: metricSchema.optional(),
  metrics: listOf(metricSchema, LIMITS.metrics).optional(),
  group_by: listOf(dimensionSchema, LIMITS.groupBy).optional(),
  interval: z.enum(INTERVALS).optional(),
  goal: z.preprocess(namedGoal, eventMatchSchema).optional(),
  compare: z.enum(['previous_period', 'previous_year']).optional(),
  order_by: listOf(z.string().min(1).max(300), LIMITS.metrics).optional(),
  totals: flag.optional(),
  other: flag.optional(),
  raw: flag.optional(),
  limit: whole(1, LIMITS.queryLimitMax).optional(),
})

/** `goal=signup` in a query string stands for `{ event: 'signup' }`. */
function namedGoal(value: unknown): unknown {
  return typeof value === 'string' ? { event: value } : value
}

/** Parameters of `GET /v1/sources`; an unknown parameter is an error. */
export const sourcesParamsSchema: z.ZodType<SourcesParams> = z.strictObject({
  ...questionShape,
  breakdown: z.enum(['source_medium', 'source']).optional(),
  limit: whole(1, LIMITS.sourcesLimitMax).optional(),
})
