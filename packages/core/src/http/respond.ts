import type { ErrorResponse } from '@millimetric/schema/wire'
import type { AnalyticsError } from '../errors.js'

const JSON_HEADERS = { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' }

export function json(body: unknown, status: number): Response {
  return new Response(JSON.stringify(body), { status, headers: JSON_HEADERS })
}

/** The error envelope. Only what the error class carries on purpose leaves: no stack, no cause, no SQL. */
export function errorResponse(error: AnalyticsError, requestId: string): Response {
  const body: ErrorResponse = {
    error: error.code,
    message: error.message,
    request_id: requestId,
    ...(error.details === undefined ? {} : { details: error.details }),
    ...(error.status === 429 && error.retryAfter !== undefined ? { retry_after_s: error.retryAfter } : {}),
  }
  const response = json(body, error.status)
  response.headers.set('x-request-id', requestId)
  if (error.retryAfter !== undefined) response.headers.set('retry-after', String(error.retryAfter))
  if (error.status === 415) response.headers.set('accept-encoding', 'gzip')
  if (error.status === 401) response.headers.set('www-authenticate', 'Bearer')
  // After a timeout the rest of the body may come for ever.
  if (error.code === 'shutting_down' || error.code === 'request_timeout')
    response.headers.set('connection', 'close')
  return response
}
