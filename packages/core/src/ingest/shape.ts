import { identifySchema, type ShapedEvent, type ShapedIdentify, trackEventSchema } from '@millimetric/schema'
import type { EventCode } from '@millimetric/schema/wire'

const FIELD_CODE: Readonly<Record<string, EventCode>> = {
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
  traits: 'invalid_properties',
}

/** Why an event is not taken. */
export class Refused extends Error {
  readonly code: EventCode
  constructor(code: EventCode, message: string) {
    super(message)
    this.code = code
  }
}

/** The fields of an event, each of its type. Throws {@link Refused}, and whatever a getter of the caller throws. */
export function shapeEvent(input: unknown): ShapedEvent {
  if (!isRecord(input)) {
    throw new Refused('invalid_event', 'An event is an object with at least { event, anonymous_id }.')
  }
  const parsed = trackEventSchema.safeParse(input)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  if (issue?.path[0] === 'event' && (input.event === undefined || input.event === null)) {
    throw new Refused('missing_event', 'The event has no name; send { event: "…" }.')
  }
  throw refusedField(issue, '')
}

/** As {@link shapeEvent}, of an identify call. */
export function shapeIdentify(input: unknown): ShapedIdentify {
  if (!isRecord(input)) {
    throw new Refused('invalid_event', 'identify takes an object: { anonymous_id, user_id, traits? }.')
  }
  const parsed = identifySchema.safeParse(input)
  if (parsed.success) return parsed.data
  throw refusedField(parsed.error.issues[0], '; send { anonymous_id, user_id, traits? }')
}

function refusedField(
  issue: { path: readonly PropertyKey[]; message: string } | undefined,
  advice: string,
): Refused {
  const field = String(issue?.path[0] ?? '')
  return new Refused(
    FIELD_CODE[field] ?? 'invalid_event',
    `${field}: ${issue?.message ?? 'not valid'}${advice}.`,
  )
}

function isRecord(input: unknown): input is Record<string, unknown> {
  return typeof input === 'object' && input !== null && !Array.isArray(input)
}
