import type { PropertyField } from './dimensions.js'

/** Whether text equals, holds, begins with, or matches (RE2 syntax) any of the values; absent text is `''`. */
export const TEXT_OPERATORS = ['is', 'is_not', 'contains', 'not_contains', 'starts_with', 'matches'] as const
export type TextOperator = (typeof TEXT_OPERATORS)[number]
/** Compare the number under a property key; what is no number never passes. */
export const NUMBER_OPERATORS = ['gt', 'gte', 'lt', 'lte'] as const
export type NumberOperator = (typeof NUMBER_OPERATORS)[number]

/** Fields that a filter can name: dimensions of events, ids, pages of the session, and properties. */
export const FILTER_FIELDS = [
  'event_name',
  'source',
  'medium',
  'campaign',
  'term',
  'content',
  'channel',
  'country',
  'device_type',
  'browser',
  'os',
  'path',
  'hostname',
  'referrer_host',
  'user_id',
  'anonymous_id',
  'entry_path',
  'exit_path',
] as const
export type FilterField = (typeof FILTER_FIELDS)[number] | PropertyField

type FilterText = string | number | boolean

/**
 * A condition on events. A property is compared as text: strings as they are, other values as their JSON. For session
 * metrics, fields of the session ({@link SESSION_DIMENSIONS}) are those of the session; any other condition holds when an
 * event of the session meets it, and its negation (`is_not`, `not_contains`) when none does. `has_done` holds for all
 * events of a person who did the event within the range.
 */
export type EventFilter =
  | { readonly and: readonly EventFilter[] }
  | { readonly or: readonly EventFilter[] }
  | { readonly not: EventFilter }
  | {
      readonly field: FilterField
      readonly op: TextOperator
      /** One, or up to 100 of which any may fit (with `is_not`, `not_contains`: none may). */
      readonly value: FilterText | readonly FilterText[]
      /** Default true. */
      readonly case_sensitive?: boolean | undefined
    }
  | { readonly field: PropertyField; readonly op: NumberOperator; readonly value: number }
  /** Present and not empty; with `value: false` the opposite. */
  | { readonly field: FilterField; readonly op: 'is_set'; readonly value?: boolean | undefined }
  | { readonly has_done: EventMatch }
  | { readonly has_not_done: EventMatch }

/** One condition, or several that must all hold. */
export type EventFilters = EventFilter | readonly EventFilter[]

/** Events of one name that meet all filters. */
export interface EventMatch {
  readonly event: string
  readonly filters?: EventFilters | undefined
}

/** Equality filters of the contract. */
export interface FilterParams {
  event?: string | undefined
  source?: string | undefined
  medium?: string | undefined
  user_id?: string | undefined
  anonymous_id?: string | undefined
  country?: string | undefined
}
