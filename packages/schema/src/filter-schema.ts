import * as z from 'zod'
import type { PropertyField } from './dimensions.js'
import { excessOf } from './filter-excess.js'
import { explainFilter } from './filter-mistake.js'
import {
  type EventFilter,
  type EventFilters,
  type EventMatch,
  FILTER_FIELDS,
  type FilterField,
  NUMBER_OPERATORS,
  TEXT_OPERATORS,
} from './filters.js'
import { LIMITS } from './limits.js'

/** `properties.<key>`; the key is any text that a property can have. */
export const propertyField: z.ZodType<PropertyField> = z.templateLiteral([
  'properties.',
  z.string().min(1).max(LIMITS.propertyKeyBytes),
])

const field: z.ZodType<FilterField> = z.union([z.enum(FILTER_FIELDS), propertyField])
const text = z.union([z.string().max(LIMITS.url), z.number(), z.boolean()])
const explained = { error: ({ input }: { input?: unknown }): string => explainFilter(input) }

const event: z.ZodType<string> = z.string().min(1).max(LIMITS.eventName)

/** Events of one name that meet all filters. */
export const eventMatchSchema: z.ZodType<EventMatch> = z.lazy(() => z.preprocess(bounded, match))

const match: z.ZodType<EventMatch> = z.lazy(() =>
  z.strictObject(
    { event, filters: filters.optional() },
    {
      error: ({ code }) =>
        code === 'invalid_type' ? 'takes { "event": "signup" }, with filters if you like' : undefined,
    },
  ),
)

const list: z.ZodType<EventFilter[]> = z.lazy(() => z.array(filter).min(1).max(LIMITS.filterConditions))

const filter: z.ZodType<EventFilter> = z.lazy(() =>
  z.union(
    [
      z.strictObject({ and: list }),
      z.strictObject({ or: list }),
      z.strictObject({ not: filter }),
      z.strictObject({
        field,
        op: z.enum(TEXT_OPERATORS),
        value: z.union([text, z.array(text).min(1).max(LIMITS.filterValues)]),
        case_sensitive: z.boolean().optional(),
      }),
      z.strictObject({ field: propertyField, op: z.enum(NUMBER_OPERATORS), value: z.number() }),
      z.strictObject({ field, op: z.literal('is_set'), value: z.boolean().optional() }),
      z.strictObject({ has_done: match }),
      z.strictObject({ has_not_done: match }),
    ],
    explained,
  ),
)

const filters: z.ZodType<EventFilters> = z.lazy(() =>
  z.union([filter, z.array(filter).max(LIMITS.filterConditions)], explained),
)

/** One condition or a list of them; as JSON text too, for query strings. */
export const eventFiltersSchema: z.ZodType<EventFilters> = z.lazy(() =>
  z.preprocess((value, context) => bounded(parsed(value), context), filters),
)

function parsed(value: unknown): unknown {
  if (typeof value !== 'string') return value
  try {
    return JSON.parse(value)
  } catch {
    return value
  }
}

/**
 * Refuses what is far beyond any filter before it is looked into: each level of a mistake is explained again on the way
 * up, and a stack ends.
 */
function bounded(value: unknown, context: z.RefinementCtx): unknown {
  const excess = excessOf(value)
  if (excess === undefined) return value
  context.addIssue({ code: 'custom', message: excess })
  return z.NEVER
}
