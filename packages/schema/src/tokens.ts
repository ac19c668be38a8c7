import type { StatsDimension } from './dimensions.js'
import type { EventFilters } from './filters.js'
import type { Metric } from './questions.js'

/** Seconds, or minutes, hours or days as text: `15m`, `1h`, `7d`. From one second to 30 days. */
export type Lifetime = number | `${number}${'m' | 'h' | 'd'}`

/** Body of `POST /v1/tokens`. */
export interface TokenParams {
  /**
   * What of the project's events exists for the holder, in every answer: at least one condition, on fields of events
   * only, not on `entry_path`, `exit_path` or what a person has done. The holder can read them.
   */
  filters: EventFilters
  /** The only metrics that the holder may ask `stats` for, 1–20; absent = every question. */
  metrics?: readonly Metric[] | undefined
  /**
   * With `metrics`: the only dimensions that the holder may group by, at most 20; absent = all but `user_id` and properties.
   * By ids and properties that are not here the holder can't filter either.
   */
  group_by?: readonly StatsDimension[] | undefined
  /** Default `1h`. */
  expires_in?: Lifetime | undefined
  /** Shows in the token, as in keys; default `live`. */
  env?: 'live' | 'test' | undefined
}

/** Answer of `POST /v1/tokens`. */
export interface TokenResponse {
  /** `rt_live_…`, at most 4,096 characters; sent as `Authorization: Bearer …`. */
  token: string
  /** Epoch milliseconds. */
  expires_at: number
}

/** What a token says, signed. */
export interface TokenClaims {
  /** UUID. */
  project: string
  filters: EventFilters
  metrics?: readonly Metric[] | undefined
  group_by?: readonly StatsDimension[] | undefined
  /** Prefix of the key that made it and whose end is its end too; absent for the host's own code. */
  key?: string | undefined
  /** Epoch milliseconds. */
  expires_at: number
}
