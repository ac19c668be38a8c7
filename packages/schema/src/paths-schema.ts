import * as z from 'zod'
import { eventMatchSchema } from './filter-schema.js'
import { LIMITS } from './limits.js'
import {
  PATH_DIRECTIONS,
  type PathLink,
  type PathNode,
  type PathStep,
  type PathsParams,
  type PathsResponse,
} from './paths.js'
import { flag, questionShape, whole } from './query.js'
import { resultMetaSchema } from './response.js'

/** Parameters of `POST /v1/paths`; an unknown parameter is an error. */
export const pathsParamsSchema: z.ZodType<PathsParams> = z.strictObject({
  ...questionShape,
  direction: z.enum(PATH_DIRECTIONS).optional(),
  from_page: z.string().max(LIMITS.path).optional(),
  start: eventMatchSchema.optional(),
  steps: whole(1, LIMITS.pathSteps).optional(),
  include_events: flag.optional(),
  limit: whole(1, LIMITS.pathNodes).optional(),
  collapse: flag.optional(),
})

const count = z.int().min(0)
const pathNode: z.ZodType<PathNode> = z.strictObject({
  node: z.string().nullable(),
  other: z.literal(true).exactOptional(),
  sessions: count,
  exits: count,
})
const pathStep: z.ZodType<PathStep> = z.strictObject({ step: count, nodes: z.array(pathNode) })
const pathLink: z.ZodType<PathLink> = z.strictObject({
  step: count,
  from: z.string().nullable(),
  to: z.string().nullable(),
  sessions: count,
})

export const pathsResponseSchema: z.ZodType<PathsResponse> = z.strictObject({
  direction: z.enum(PATH_DIRECTIONS),
  sessions: count,
  steps: z.array(pathStep),
  links: z.array(pathLink),
  meta: resultMetaSchema,
})
