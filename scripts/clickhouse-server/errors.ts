/** ClickHouse's own table of HTTP statuses; every other error is a 500. */
const STATUS: ReadonlyMap<number, string> = new Map([
  [
    400,
    `BAD_ARGUMENTS CANNOT_COMPILE_REGEXP CANNOT_PARSE_TEXT CANNOT_PARSE_ESCAPE_SEQUENCE CANNOT_PARSE_QUOTED_STRING
    CANNOT_PARSE_DATE CANNOT_PARSE_DATETIME CANNOT_PARSE_NUMBER CANNOT_PARSE_DOMAIN_VALUE_FROM_STRING CANNOT_PARSE_IPV4
    CANNOT_PARSE_IPV6 CANNOT_PARSE_UUID CANNOT_PARSE_INPUT_ASSERTION_FAILED DUPLICATE_COLUMN ILLEGAL_COLUMN
    THERE_IS_NO_COLUMN TOO_DEEP_AST TOO_BIG_AST VALUE_IS_OUT_OF_RANGE_OF_DATA_TYPE SYNTAX_ERROR INCORRECT_DATA TYPE_MISMATCH`,
  ],
  [403, 'UNKNOWN_USER WRONG_PASSWORD AUTHENTICATION_FAILED ACCESS_DENIED'],
  [
    404,
    `UNKNOWN_TABLE UNKNOWN_FUNCTION UNKNOWN_IDENTIFIER UNKNOWN_TYPE UNKNOWN_STORAGE UNKNOWN_DATABASE UNKNOWN_SETTING
    UNKNOWN_AGGREGATE_FUNCTION UNKNOWN_FORMAT UNKNOWN_DATABASE_ENGINE UNKNOWN_TYPE_OF_QUERY`,
  ],
  [408, 'TIMEOUT_EXCEEDED'],
  [413, 'QUERY_IS_TOO_LARGE'],
  [501, 'NOT_IMPLEMENTED'],
  [503, 'SOCKET_TIMEOUT CANNOT_OPEN_FILE CANNOT_SCHEDULE_TASK'],
])

/** An engine's refusal; `message` is `Code: N. DB::Exception: … (NAME)`, with the version when it is nested. */
export class EngineError extends Error {
  readonly code: number
  readonly status: number

  constructor(message: string) {
    super(message.trim())
    this.code = Number(/Code: (\d+)/.exec(message)?.[1] ?? 1001)
    const name = [...message.matchAll(/\(([A-Z][A-Z0-9_]{2,})\)/g)].at(-1)?.[1] ?? 'STD_EXCEPTION'
    this.status = statusOf(name)
  }
}

function statusOf(name: string): number {
  for (const [status, names] of STATUS) if (names.split(/\s+/).includes(name)) return status
  return 500
}
