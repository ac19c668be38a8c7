import { type ShapedEvent, trackEventSchema } from '@millimetric/schema'
import { ILLEGAL_IDS, LIMITS, SUSPICIOUS_IDS } from '@millimetric/schema/limits'
import type { EventCode, EventWarning } from '@millimetric/schema/wire'
import { DAY_MS, parseTimestamp } from '../time.js'
import { cleanProperties, storableText } from './properties.js'

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

const FIELD_CODE: Record<string, EventCode> = {
  event: 'invalid_event',
  event_id: 'invalid_event_id',
  timestamp: 'invalid_timestamp',
  anonymous_id: 'illegal_id',
  user_id: 'illegal_id',
  session_id: 'illegal_id',
  url: 'invalid_url',
  path: 'invalid_path',
  referrer: 'invalid_referrer',
  properties: 'invalid_properties',
}

// Control characters, and the invisible ones that make two names look alike or turn the text around. The
// joiners U+200C and U+200D stay: Persian and emoji need them.
const INVISIBLE = /[\u0000-\u001f\u007f-\u009f\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]/
const CONTROL = /[\u0000-\u001f\u007f]/

class Refused extends Error {
  readonly code: EventCode
  constructor(code: EventCode, message: string) {
    super(message)
    this.code = code
  }
}

/** Judges one event of a request. Never throws, whatever the input is. */
export function validateEvent(input: unknown, facts: ValidationFacts): Validation {
  let eventId: string | null = null
  try {
    const shaped = shape(input)
    const event_id = shaped.event_id ?? ''
    if (typeof shaped.event_id === 'string') checkEventId(shaped.event_id)
    eventId = event_id === '' ? null : event_id
    return { ok: true, event: judge(input, shaped, event_id, facts) }
  } catch (error) {
    if (error instanceof Refused)
      return { ok: false, event_id: eventId, code: error.code, message: error.message }
    // A Proxy or a getter of the caller threw while it was read.
    return { ok: false, event_id: eventId, code: 'invalid_event', message: 'The event can not be read.' }
  }
}

function shape(input: unknown): ShapedEvent {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    throw new Refused('invalid_event', 'An event is an object with at least { event, anonymous_id }.')
  }
  const parsed = trackEventSchema.safeParse(input)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  const field = String(issue?.path[0] ?? '')
  if (field === 'event' && (!('event' in input) || input.event === undefined || input.event === null)) {
    throw new Refused('missing_event', 'The event has no name; send { event: "…" }.')
  }
  throw new Refused(FIELD_CODE[field] ?? 'invalid_event', `${field}: ${issue?.message ?? 'not valid'}`)
}

function judge(input: unknown, shaped: ShapedEvent, event_id: string, facts: ValidationFacts): ValidEvent {
  const warnings: EventWarning[] = []
  warnAboutFields(input, warnings)
  const event_name = judgeName(shaped.event)
  const time = judgeTime(shaped, facts, warnings)
  const properties = cleanProperties(shaped.properties)
  if (!properties.ok) throw new Refused(properties.code, properties.message)
  warnings.push(...properties.warnings)
  return {
    event_name,
    event_id,
    ...time,
    anonymous_id: judgeId('anonymous_id', shaped.anonymous_id, warnings),
    user_id: judgeId('user_id', shaped.user_id, warnings),
    session_id: judgeId('session_id', shaped.session_id, warnings),
    ...judgeUrl(shaped.url),
    path: storableText(shaped.path ?? ''),
    referrer: storableText(shaped.referrer ?? ''),
    properties: properties.json,
    ip: shaped.ip ?? '',
    user_agent: (shaped.user_agent ?? '').slice(0, LIMITS.userAgent),
    sdk_name: storableText(shaped.sdk_name ?? ''),
    sdk_version: storableText(shaped.sdk_version ?? ''),
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

function judgeName(name: string): string {
  const trimmed = storableText(name).trim()
  if (trimmed === '') throw new Refused('missing_event', 'The event has no name; send { event: "…" }.')
  if (INVISIBLE.test(trimmed)) {
    throw new Refused('invalid_event', 'The event name holds control or invisible characters.')
  }
  return trimmed
}

/** Whether an event that carries this id can be stored. */
export function isEventId(id: string): boolean {
  return id.length <= LIMITS.eventId && id.trim() !== '' && !CONTROL.test(id) && id.isWellFormed()
}

function checkEventId(id: string): void {
  if (id.trim() === '')
    throw new Refused('invalid_event_id', 'event_id is empty; leave it out or send 1–128 characters.')
  if (CONTROL.test(id) || !id.isWellFormed()) {
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
  if (CONTROL.test(id) || !id.isWellFormed()) {
    throw new Refused('illegal_id', `${field} holds control characters.`)
  }
  if (SUSPICIOUS_IDS.has(lower) && field !== 'session_id' && !warnings.includes('suspicious_id')) {
    warnings.push('suspicious_id')
  }
  return id
}

function judgeUrl(raw: string | null | undefined): { url: string; location: URL | null } {
  const url = storableText(raw ?? '').trim()
  if (url === '') return { url: '', location: null }
  if (!URL.canParse(url)) {
    throw new Refused('invalid_url', 'url is not an absolute URL such as https://example.com/page.')
  }
  return { url, location: new URL(url) }
}

function judgeTime(
  shaped: ShapedEvent,
  facts: ValidationFacts,
  warnings: EventWarning[],
): { timestamp: number; client_timestamp: number | null; claimed: number | null } {
  const { receivedAt, retentionDays } = facts
  const claimed = shaped.timestamp
  if (claimed === null || claimed === undefined)
    return { timestamp: receivedAt, client_timestamp: null, claimed: null }
  const parsed = parseTimestamp(claimed)
  if (!parsed.ok) throw new Refused(parsed.code, parsed.message)
  const timestamp = parsed.ms + clockError(shaped.sent_at ?? facts.sentAt, receivedAt, warnings)
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
