export { attributionParamsSchema, attributionResponseSchema } from './attribution-schema.js'
export { cohortsParamsSchema, cohortsResponseSchema } from './cohorts-schema.js'
export {
  batchSchema,
  forgetSchema,
  identifySchema,
  type ShapedEvent,
  type ShapedIdentify,
  trackEventSchema,
} from './event.js'
export { exportRequestSchema } from './export-schema.js'
export { eventFiltersSchema, eventMatchSchema } from './filter-schema.js'
export { funnelParamsSchema, funnelResponseSchema } from './funnel-schema.js'
export { inWords } from './in-words.js'
export { type JsonSchema, type ObjectSchema, toJsonSchema } from './json-schema.js'
export { ILLEGAL_IDS, LIMITS, SUSPICIOUS_IDS, TIMESTAMP_RANGE } from './limits.js'
export { liveParamsSchema, liveResponseSchema } from './live-schema.js'
export {
  compareParamsSchema,
  compareResponseSchema,
  eventListResponseSchema,
  projectListResponseSchema,
  topPagesParamsSchema,
  topPagesResponseSchema,
} from './mcp-schema.js'
export { pathsParamsSchema, pathsResponseSchema } from './paths-schema.js'
export { personParamsSchema, personResponseSchema } from './person-schema.js'
export { queryParamsSchema, sourcesParamsSchema, statsParamsSchema } from './query.js'
export {
  batchResponseSchema,
  EVENT_CODES,
  errorResponseSchema,
  forgetResponseSchema,
  identifyResponseSchema,
  jobResponseSchema,
  queryResponseSchema,
  sourcesResponseSchema,
  statsResponseSchema,
  trackResponseSchema,
} from './response.js'
export { schemaParamsSchema, schemaResponseSchema } from './schema-report-schema.js'
export { suggest } from './suggestion.js'
export { tokenClaimsSchema, tokenParamsSchema, tokenResponseSchema } from './tokens-schema.js'
