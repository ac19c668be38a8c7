import * as z from 'zod'
import type { LiveParams, LiveResponse } from './live.js'
import { questionShape, whole } from './query.js'
import { resultMetaSchema } from './response.js'

const { timezone, event, source, medium, user_id, anonymous_id, country, filters } = questionShape

/** Parameters of `GET /v1/live`; an unknown parameter is an error. */
export const liveParamsSchema: z.ZodType<LiveParams> = z.strictObject({
  minutes: whole(1, 30).optional(),
  timezone,
  event,
  source,
  medium,
  user_id,
  anonymous_id,
  country,
  filters,
})

const moment = z.iso.datetime({ offset: true })
const visitors = z.int().min(1)

export const liveResponseSchema: z.ZodType<LiveResponse> = z.strictObject({
  as_of: moment,
  minutes: z.int().min(1).max(30),
  visitors: z.int().min(0),
  events: z.int().min(0),
  pages: z.array(z.strictObject({ path: z.string(), visitors })).max(10),
  sources: z.array(z.strictObject({ source: z.string(), medium: z.string(), visitors })).max(10),
  countries: z.array(z.strictObject({ country: z.string(), visitors })).max(10),
  per_minute: z.array(z.strictObject({ until: moment, events: z.int().min(0), visitors: z.int().min(0) })),
  meta: resultMetaSchema,
})
