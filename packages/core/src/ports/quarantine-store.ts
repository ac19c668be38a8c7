/**
 * An event that the store refused, as text. Every text is well-formed; `row` is ASCII, so that nothing which made the
 * event unfit for its table can make it unfit for this one. Times are epoch milliseconds within 1970–2105.
 */
export interface QuarantinedEvent {
  readonly project_id: string
  readonly event_id: string
  readonly anonymous_id: string
  readonly user_id: string
  /** 0 when the event's own is no time. */
  readonly timestamp: number
  /** 0 when the event's own is no time. */
  readonly received_at: number
  readonly quarantined_at: number
  /** Stable name of the refusal, for example `CANNOT_PARSE_UUID`. */
  readonly code: string
  /** For people; quotes nothing of the row. */
  readonly reason: string
  /** The event as JSON text; what JSON can not hold is described in its place. */
  readonly row: string
}

/** Events that were refused for their content, kept apart so that nothing is lost in silence. */
export interface QuarantineStore {
  /** Keeps the events; the same call (same token) may come any number of times and counts once. */
  quarantine(token: string, events: readonly QuarantinedEvent[]): Promise<void>
  /** Newest first, at most `limit`. */
  quarantined(projectId: string, limit: number): Promise<readonly QuarantinedEvent[]>
}
