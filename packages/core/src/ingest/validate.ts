import type { ShapedEvent } from '@millimetric/schema'
import { ILLEGAL_IDS, LIMITS, SUSPICIOUS_IDS } from '@millimetric/schema/limits'
import type { EventCode, EventWarning } from '@millimetric/schema/wire'
import { parseUrl } from '../parse-url.js'
import { DAY_MS, parseTimestamp } from '../time.js'
import { hasControl, hasInvisible, plainText } from './plain-text.js'
import { cleanProperties } from './properties.js'
import { Refused, shapeEvent, shapeIdentify } from './shape.js'

/** An event whose every field has been judged; absent text is empty. */
export interface ValidEvent {
  event_name: string
  /** Empty when the client sent none. */
  event_id: string
  timestamp: number
  client_timestamp: number | null
  /** The time the client sent, before any correction; null when it sent none. */
  claimed: number | null
  anonymous_id: string
  user_id: string
  session_id: string
  /** As sent. */
  url: string
  /** Null when there is no url. */
  location: URL | null
  path: string
  referrer: string
  /** JSON text. */
  properties: string
  ip: string
  user_agent: string
  sdk_name: string
  sdk_version: string
  warnings: EventWarning[]
}

export type Validation =
  | { ok: true; event: ValidEvent }
  | { ok: false; event_id: string | null; code: EventCode; message: string }

export interface ValidationFacts {
  /** Epoch milliseconds. */
  receivedAt: number
  /** Clock of the client for the whole request; an event's own `sent_at` wins. */
  sentAt: unknown
  /** Null = keeps for ever. */
  retentionDays: number | null
}

const KNOWN_FIELDS: ReadonlySet<string> = new Set([
  'event',
  'event_id',
  'timestamp',
  'sent_at',
  'anonymous_id',
  'user_id',
  'session_id',
  'url',
  'path',
  'referrer',
  'properties',
  'ip',
  'user_agent',
  'sdk_name',
  'sdk_version',
])

const SERVER_FIELDS: ReadonlySet<string> = new Set([
  'project_id',
  'received_at',
  'client_timestamp',
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
  'ip_hash',
  'hostname',
  'referrer_host',
  'seq',
])

/** Judges one input of a request. Never throws, whatever the input is. */
export type Validate = (input: unknown, facts: ValidationFacts) => Validation

/** Of events as `track` and `batch` take them. */
export const validateEvent: Validate = (input, facts) => {
  let eventId: string | null = null
  try {
    const shaped = shapeEvent(input)
    const event_id = shaped.event_id ?? ''
    if (typeof shaped.event_id === 'string') checkEventId(shaped.event_id)
    eventId = event_id === '' ? null : event_id
    return { ok: true, event: judge(input, shaped, event_id, facts) }
  } catch (error) {
    return refusal(error, eventId)
  }
}

/** Of what `identify` takes: it stands for an event `$identify`. */
export const validateIdentify: Validate = (input, facts) => {
  try {
    const { traits, ...fields } = shapeIdentify(input)
    return validateEvent({ ...fields, event: '$identify', properties: traits }, facts)
  } catch (error) {
    return refusal(error, null)
  }
}

function refusal(error: unknown, event_id: string | null): Validation {
  if (error instanceof Refused) return { ok: false, event_id, code: error.code, message: error.message }
  // A Proxy or a getter of the caller threw while it was read.
  return { ok: false, event_id, code: 'invalid_event', message: 'The event can not be read.' }
}

function judge(input: unknown, shaped: ShapedEvent, event_id: string, facts: ValidationFacts): ValidEvent {
  const warnings: EventWarning[] = []
  warnAboutFields(input, warnings)
  const event_name = judgeName(shaped.event, warnings)
  const clean = (text: string | null | undefined): string => stripped(text ?? '', warnings)
  const time = judgeTime(shaped, facts, warnings)
  const properties = cleanProperties(shaped.properties)
  if (!properties.ok) throw new Refused(properties.code, properties.message)
  for (const warning of properties.warnings) warn(warnings, warning)
  return {
    event_name,
    event_id,
    ...time,
    anonymous_id: judgeId('anonymous_id', shaped.anonymous_id, warnings),
    user_id: judgeId('user_id', shaped.user_id, warnings),
    session_id: judgeId('session_id', shaped.session_id, warnings),
    ...judgeUrl(clean(shaped.url)),
    path: clean(shaped.path),
    referrer: clean(shaped.referrer),
    properties: properties.json,
    ip: shaped.ip ?? '',
    user_agent: (shaped.user_agent ?? '').slice(0, LIMITS.userAgent),
    sdk_name: clean(shaped.sdk_name),
    sdk_version: clean(shaped.sdk_version),
    warnings,
  }
}

