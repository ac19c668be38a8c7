import { randomHex } from '#crypto'
import type { OnDiagnostic } from '../diagnostics.js'
import { type AnalyticsError, type ErrorCode, isAnalyticsError } from '../errors.js'
import { cleanData, cleanText, jsonText } from './clean.js'
import type { TextContent } from './result.js'

/** Names of errors with their JSON-RPC codes. */
export const RPC_CODES = {
  parse_error: -32700,
  invalid_request: -32600,
  unknown_tool: -32602,
  unknown_resource: -32602,
  tool_failed: -32000,
  insufficient_scope: -32000,
  unknown_project_id: -32004,
  unknown_project_slug: -32004,
  no_projects_visible: -32005,
} as const

export type RpcName = keyof typeof RPC_CODES

/** What the SDK writes as the error of an answer: `code`, `message`, `data`. */
export interface RpcError extends Error {
  readonly code: number
  readonly data: Readonly<Record<string, unknown>>
}

/** `data.error` is the contract; the message is for people and models. */
export function rpcError(
  name: RpcName,
  message: string,
  data: Readonly<Record<string, unknown>> = {},
): RpcError {
  const error = Object.assign(new Error(`${name}: ${cleanText(message)}`), {
    code: RPC_CODES[name],
    data: { error: name, ...cleanData(data) },
  })
  OURS.add(error)
  return error
}

// Errors of drivers may have a number as their code too, and must not be shown.
const OURS = new WeakSet<object>()

// What whoever asks can mend, by other arguments or by waiting: models read results, and seldom errors.
const MENDABLE: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'invalid_params',
  'invalid_group_by',
  'invalid_payload',
  'event_refused',
  'query_too_expensive',
  'rate_limited',
  'quota_exceeded',
])

export interface FailedResult {
  [name: string]: unknown
  content: TextContent[]
  isError: true
}

/** The result that says what is wrong with a call; throws the JSON-RPC error for what the caller can't mend. */
export function toFailure(error: unknown, onDiagnostic: OnDiagnostic, signal: AbortSignal): FailedResult {
  if (isAnalyticsError(error) && MENDABLE.has(error.code)) {
    return { content: [{ type: 'text', text: jsonText(envelopeOf(error)) }], isError: true }
  }
  throw toRpcError(error, onDiagnostic, signal)
}

export function toRpcError(error: unknown, onDiagnostic: OnDiagnostic, signal: AbortSignal): RpcError {
  if (isRpcError(error)) return error
  if (isAnalyticsError(error)) {
    if (error.code === 'insufficient_scope')
      return rpcError('insufficient_scope', error.message, error.details)
    return rpcError('tool_failed', error.message, {
      reason: error.code,
      ...(error.retryAfter === undefined ? {} : { retry_after_s: error.retryAfter }),
    })
  }
  if (signal.aborted) return rpcError('tool_failed', 'The client went away.', { reason: 'request_aborted' })
  const request_id = randomHex(8)
  onDiagnostic({ kind: 'internal_error', level: 'error', request_id, error })
  return rpcError('tool_failed', 'Something went wrong here; the request id names it in the logs.', {
    reason: 'internal_error',
    request_id,
  })
}

/** As over HTTP, in clean text. */
function envelopeOf({ code, message, details, retryAfter }: AnalyticsError): object {
  return {
    error: code,
    message: cleanText(message, 2048),
    ...(details === undefined ? {} : { details: cleanData(details) }),
    ...(retryAfter === undefined ? {} : { retry_after_s: retryAfter }),
  }
}

function isRpcError(error: unknown): error is RpcError {
  return typeof error === 'object' && error !== null && OURS.has(error)
}
