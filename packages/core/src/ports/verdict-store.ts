import type { Confidence } from '@millimetric/schema/wire'

/** What the classifier said about one visit, as it is stored. Absent text is the empty string. */
export interface StoredVerdict {
  readonly source: string
  readonly medium: string
  readonly campaign: string
  readonly term: string
  readonly content: string
  readonly channel: string
  readonly source_confidence: Confidence
  readonly source_rule_id: string
}

/** The columns of a verdict, in the order in which reports name them. */
export const VERDICT_COLUMNS: readonly (keyof StoredVerdict)[] = [
  'source',
  'medium',
  'channel',
  'campaign',
  'term',
  'content',
  'source_confidence',
  'source_rule_id',
]

/** Events of one project in the half-open range [from, to), epoch milliseconds, crawlers included. */
export interface EventRange {
  readonly project_id: string
  readonly from: number
  readonly to: number
}

/** Events that came alike (same url, same referrer) and were judged alike. */
export interface Landing {
  /** Names url, referrer and verdict together; the same in every range. Opaque; pages ascend by it. */
  readonly key: string
  readonly url: string
  readonly referrer: string
  readonly verdict: StoredVerdict
  /** How many events of the range. */
  readonly events: number
}

export interface VerdictChange {
  /** Of a {@link Landing}. */
  readonly key: string
  readonly verdict: StoredVerdict
}

/** The part of an event store that lets history be judged again. */
export interface VerdictStore {
  /**
   * One page of the landings of a range, ascending by key: at most `limit`, with keys behind `after` ('' = from the
   * start). A page shorter than `limit` is the last one. Errors: `storage_unavailable`, `query_too_expensive`.
   */
  landings(
    range: EventRange,
    page: { readonly after: string; readonly limit: number },
  ): Promise<readonly Landing[]>
  /**
   * Gives every event of the range whose landing is named the verdict named with it, and makes everything computed from
   * verdicts agree. The changes are read to their end before anything is rewritten, and in a number of statements that
   * does not depend on theirs, apart from one for some thousands that writes them down. Events that come meanwhile keep
   * their verdict. Running it twice changes nothing; a run that died is completed by the next over the same range.
   * Errors: `storage_unavailable`.
   */
  reclassify(range: EventRange, changes: AsyncIterable<readonly VerdictChange[]>): Promise<void>
}
