import type { Dimension, SessionDimension } from './dimensions.js'
import type { FilterField } from './filters.js'
import type { PlainMetric, QuestionParams, ResultMeta } from './questions.js'

/** Parameters of `GET /v1/schema`; without a range the last 30 days. */
export interface SchemaParams extends QuestionParams {
  /** Most frequent event names, 1–1000, default 100. */
  limit?: number | undefined
  /** Most frequent property keys of each event, 1–1000, default 50. */
  properties_limit?: number | undefined
}

/** What JSON values a key held, as JSON names them. */
export const JSON_TYPES = ['string', 'number', 'boolean', 'object', 'array', 'null'] as const
export type JsonType = (typeof JSON_TYPES)[number]

interface Seen {
  /** Events. */
  count: number
  /** ISO 8601 with the offset of the zone: the earliest and the latest of these events in the range. */
  first_seen: string
  last_seen: string
}

export interface SeenProperty extends Seen {
  key: string
  /** Events by the type of the value; types that never occurred are left out. */
  types: { readonly [T in JsonType]?: number }
}

export interface SeenEvent extends Seen {
  name: string
  /** Only with a catalog: whether it holds the name. Names of the system (`$pageview`) are in none. */
  in_catalog?: boolean
  /** Keys of the top level, most frequent first. Values are never shown: they may be anybody's. */
  properties: readonly SeenProperty[]
  /** True when the event has more keys than `properties_limit`. */
  properties_truncated: boolean
}

/** Answer of `GET /v1/schema`. */
export interface SchemaResponse {
  /** Most frequent first, ties by name. */
  events: readonly SeenEvent[]
  /** What questions may group by, beside `properties.<key>`. */
  dimensions: readonly (Dimension | SessionDimension)[]
  /** What questions may ask for, beside `sum(properties.<key>)` and its like. */
  metrics: readonly PlainMetric[]
  /** What filters may name, beside `properties.<key>`. */
  filter_fields: readonly FilterField[]
  meta: ResultMeta
}
