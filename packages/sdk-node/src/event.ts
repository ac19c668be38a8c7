// The shapes of `@millimetric/schema/wire`, written out so that this package needs no other for its types. A test
// compares them.

/** JSON object of at most 8 KB. */
export type Properties = { readonly [key: string]: unknown }

/** One event, as in the body of `POST /v1/track`. */
export interface TrackEvent {
  /** Name of the event, 1–128 characters; names starting with `$` are the system's. */
  event: string
  /** Idempotency key, 1–128 characters: the same id counts once per project. A UUID when absent. */
  event_id?: string | number | null | undefined
  /** ISO 8601 (no zone = UTC), epoch milliseconds or a Date; the moment of the call when absent. */
  timestamp?: string | number | Date | null | undefined
  /** Clock of the client when it sent the request; the event time is shifted by `received_at - sent_at`. */
  sent_at?: string | number | Date | null | undefined
  anonymous_id?: string | number | null | undefined
  user_id?: string | number | null | undefined
  session_id?: string | number | null | undefined
  /** Absolute URL of the page, at most 2048 characters. */
  url?: string | null | undefined
  path?: string | null | undefined
  referrer?: string | null | undefined
  properties?: Properties | null | undefined
  /** Address of the visitor. Never stored. */
  ip?: string | null | undefined
  /** User agent of the visitor. Never stored. */
  user_agent?: string | null | undefined
  /** Name and version of the sending library: this one when absent. */
  sdk_name?: string | null | undefined
  sdk_version?: string | null | undefined
}

/** Link of an anonymous id to a user, as in the body of `POST /v1/identify`. */
export interface Identify {
  anonymous_id: string | number
  user_id: string | number
  traits?: Properties | null | undefined
  /** Idempotency key of the `$identify` event. A UUID when absent. */
  event_id?: string | number | null | undefined
  timestamp?: string | number | Date | null | undefined
  sent_at?: string | number | Date | null | undefined
}

/** What became of an event. */
export interface Receipt {
  event_id: string
  /**
   * `queued`: not sent yet (`flushAt` above 1). `dropped`: refused on purpose, by a hook of the server or because
   * the person was erased.
   */
  status: 'stored' | 'duplicate' | 'dropped' | 'queued'
  /** What the server changed or doubts, for example `properties_truncated`. */
  warnings?: readonly string[]
}
