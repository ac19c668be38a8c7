import type { EventRow, QuestionParams } from './questions.js'

export const EXPORT_FORMATS = ['ndjson', 'csv'] as const
export type ExportFormat = (typeof EXPORT_FORMATS)[number]

/** Which events to export; without a range all of them. */
export interface ExportParams extends QuestionParams {}

/** Parameters of `GET /v1/export`. */
export interface ExportRequest extends ExportParams {
  /** Default `ndjson`: one {@link ExportRow} a line. `csv`: RFC 4180 with a header line, columns as in {@link EXPORT_COLUMNS}. */
  format?: ExportFormat | undefined
}

/** One event with everything that is stored about it, apart from the hash of its address. */
export interface ExportRow extends EventRow {
  /** When the server took it: ISO 8601 in UTC with milliseconds. */
  received_at: string
  /** What the client claimed, when `timestamp` was moved for lying in the future. */
  client_timestamp: string | null
  /** Position in its request. */
  seq: number
  hostname: string | null
  referrer_host: string | null
  term: string | null
  content: string | null
  sdk_name: string | null
  sdk_version: string | null
}

/** Columns of an export, in the order of CSV. */
export const EXPORT_COLUMNS = [
  'timestamp',
  'received_at',
  'client_timestamp',
  'seq',
  'event_id',
  'event_name',
  'anonymous_id',
  'user_id',
  'session_id',
  'url',
  'hostname',
  'path',
  'referrer',
  'referrer_host',
  'source',
  'medium',
  'campaign',
  'term',
  'content',
  'channel',
  'source_confidence',
  'source_rule_id',
  'country',
  'device_type',
  'browser',
  'os',
  'is_bot',
  'sdk_name',
  'sdk_version',
  'properties',
] as const
