/** An event as it leaves the browser. A `$identify` event carries the traits as its properties. */
export interface BrowserEvent {
  event: string
  event_id: string
  timestamp: string
  anonymous_id: string
  user_id?: string | undefined
  url: string
  path: string
  referrer?: string | undefined
  properties: Record<string, unknown>
  sdk_name: string
  sdk_version: string
}

export interface InitOptions {
  /** Public key, `pk_…`. */
  key: string
  /** Where Millimetric is mounted, for example `https://example.com/analytics`. The page's own origin by default. */
  host?: string | undefined
  /** Send `$pageview` on start and on each navigation inside a single-page application. True by default. */
  autoPageView?: boolean | undefined
  /** Longest wait of an event in the queue, in milliseconds. 2000 by default. */
  flushIntervalMs?: number | undefined
  /** So many waiting events are sent at once. 20 by default. */
  flushBatchSize?: number | undefined
  /** With Do Not Track or Global Privacy Control on: store no id, send nothing. True by default. */
  respectPrivacySignals?: boolean | undefined
  /**
   * Sees each event once, when it is made. Return it, changed or not, or null to discard it. An event whose
   * hook throws is discarded too: a hook that removes personal data must not leak it by failing.
   */
  beforeSend?: ((event: BrowserEvent) => BrowserEvent | null) | undefined
}
