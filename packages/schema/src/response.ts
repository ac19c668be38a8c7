import * as z from 'zod'
import { metricSchema } from './query.js'
import type {
  AnyStatsRow,
  BatchResponse,
  BatchResult,
  ErrorResponse,
  EventRow,
  EventWarning,
  ForgetResponse,
  IdentifyResponse,
  JobResponse,
  JobState,
  QueryResponse,
  ResultMeta,
  SourcesResponse,
  StatsResponse,
  TrackResponse,
} from './wire.js'

const STATUSES = ['stored', 'duplicate', 'rejected', 'dropped'] as const

/** Every code that a rejected or dropped event can carry. */
export const EVENT_CODES = [
  'invalid_event',
  'missing_event',
  'unknown_event',
  'invalid_event_id',
  'illegal_id',
  'invalid_timestamp',
  'timestamp_out_of_range',
  'older_than_retention',
  'invalid_url',
  'invalid_path',
  'invalid_referrer',
  'invalid_properties',
  'bad_property_key',
  'number_out_of_range',
  'too_many_values',
  'too_deep',
  'quarantined',
  'dropped_by_hook',
  'erased',
  'own_traffic',
  'too_many_event_names',
] as const

const warnings: z.ZodType<EventWarning[]> = z.array(
  z.enum([
    'anonymous_id_generated',
    'clock_skew',
    'invalid_sent_at',
    'properties_truncated',
    'sanitized',
    'unsafe_integer',
    'suspicious_id',
    'server_field_ignored',
    'unknown_field_ignored',
    'id_conflict',
  ]),
)

export const trackResponseSchema: z.ZodType<TrackResponse> = z.strictObject({
  ok: z.literal(true),
  event_id: z.string().min(1),
  status: z.enum(STATUSES),
  warnings: warnings.exactOptional(),
})

const batchResultSchema: z.ZodType<BatchResult> = z.strictObject({
  index: z.int().min(0),
  event_id: z.string().nullable(),
  status: z.enum(STATUSES),
  code: z.enum(EVENT_CODES).exactOptional(),
  message: z.string().exactOptional(),
  warnings: warnings.exactOptional(),
})

export const batchResponseSchema: z.ZodType<BatchResponse> = z.strictObject({
  ok: z.literal(true),
  count: z.int().min(0),
  results: z.array(batchResultSchema),
})

export const identifyResponseSchema: z.ZodType<IdentifyResponse> = z.strictObject({ ok: z.literal(true) })

const jobState: z.ZodType<JobState> = z.enum(['queued', 'running', 'done', 'failed'])

export const forgetResponseSchema: z.ZodType<ForgetResponse> = z.strictObject({
  ok: z.literal(true),
  queued: z.literal(true),
  job: z.strictObject({ id: z.uuid(), state: jobState }),
})

export const jobResponseSchema: z.ZodType<JobResponse> = z.strictObject({
  job: z.strictObject({
    id: z.uuid(),
    project_id: z.uuid(),
    kind: z.enum(['forget', 'retention']),
    state: jobState,
    counts: z.record(z.string(), z.int().min(0)),
    created_at: z.iso.datetime(),
    finished_at: z.iso.datetime().nullable(),
    verified_at: z.iso.datetime().nullable(),
    error: z.string().nullable(),
  }),
})

export const errorResponseSchema: z.ZodType<ErrorResponse> = z.strictObject({
  error: z.string().regex(/^[a-z_]+$/),
  message: z.string().min(1),
  request_id: z.string().min(1),
  details: z.record(z.string(), z.unknown()).exactOptional(),
  retry_after_s: z.int().min(1).exactOptional(),
})

/** How an answer was counted; in the answer of every report. */
export const resultMetaSchema: z.ZodType<ResultMeta> = z.strictObject({
  timezone: z.string(),
  from: z.iso.datetime({ offset: true }),
  to: z.iso.datetime({ offset: true }),
  compared_to: z
    .strictObject({ from: z.iso.datetime({ offset: true }), to: z.iso.datetime({ offset: true }) })
    .exactOptional(),
  include_bots: z.boolean(),
  answered_by: z.enum(['raw', 'rollup']),
  estimated: z.boolean(),
  truncated: z.boolean(),
  warnings: z.array(z.string()),
})

/** One stored event. */
export const eventRowSchema: z.ZodType<EventRow> = z.strictObject({
  timestamp: z.iso.datetime(),
  event_id: z.string(),
  event_name: z.string(),
  anonymous_id: z.string().nullable(),
  user_id: z.string().nullable(),
  session_id: z.string().nullable(),
  source: z.string(),
  medium: z.string(),
  campaign: z.string().nullable(),
  channel: z.string(),
  source_confidence: z.enum(['high', 'medium', 'low']),
  source_rule_id: z.string(),
  referrer: z.string().nullable(),
  url: z.string().nullable(),
  path: z.string().nullable(),
  country: z.string(),
  device_type: z.string(),
  browser: z.string(),
  os: z.string(),
  is_bot: z.boolean(),
  properties: z.string(),
})

export const queryResponseSchema: z.ZodType<QueryResponse> = z.strictObject({
  rows: z.array(eventRowSchema),
  next_cursor: z.string().nullable(),
  meta: resultMetaSchema,
})

const values = z.record(z.string(), z.number().nullable())
const statsRow: z.ZodType<AnyStatsRow> = z
  .object({
    bucket: z.iso.datetime({ offset: true }).exactOptional(),
    previous: values.nullable().exactOptional(),
  })
  .catchall(z.union([z.string(), z.number(), z.null()]))

export const statsResponseSchema: z.ZodType<StatsResponse> = z.strictObject({
  metric: metricSchema.exactOptional(),
  metrics: z.array(metricSchema).exactOptional(),
  rows: z.array(statsRow),
  totals: z.array(statsRow).exactOptional(),
  other: z.array(statsRow).exactOptional(),
  meta: resultMetaSchema,
})

export const sourcesResponseSchema: z.ZodType<SourcesResponse> = z.strictObject({
  breakdown: z.enum(['source_medium', 'source']),
  rows: z.array(
    z.strictObject({
      source: z.string(),
      medium: z.string().exactOptional(),
      events: z.int(),
      uniques: z.int(),
      paid_share: z.number().min(0).max(1),
    }),
  ),
  meta: resultMetaSchema,
})