function warnAboutFields(input: unknown, warnings: EventWarning[]): void {
  if (typeof input !== 'object' || input === null) return
  let server = false
  let unknown = false
  for (const key of Object.keys(input)) {
    if (KNOWN_FIELDS.has(key)) continue
    if (SERVER_FIELDS.has(key)) server = true
    else unknown = true
  }
  if (server) warnings.push('server_field_ignored')
  if (unknown) warnings.push('unknown_field_ignored')
}

function judgeName(name: string, warnings: EventWarning[]): string {
  if (name.trim() === '') throw new Refused('missing_event', 'The event has no name; send { event: "…" }.')
  if (hasInvisible(name)) {
    throw new Refused('invalid_event', 'The event name holds control or invisible characters.')
  }
  return stripped(name, warnings).trim()
}

function stripped(text: string, warnings: EventWarning[]): string {
  const plain = plainText(text)
  if (plain !== text) warn(warnings, 'sanitized')
  return plain
}

function warn(warnings: EventWarning[], warning: EventWarning): void {
  if (!warnings.includes(warning)) warnings.push(warning)
}

/** Whether an event that carries this id can be stored. */
export function isEventId(id: string): boolean {
  return id.length <= LIMITS.eventId && id.trim() !== '' && !hasControl(id) && id.isWellFormed()
}

function checkEventId(id: string): void {
  if (id.trim() === '')
    throw new Refused('invalid_event_id', 'event_id is empty; leave it out or send 1–128 characters.')
  if (hasControl(id) || !id.isWellFormed()) {
    throw new Refused('invalid_event_id', 'event_id holds control characters.')
  }
}

function judgeId(
  field: 'anonymous_id' | 'user_id' | 'session_id',
  id: string | null | undefined,
  warnings: EventWarning[],
): string {
  if (id === null || id === undefined) return ''
  const lower = id.trim().toLowerCase()
  if (ILLEGAL_IDS.has(lower)) {
    throw new Refused(
      'illegal_id',
      `${field} is ${JSON.stringify(id)}: that is a bug in the sender, not a person.`,
    )
  }
  if (hasControl(id) || !id.isWellFormed()) {
    throw new Refused('illegal_id', `${field} holds control characters.`)
  }
  if (SUSPICIOUS_IDS.has(lower) && field !== 'session_id') warn(warnings, 'suspicious_id')
  return id
}

function judgeUrl(text: string): { url: string; location: URL | null } {
  const url = text.trim()
  if (url === '') return { url: '', location: null }
  const location = parseUrl(url)
  if (location === undefined) {
    throw new Refused('invalid_url', 'url is not an absolute URL such as https://example.com/page.')
  }
  return { url, location }
}

function judgeTime(
  shaped: ShapedEvent,
  facts: ValidationFacts,
  warnings: EventWarning[],
): { timestamp: number; client_timestamp: number | null; claimed: number | null } {
  const { receivedAt, retentionDays } = facts
  const claimed = shaped.timestamp
  const behind = clockError(shaped.sent_at ?? facts.sentAt, receivedAt, warnings)
  if (claimed === null || claimed === undefined)
    return { timestamp: receivedAt, client_timestamp: null, claimed: null }
  const parsed = parseTimestamp(claimed)
  if (!parsed.ok) throw new Refused(parsed.code, parsed.message)
  const timestamp = parsed.ms + behind
  if (timestamp > receivedAt + LIMITS.futureMs) {
    warnings.push('clock_skew')
    return { timestamp: receivedAt, client_timestamp: parsed.ms, claimed: parsed.ms }
  }
  if (timestamp < 0)
    throw new Refused('timestamp_out_of_range', 'The timestamp is before 1970 after correction.')
  if (retentionDays !== null && timestamp < receivedAt - retentionDays * DAY_MS) {
    throw new Refused(
      'older_than_retention',
      `The event is older than the ${retentionDays} days that this project keeps.`,
    )
  }
  return { timestamp, client_timestamp: null, claimed: parsed.ms }
}

/** Milliseconds to add to the client's times: how far its clock was behind when it sent the request. */
function clockError(sentAt: unknown, receivedAt: number, warnings: EventWarning[]): number {
  if (sentAt === null || sentAt === undefined) return 0
  const known = typeof sentAt === 'string' || typeof sentAt === 'number' || sentAt instanceof Date
  const parsed = known ? parseTimestamp(sentAt) : undefined
  if (parsed?.ok) return receivedAt - parsed.ms
  warnings.push('invalid_sent_at')
  return 0
}
