import * as z from 'zod'
import { LIMITS } from './limits.js'
import type { PersonQuestion, PersonResponse, PersonTouch } from './person.js'
import { cursorSchema, questionShape, whole } from './query.js'
import { eventRowSchema, resultMetaSchema } from './response.js'

const { from, to, range, timezone } = questionShape

/** Parameters of `GET /v1/person`; an unknown parameter is an error. */
export const personParamsSchema: z.ZodType<PersonQuestion> = z.strictObject({
  from,
  to,
  range,
  timezone,
  user_id: z.string().min(1).max(LIMITS.userId).optional(),
  anonymous_id: z.string().min(1).max(LIMITS.anonymousId).optional(),
  limit: whole(1, LIMITS.queryLimitMax).optional(),
  cursor: cursorSchema.optional(),
})

const moment = z.iso.datetime({ offset: true })
const touch: z.ZodType<PersonTouch> = z.strictObject({
  timestamp: moment,
  source: z.string(),
  medium: z.string(),
  campaign: z.string().nullable(),
  channel: z.string(),
})

export const personResponseSchema: z.ZodType<PersonResponse> = z.strictObject({
  user_id: z.string().nullable(),
  anonymous_ids: z.array(z.string()),
  conflicts: z.array(z.string()),
  events: z.int().min(0),
  first_seen: moment.nullable(),
  last_seen: moment.nullable(),
  first_touch: touch.nullable(),
  last_touch: touch.nullable(),
  traits: z.record(z.string(), z.unknown()),
  timeline: z.array(eventRowSchema),
  next_cursor: z.string().nullable(),
  meta: resultMetaSchema,
})
