import type { EventFilters, FilterParams } from './filters.js'
import type { ResultMeta } from './questions.js'

/** Parameters of `GET /v1/live`. Known crawlers are always left out. */
export interface LiveParams extends FilterParams {
  /** How far back, 1–30; default 5. */
  minutes?: number | undefined
  /** IANA zone of the times in the answer; the project's by default. */
  timezone?: string | undefined
  /** Conditions on events, all of which must hold; over GET as JSON text. */
  filters?: EventFilters | undefined
}

/** One minute, up to and with `until`, which lies a whole number of minutes before `as_of`. */
export interface LiveMinute {
  /** ISO 8601 with the offset of the zone. */
  until: string
  events: number
  visitors: number
}

/**
 * Who is there now, counted from the events themselves. A visitor stands once in each list, at most: ten rows each, most
 * visitors first, ties by name.
 */
export interface LiveResponse {
  /** The moment of the question, ISO 8601 with the offset of the zone; counted is after `as_of` − `minutes`, up to it. */
  as_of: string
  minutes: number
  /** Distinct `anonymous_id`; `user_id` for events that carry only that. */
  visitors: number
  events: number
  /** By where they are: the path of the last event that has one. */
  pages: readonly { path: string; visitors: number }[]
  /** By where they came from: their last event that came from elsewhere (medium not `direct`), else their last. */
  sources: readonly { source: string; medium: string; visitors: number }[]
  /** By the country of their last event, where it is known. */
  countries: readonly { country: string; visitors: number }[]
  /** Oldest first, as many as `minutes`. */
  per_minute: readonly LiveMinute[]
  meta: ResultMeta
}
