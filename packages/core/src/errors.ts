/**
 * Every code that can leave the library, with its HTTP status. The code is the contract; messages are for
 * people and may change.
 */
export const ERROR_STATUS = {
  invalid_payload: 400,
  invalid_params: 400,
  invalid_group_by: 400,
  invalid_request: 400,
  missing_bearer_token: 401,
  malformed_api_key: 401,
  invalid_api_key: 401,
  key_kind_mismatch: 401,
  token_expired: 401,
  invalid_session: 401,
  invalid_internal_secret: 401,
  insufficient_scope: 403,
  origin_not_allowed: 403,
  key_kind_not_allowed: 403,
  account_key_required: 403,
  host_not_allowed: 403,
  forget_requires_secret_key: 403,
  not_found: 404,
  unknown_project: 404,
  method_not_allowed: 405,
  request_timeout: 408,
  slug_taken: 409,
  key_already_rotated: 409,
  payload_too_large: 413,
  unsupported_media_type: 415,
  query_too_expensive: 422,
  event_refused: 422,
  rate_limited: 429,
  quota_exceeded: 429,
  request_aborted: 499,
  internal_error: 500,
  invalid_options: 500,
  missing_dependency: 500,
  store_in_use: 500,
  unsafe_schema: 500,
  pepper_mismatch: 500,
  overloaded: 503,
  storage_unavailable: 503,
  shutting_down: 503,
} as const

export type ErrorCode = keyof typeof ERROR_STATUS

export interface ErrorOptions {
  details?: Record<string, unknown> | undefined
  /** Whole seconds after which the same call may succeed. */
  retryAfter?: number | undefined
  cause?: unknown
}

const BRAND: symbol = Symbol.for('millimetric.error')

/**
 * The one error class. Recognise it with {@link isAnalyticsError}, never with `instanceof`: two copies of the
 * package in one process have two classes.
 */
export class AnalyticsError extends Error {
  override readonly name = 'AnalyticsError'
  readonly code: ErrorCode
  /** HTTP status that belongs to the code. */
  readonly status: number
  readonly details: Record<string, unknown> | undefined
  /** Whole seconds after which the same call may succeed. */
  readonly retryAfter: number | undefined

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.status = ERROR_STATUS[code]
    this.details = options.details
    this.retryAfter = options.retryAfter
    Object.defineProperty(this, BRAND, { value: true })
  }
}

export function isAnalyticsError(value: unknown): value is AnalyticsError {
  return typeof value === 'object' && value !== null && BRAND in value
}
