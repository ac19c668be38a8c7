/** Why an event or a request was not delivered. */
export class MillimetricError extends Error {
  override readonly name = 'MillimetricError'
  /**
   * The server's code (`invalid_payload`, `rate_limited`, …), or one of this library: `network_error`, `timeout`,
   * `unexpected_response`, `http_<status>`, `invalid_event`, `queue_full`, `closed`, `not_initialized`,
   * `invalid_options`, `internal`.
   */
  readonly code: string
  /** HTTP status, when the server answered. */
  readonly status: number | undefined
  /** True when the events are still in the queue and will be tried again. */
  readonly retained: boolean
  readonly details: unknown
  readonly request_id: string | undefined

  constructor(code: string, message: string, facts: ErrorFacts = {}) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause })
    this.code = code
    this.status = facts.status
    this.retained = facts.retained ?? false
    this.details = facts.details
    this.request_id = facts.request_id
  }
}

export interface ErrorFacts {
  status?: number | undefined
  retained?: boolean
  details?: unknown
  request_id?: string | undefined
  cause?: unknown
}

/** The same error, saying that the events are still in the queue. */
export function retained(error: MillimetricError): MillimetricError {
  const { code, message, status, details, request_id, cause } = error
  return new MillimetricError(code, message, { status, details, request_id, cause, retained: true })
}
