import type { EventRow, RangeParams, ResultMeta } from './questions.js'

/** Parameters of `GET /v1/person`: exactly one of the ids. Without a range, everything that is kept. */
export interface PersonQuestion extends Omit<RangeParams, 'include_bots'> {
  user_id?: string | undefined
  /** A visitor; one who is linked to a user stands for the user. */
  anonymous_id?: string | undefined
  /** Events of a page of the timeline: 1–1000, default 100. */
  limit?: number | undefined
  /** The `next_cursor` of the page before, with otherwise the same parameters. */
  cursor?: string | undefined
}

export type PersonParams = PersonQuestion &
  ({ user_id: string; anonymous_id?: undefined } | { anonymous_id: string; user_id?: undefined })

/** Where the person came from at one moment. */
export interface PersonTouch {
  /** ISO 8601 with the offset of the zone. */
  timestamp: string
  source: string
  medium: string
  campaign: string | null
  channel: string
}

/** Somebody of whom there are no events has none: counts are 0, moments null, lists empty. */
export interface PersonResponse {
  /** Null for a visitor who is linked to no user. */
  user_id: string | null
  /** Visitors that belong to the user, ascending; or the visitor asked for. */
  anonymous_ids: readonly string[]
  /** Visitors that identified as this user too but belong to another, who was first (shared devices), ascending. */
  conflicts: readonly string[]
  /** Events in the range, crawlers' too; the timeline goes over all of them. */
  events: number
  /** Of the first event in the range; ISO 8601 with the offset of the zone. */
  first_seen: string | null
  last_seen: string | null
  /** Of the first event in the range that came with a url. */
  first_touch: PersonTouch | null
  last_touch: PersonTouch | null
  /** Traits of all `$identify` events in the range; where several say the same key, the last. */
  traits: Readonly<Record<string, unknown>>
  /** Newest first, a page at a time. */
  timeline: readonly EventRow[]
  /** Of the next, older page; null on the last one. */
  next_cursor: string | null
  meta: ResultMeta
}
