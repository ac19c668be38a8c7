import * as z from 'zod'
import { LIMITS } from './limits.js'
import type { Forget } from './wire.js'

/** A track event whose shape has been checked: ids are text, absent fields are undefined or null. */
export interface ShapedEvent {
  event: string
  event_id?: string | null | undefined
  timestamp?: string | number | Date | null | undefined
  sent_at?: unknown
  anonymous_id?: string | null | undefined
  user_id?: string | null | undefined
  session_id?: string | null | undefined
  url?: string | null | undefined
  path?: string | null | undefined
  referrer?: string | null | undefined
  properties?: Record<string, unknown> | null | undefined
  ip?: string | null | undefined
  user_agent?: string | null | undefined
  sdk_name?: string | null | undefined
  sdk_version?: string | null | undefined
}

const text = (max: number): z.ZodString => z.string().max(max)

// Databases hand out numeric ids; they are text from here on, so that 42 and "42" are one person.
const id = (max: number): z.ZodType<string> => z.union([z.string().max(max), z.number().transform(String)])

const instant: z.ZodType<string | number | Date> = z.union([z.string(), z.number(), z.date()])

const properties: z.ZodType<Record<string, unknown>> = z.custom<Record<string, unknown>>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  'Expected an object',
)

/** Shape of one track event. Meaning (ids, times, property values) is judged by the server. */
export const trackEventSchema: z.ZodType<ShapedEvent> = z.object({
  event: text(LIMITS.eventName),
  event_id: id(LIMITS.eventId).nullish(),
  timestamp: instant.nullish(),
  sent_at: z.unknown().optional(),
  anonymous_id: id(LIMITS.anonymousId).nullish(),
  user_id: id(LIMITS.userId).nullish(),
  session_id: id(LIMITS.sessionId).nullish(),
  url: text(LIMITS.url).nullish(),
  path: text(LIMITS.path).nullish(),
  referrer: text(LIMITS.referrer).nullish(),
  properties: properties.nullish(),
  ip: text(128).nullish(),
  user_agent: z.string().nullish(),
  sdk_name: text(64).nullish(),
  sdk_version: text(64).nullish(),
})

/** Shape of a batch body. Its events are judged one by one, so that a bad one never costs the others. */
export const batchSchema: z.ZodType<{ events: unknown[]; sent_at?: unknown }> = z.object({
  events: z.array(z.unknown()).min(1).max(LIMITS.batchEvents),
  sent_at: z.unknown().optional(),
})

export interface ShapedIdentify {
  anonymous_id: string
  user_id: string
  traits?: Record<string, unknown> | null | undefined
  event_id?: string | null | undefined
  timestamp?: string | number | Date | null | undefined
  sent_at?: unknown
}

export const identifySchema: z.ZodType<ShapedIdentify> = z.object({
  anonymous_id: id(LIMITS.anonymousId),
  user_id: id(LIMITS.userId),
  traits: properties.nullish(),
  event_id: id(LIMITS.eventId).nullish(),
  timestamp: instant.nullish(),
  sent_at: z.unknown().optional(),
})

/** Body of `POST /v1/forget`: exactly one of the two ids. */
export const forgetSchema: z.ZodType<Forget> = z.union([
  z.strictObject({ user_id: z.string().min(1).max(LIMITS.userId), anonymous_id: z.undefined().optional() }),
  z.strictObject({
    anonymous_id: z.string().min(1).max(LIMITS.anonymousId),
    user_id: z.undefined().optional(),
  }),
])
