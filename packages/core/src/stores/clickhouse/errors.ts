import { AnalyticsError, isAnalyticsError } from '../../errors.js'
import { EVENT_COLUMNS } from './schema/events.js'

/**
 * Codes that name the row: an insert that fails with one of these fails the same way whenever it is sent, because of
 * something in it. The names are ours and not taken from the error, whose text quotes the row.
 */
export const CONTENT_CODES: ReadonlyMap<number, string> = new Map([
  [6, 'CANNOT_PARSE_TEXT'],
  [25, 'CANNOT_PARSE_ESCAPE_SEQUENCE'],
  [26, 'CANNOT_PARSE_QUOTED_STRING'],
  [27, 'CANNOT_PARSE_INPUT_ASSERTION_FAILED'],
  [38, 'CANNOT_PARSE_DATE'],
  [41, 'CANNOT_PARSE_DATETIME'],
  [53, 'TYPE_MISMATCH'],
  [69, 'ARGUMENT_OUT_OF_BOUND'],
  [70, 'CANNOT_CONVERT_TYPE'],
  [72, 'CANNOT_PARSE_NUMBER'],
  [117, 'INCORRECT_DATA'],
  [130, 'CANNOT_READ_ARRAY_FROM_TEXT'],
  [131, 'TOO_LARGE_STRING_SIZE'],
  [252, 'TOO_MANY_PARTITIONS'],
  [306, 'TOO_DEEP_RECURSION'],
  [321, 'VALUE_IS_OUT_OF_RANGE_OF_DATA_TYPE'],
  [349, 'CANNOT_INSERT_NULL_IN_ORDINARY_COLUMN'],
  [376, 'CANNOT_PARSE_UUID'],
  [395, 'FUNCTION_THROW_IF_VALUE_IS_NON_ZERO'],
  [407, 'DECIMAL_OVERFLOW'],
  [441, 'CANNOT_PARSE_DOMAIN_VALUE_FROM_STRING'],
  [467, 'CANNOT_PARSE_BOOL'],
  [469, 'VIOLATED_CONSTRAINT'],
  [563, 'CANNOT_READ_MAP_FROM_TEXT'],
  [632, 'UNEXPECTED_DATA_AFTER_PARSED_VALUE'],
  [675, 'CANNOT_PARSE_IPV4'],
  [676, 'CANNOT_PARSE_IPV6'],
  [691, 'UNKNOWN_ELEMENT_OF_ENUM'],
])

