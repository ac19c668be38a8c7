import type { PathDirection } from '@millimetric/schema/wire'
import type { Match } from './conditions.js'
import type { PlanScope, ResultFacts } from './query-plan.js'

/**
 * Ways through sessions, those that session metrics count: they begin in [from, to), and meet `filters` as sessions.
 *
 * The path of a session begins with the first event that matches `start`, in the order of moments; backward, with the
 * last. It goes on with the nodes after it (backward: before it, latest first): pages, which are `$pageview` events by
 * their path, and with `events` all others but `$identify`, by their name. The start is a node, whatever it is.
 * With `collapse` equal neighbours of the path are one. Sessions without a start have no path.
 */
export interface PathsPlan extends PlanScope {
  readonly kind: 'paths'
  readonly direction: PathDirection
  readonly start: Match
  readonly events: boolean
  /** Moves after the start. */
  readonly steps: number
  readonly collapse: boolean
  /** Nodes by name at each step: those with most sessions, of equal ones those whose name comes first. */
  readonly limit: number
}

/** What paths do at one step, all that do the same. */
export interface PathMove {
  /** From 0, the start, to `steps`. */
  readonly step: number
  /** Null = any node beyond the limit. */
  readonly node: string | null
  /** `moves` to `next`, `ends` here, or `goes_on` beyond the last step. */
  readonly onward: 'moves' | 'ends' | 'goes_on'
  /** Only of `moves`, and null there too for any node beyond the limit. */
  readonly next: string | null
  readonly sessions: number
}

export interface PathsResult extends ResultFacts {
  /** By step, node, onward and next: names ascending by code point, null last. */
  readonly moves: readonly PathMove[]
}
