import type { EventMatch } from './filters.js'
import type { QuestionParams, ResultMeta } from './questions.js'

export const PATH_DIRECTIONS = ['forward', 'backward'] as const
export type PathDirection = (typeof PATH_DIRECTIONS)[number]

/**
 * Parameters of `POST /v1/paths`: which ways sessions take from a page or an event, or to it. The sessions are those that
 * begin in the range and meet the filters, as in session metrics; a path never leaves its session.
 */
export interface PathsParams extends QuestionParams {
  /** `forward` (default) follows what came after the start, `backward` what came before it. */
  direction?: PathDirection | undefined
  /** Path of the page that paths start at. */
  from_page?: string | undefined
  /** Instead of `from_page`: the event that paths start at. With neither, the first page of each session (backward: the last). */
  start?: EventMatch | undefined
  /** Moves to follow after the start, 1–20; default 5. */
  steps?: number | undefined
  /** Other events are nodes too, by their names, except `$identify`; by default only pages are. */
  include_events?: boolean | undefined
  /** Nodes by name at each step, 1–50, default 10; the rest is one node. */
  limit?: number | undefined
  /** Default true: the same node several times in a row is one. */
  collapse?: boolean | undefined
}

/** A page or event at one step of the paths. */
export interface PathNode {
  /** Path of a page, or name of an event; null = all nodes of the step beyond `limit`. */
  node: string | null
  /** Set on the node that stands for all beyond `limit`. */
  other?: true
  /** Sessions whose path is here at this step. */
  sessions: number
  /** Of these, sessions whose path ends here. */
  exits: number
}

export interface PathStep {
  /** 0 = the start. */
  step: number
  /** Most sessions first, then by name; the rest comes last. */
  nodes: readonly PathNode[]
}

/** Sessions that move from a node of one step to a node of the next. */
export interface PathLink {
  /** The step that `from` is at. */
  step: number
  /** Null = the node of all beyond `limit`, as in `to`. */
  from: string | null
  to: string | null
  sessions: number
}

export interface PathsResponse {
  direction: PathDirection
  /** Sessions that come past the start: what step 0 adds up to. */
  sessions: number
  /** As many as somebody took, at most `steps` + 1. */
  steps: readonly PathStep[]
  /** By step, most sessions first, then by the names of both ends. */
  links: readonly PathLink[]
  /** `truncated` when nodes were put together. */
  meta: ResultMeta
}