/** The server is busy or broken: the statement may or may not have had its effect. */
export const AGAIN_CODES: ReadonlyMap<number, string> = new Map([
  [3, 'UNEXPECTED_END_OF_FILE'],
  [32, 'ATTEMPT_TO_READ_AFTER_EOF'],
  [33, 'CANNOT_READ_ALL_DATA'],
  [74, 'CANNOT_READ_FROM_FILE_DESCRIPTOR'],
  [75, 'CANNOT_WRITE_TO_FILE_DESCRIPTOR'],
  [76, 'CANNOT_OPEN_FILE'],
  [95, 'CANNOT_READ_FROM_SOCKET'],
  [96, 'CANNOT_WRITE_TO_SOCKET'],
  [107, 'FILE_DOESNT_EXIST'],
  [159, 'TIMEOUT_EXCEEDED'],
  [160, 'TOO_SLOW'],
  [164, 'READONLY'],
  [173, 'CANNOT_ALLOCATE_MEMORY'],
  [198, 'DNS_ERROR'],
  [201, 'QUOTA_EXCEEDED'],
  [202, 'TOO_MANY_SIMULTANEOUS_QUERIES'],
  [203, 'NO_FREE_CONNECTION'],
  [204, 'CANNOT_FSYNC'],
  [209, 'SOCKET_TIMEOUT'],
  [210, 'NETWORK_ERROR'],
  [216, 'QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING'],
  [218, 'TABLE_IS_DROPPED'],
  [225, 'NO_ZOOKEEPER'],
  [236, 'ABORTED'],
  [241, 'MEMORY_LIMIT_EXCEEDED'],
  [242, 'TABLE_IS_READ_ONLY'],
  [243, 'NOT_ENOUGH_SPACE'],
  [244, 'UNEXPECTED_ZOOKEEPER_ERROR'],
  [254, 'NO_ACTIVE_REPLICAS'],
  [265, 'NO_AVAILABLE_REPLICA'],
  [279, 'ALL_CONNECTION_TRIES_FAILED'],
  [285, 'TOO_FEW_LIVE_REPLICAS'],
  [286, 'UNSATISFIED_QUORUM_FOR_PREVIOUS_WRITE'],
  [289, 'REPLICA_IS_NOT_IN_QUORUM'],
  [297, 'SHARD_HAS_NO_CONNECTIONS'],
  [319, 'UNKNOWN_STATUS_OF_INSERT'],
  [364, 'RECEIVED_ERROR_TOO_MANY_REQUESTS'],
  [369, 'ALL_REPLICAS_ARE_STALE'],
  [373, 'SESSION_IS_LOCKED'],
  [384, 'PART_IS_TEMPORARILY_LOCKED'],
  [394, 'QUERY_WAS_CANCELLED'],
  [415, 'ALL_REPLICAS_LOST'],
  [416, 'REPLICA_STATUS_CHANGED'],
  [425, 'SYSTEM_ERROR'],
  [439, 'CANNOT_SCHEDULE_TASK'],
  [473, 'DEADLOCK_AVOIDED'],
  [499, 'S3_ERROR'],
  [500, 'AZURE_BLOB_STORAGE_ERROR'],
  [519, 'NO_REMOTE_SHARD_AVAILABLE'],
  [574, 'DISTRIBUTED_TOO_MANY_PENDING_BYTES'],
  [659, 'UNKNOWN_STATUS_OF_TRANSACTION'],
  [692, 'TOO_MANY_MUTATIONS'],
  [700, 'USER_SESSION_LIMIT_EXCEEDED'],
  [733, 'TABLE_IS_BEING_RESTARTED'],
  [735, 'QUERY_WAS_CANCELLED_BY_CLIENT'],
  [745, 'SERVER_OVERLOADED'],
  [749, 'TCP_CONNECTION_LIMIT_REACHED'],
  [762, 'HTTP_CONNECTION_LIMIT_REACHED'],
  [774, 'TABLE_IS_PERMANENTLY_READ_ONLY'],
  [904, 'TOO_MANY_UNAVAILABLE_SHARDS'],
  [999, 'KEEPER_EXCEPTION'],
])

/** The tables or the account are not as they must be: an operator's work, and no fault of a row. */
export const SETUP_CODES: ReadonlyMap<number, string> = new Map([
  [16, 'NO_SUCH_COLUMN_IN_TABLE'],
  [47, 'UNKNOWN_IDENTIFIER'],
  [48, 'NOT_IMPLEMENTED'],
  [60, 'UNKNOWN_TABLE'],
  [62, 'SYNTAX_ERROR'],
  [81, 'UNKNOWN_DATABASE'],
  [115, 'UNKNOWN_SETTING'],
  [192, 'UNKNOWN_USER'],
  [193, 'WRONG_PASSWORD'],
  [194, 'REQUIRED_PASSWORD'],
  [195, 'IP_ADDRESS_NOT_ALLOWED'],
  [291, 'DATABASE_ACCESS_DENIED'],
  [497, 'ACCESS_DENIED'],
  [516, 'AUTHENTICATION_FAILED'],
  [701, 'CLUSTER_DOESNT_EXIST'],
  [720, 'USER_EXPIRED'],
])

/** Limits of a read: the same question would hit them again. */
const TOO_EXPENSIVE: Readonly<Record<number, string>> = {
  158: 'max_rows_to_read',
  167: 'max_ast_depth',
  168: 'max_ast_elements',
  159: 'max_execution_time',
  160: 'max_execution_time',
  191: 'max_rows_in_set',
  241: 'max_memory_usage',
  307: 'max_bytes_to_read',
  // Millions of events of one visitor in a list.
  128: 'max_memory_usage',
  396: 'max_result_rows',
}

const UNREACHED =
  'ClickHouse could not be reached. Is the server running, and is `url` its HTTP interface? `npx millimetric doctor` tries it.'

/**
 * An insert's error, sorted: `storage_unavailable` when it says nothing about the rows, so that the same batch should be
 * sent again; `event_refused` when the server refused the content. An answer that is none of the server's is the first:
 * what became of the insert is unknown.
 */
