/** Who is to be erased: a user, an anonymous id, or with both ids only what carries both. */
export interface ErasureRequest {
  /** UUID of its job: what is written down for the erasure goes by this name. */
  readonly id: string
  readonly project_id: string
  readonly user_id: string
  readonly anonymous_id: string
  /** Epoch milliseconds; events of a time, or received, up to and including this moment go. */
  readonly until: number
}

/**
 * What rows to erase look like. `user`: they carry the user, whatever the anonymous id. `anonymous`: they carry the
 * anonymous id and no user. `both`: they carry exactly these two. Ids that do not matter are empty.
 */
export interface Trace {
  readonly erasure_id: string
  readonly project_id: string
  readonly kind: 'user' | 'anonymous' | 'both'
  readonly user_id: string
  readonly anonymous_id: string
  /** Epoch milliseconds, inclusive. */
  readonly until: number
}

/** Refuses events of a {@link Trace} without saying whose they are. */
export interface Tombstone {
  readonly project_id: string
  /** 64 hex characters: keyed hash of the trace. */
  readonly hash: string
  /** The pepper behind the key. */
  readonly pepper_id: string
  /** Epoch milliseconds, inclusive. */
  readonly until: number
}

/** Rows by table. */
export type RowCounts = Readonly<Record<string, number>>

/** Proof of an erasure, without personal data. Times are epoch milliseconds. */
export interface ErasureRecord {
  /** UUID of its job. */
  readonly id: string
  readonly project_id: string
  readonly subject: 'user' | 'anonymous'
  readonly requested_at: number
  readonly verified_at: number
  readonly removed: RowCounts
}

/** Everything of one erasure that was written down with `noteErasures`. */
export interface PersonSelector {
  readonly kind: 'person'
  readonly erasure_id: string
  readonly project_id: string
}

/** Everything of a project before a moment, epoch milliseconds, a whole half hour. */
export interface RetentionSelector {
  readonly kind: 'retention'
  readonly project_id: string
  readonly before: number
}

export type PurgeSelector = PersonSelector | RetentionSelector

/** Rows removed, by erasure id for people and by project id for retention. */
export type PurgeReceipt = ReadonlyMap<string, RowCounts>

/**
 * Erasing, as a part of every event store. Deletes cost per statement and not per row, so all of it takes lists. Every
 * call may be repeated, and made by several processes at once.
 */
export interface ErasureStore {
  /**
   * Writes down who is to be erased, and which anonymous ids are linked to them: those whose oldest link, by
   * (timestamp, event_id), is to the user and, by its time or its arrival, not after `until`. Kept until `settleErasures`.
   */
  noteErasures(requests: readonly ErasureRequest[]): Promise<void>
  /** What was noted under these ids, after another look for links that came since. */
  tracesOf(erasureIds: readonly string[]): Promise<readonly Trace[]>
  /**
   * Removes the rows from every table, with all that was computed from them. For people the receipt counts what was
   * removed under the erasure's id so far.
   */
  purge(selectors: readonly PurgeSelector[]): Promise<PurgeReceipt>
  /** Rows that are left by table, also those that a lightweight delete only hides; tables with none are left out. */
  survivors(selectors: readonly PurgeSelector[]): Promise<RowCounts>
  /** Writes the proofs, and then forgets what was noted about these erasures. */
  settleErasures(records: readonly ErasureRecord[]): Promise<void>
  /** Oldest first. */
  erasureRecords(projectId: string): Promise<readonly ErasureRecord[]>
  addTombstones(tombstones: readonly Tombstone[]): Promise<void>
  /** One a hash, with its latest `until`. */
  tombstones(projectId: string): Promise<readonly Tombstone[]>
}
