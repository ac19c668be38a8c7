import { AnalyticsError } from '../../errors.js'

/** Codes of ClickHouse that mean "not now": the statement may or may not have had its effect. */
const AGAIN: ReadonlySet<number> = new Set([
  159, // TIMEOUT_EXCEEDED
  164, // READONLY (a replica that lost its keeper)
  202, // TOO_MANY_SIMULTANEOUS_QUERIES
  203, // NO_FREE_CONNECTION
  209, // SOCKET_TIMEOUT
  210, // NETWORK_ERROR
  236, // ABORTED
  241, // MEMORY_LIMIT_EXCEEDED
  242, // TABLE_IS_READ_ONLY
  243, // NOT_ENOUGH_SPACE
  285, // TOO_FEW_LIVE_REPLICAS
  286, // UNSATISFIED_QUORUM_FOR_PREVIOUS_WRITE
  319, // UNKNOWN_STATUS_OF_INSERT
  394, // QUERY_WAS_CANCELLED
  425, // SYSTEM_ERROR
  439, // CANNOT_SCHEDULE_TASK
  999, // KEEPER_EXCEPTION
])

/** Limits of a read: the same question would hit them again. */
const TOO_EXPENSIVE: Readonly<Record<number, string>> = {
  158: 'max_rows_to_read',
  159: 'max_execution_time',
  160: 'max_execution_time',
  191: 'max_rows_in_set',
  241: 'max_memory_usage',
  307: 'max_bytes_to_read',
  396: 'max_result_rows',
}

/**
 * An insert's error, sorted: `storage_unavailable` when the same batch should be sent again, else the error
 * itself, which means that the server refused the content.
 */
export function insertError(error: unknown): unknown {
  const code = clickhouseCode(error)
  if (code === undefined) return isTransport(error) ? unavailable(error) : error
  // 252 has two meanings: too many parts (back-pressure, try again) and too many partitions in one insert.
  if (code === 252) return messageOf(error).includes('Too many parts') ? unavailable(error) : error
  return AGAIN.has(code) ? unavailable(error) : error
}

/** A read's error as an `AnalyticsError`; no text of the engine leaves in it. */
export function queryError(error: unknown): unknown {
  const code = clickhouseCode(error)
  if (code === undefined) return isTransport(error) ? unavailable(error) : error
  const limit = TOO_EXPENSIVE[code]
  if (limit !== undefined) {
    return new AnalyticsError(
      'query_too_expensive',
      `The question hit the limit ${limit}; take a shorter range, fewer groups, or raise the limit.`,
      { details: { limit }, cause: error },
    )
  }
  return AGAIN.has(code) ? unavailable(error) : error
}

function unavailable(error: unknown): AnalyticsError {
  return new AnalyticsError('storage_unavailable', 'ClickHouse could not be reached or is too busy.', {
    retryAfter: 5,
    cause: error,
  })
}

/** The number in `Code: 60. DB::Exception`, which the client keeps as text in `code`. */
export function clickhouseCode(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error) || !('type' in error))
    return undefined
  const code = Number(error.code)
  return Number.isInteger(code) ? code : undefined
}

const TRANSPORT_CODES: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_SOCKET',
])

function isTransport(error: unknown): boolean {
  if (
    typeof error === 'object' &&
    error !== null &&
    'code' in error &&
    TRANSPORT_CODES.has(String(error.code))
  ) {
    return true
  }
  return /timeout|socket hang up|terminated|network|fetch failed|other side closed|\b50[234]\b/i.test(
    messageOf(error),
  )
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