export function insertError(error: unknown): AnalyticsError {
  if (isAnalyticsError(error)) return error
  const code = clickhouseCode(error)
  if (code === undefined) return unavailable(error, UNREACHED)
  // 252 has two meanings: too many parts (back-pressure, try again) and too many partitions in one insert.
  if (code === 252 && !messageOf(error).includes('Too many partitions')) return busy(error, 'TOO_MANY_PARTS')
  const server = AGAIN_CODES.get(code) ?? SETUP_CODES.get(code)
  if (server !== undefined) return busy(error, server)
  const name = CONTENT_CODES.get(code)
  const column = columnOf(messageOf(error))
  return refused(
    name ?? `CLICKHOUSE_${code}`,
    `ClickHouse refused the row${column === undefined ? '' : ` at column ${column}`}: ${name ?? 'error'} (code ${code}).`,
    { certain: name !== undefined, cause: error },
  )
}

/** What kept the store from starting: never the fault of rows. */
export function startError(error: unknown): unknown {
  if (isAnalyticsError(error)) return error
  const code = clickhouseCode(error)
  if (code === undefined) return isTransport(error) ? unavailable(error, UNREACHED) : error
  return busy(error, AGAIN_CODES.get(code) ?? SETUP_CODES.get(code) ?? `CLICKHOUSE_${code}`)
}

/** A batch that could not even be written as a statement: a row holds what no JSON can. */
export function writeError(error: unknown): AnalyticsError {
  if (isAnalyticsError(error)) return error
  return refused('UNWRITABLE', 'The row holds a value that can not be written.', {
    certain: true,
    cause: error,
  })
}

/** `column` is one of ours. Text of the engine or of the row must not go into `reason`. */
export function refused(
  code: string,
  reason: string,
  facts: { certain: boolean; cause?: unknown },
): AnalyticsError {
  return new AnalyticsError('event_refused', reason, {
    details: { code, certain: facts.certain },
    cause: facts.cause,
  })
}

/** A read's error as an `AnalyticsError`; no text of the engine leaves in it. */
export function queryError(error: unknown): unknown {
  const code = clickhouseCode(error)
  if (code === undefined) return isTransport(error) ? unavailable(error, UNREACHED) : error
  const limit = TOO_EXPENSIVE[code]
  if (limit !== undefined) {
    return tooExpensive(
      code === 396 && /max bytes/.test(messageOf(error)) ? 'max_result_bytes' : limit,
      error,
    )
  }
  if (code === 427) return invalidPattern(error)
  const server = AGAIN_CODES.get(code)
  return server === undefined ? error : busy(error, server)
}

export function tooExpensive(limit: string, cause?: unknown): AnalyticsError {
  return new AnalyticsError(
    'query_too_expensive',
    `The question hit the limit ${limit}; take a shorter range, fewer groups, or raise the limit.`,
    { details: { limit }, cause },
  )
}

/** RE2's own reason for not taking a pattern; the pattern is the asker's. */
function invalidPattern(error: unknown): AnalyticsError {
  const reason = /, error: ([\s\S]{1,200}?)\. Look at/.exec(messageOf(error))?.[1] ?? 'not RE2 syntax'
  return new AnalyticsError(
    'invalid_params',
    `filters: a pattern of matches is not RE2 syntax (${reason.replace(/\s+/g, ' ')}). See github.com/google/re2/wiki/Syntax.`,
    { details: { field: 'filters', reason: 'invalid_pattern' }, cause: error },
  )
}

function busy(error: unknown, name: string): AnalyticsError {
  return unavailable(error, `ClickHouse is too busy, or not set up for this: ${name}.`)
}

function unavailable(error: unknown, message: string): AnalyticsError {
  return new AnalyticsError('storage_unavailable', message, { retryAfter: 5, cause: error })
}

/** The number in `Code: 60. DB::Exception`, which the client keeps as text in `code`. */
export function clickhouseCode(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error) || !('type' in error))
    return undefined
  const code = Number(error.code)
  return Number.isInteger(code) ? code : undefined
}

/** The column that the engine was reading; only a name of ours passes, because the text may be the row's. */
function columnOf(message: string): string | undefined {
  const column = /while reading the value of key (\w+)/.exec(message)?.[1]
  return column !== undefined && Object.hasOwn(EVENT_COLUMNS, column) ? column : undefined
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
