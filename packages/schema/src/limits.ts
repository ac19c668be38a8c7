/** Sizes and counts of the wire. Lengths are UTF-16 code units unless the name says bytes. */
export const LIMITS = {
  /** Largest request body after inflation, in bytes. */
  bodyBytes: 1_048_576,
  /** Events in one batch, at least 1. */
  batchEvents: 1000,
  eventName: 128,
  eventId: 128,
  anonymousId: 128,
  userId: 256,
  sessionId: 128,
  url: 2048,
  path: 2048,
  referrer: 2048,
  userAgent: 1024,
  /** `properties` as JSON text in UTF-8 bytes; a longer one is replaced by the documented stub. */
  propertiesBytes: 8192,
  propertiesDepth: 32,
  propertiesValues: 1000,
  propertyKeyBytes: 256,
  /** An event further in the future than this is set to its receive time, in milliseconds. */
  futureMs: 86_400_000,
  queryLimitDefault: 100,
  queryLimitMax: 1000,
  /** Events of an export that are read at once. */
  exportPage: 2000,
  schemaPropertiesDefault: 50,
  sourcesLimitDefault: 50,
  sourcesLimitMax: 200,
  /** Metrics and dimensions of one question. */
  metrics: 20,
  groupBy: 5,
  /** Conditions of one question, nested ones counted, and how deep they may nest. */
  filterConditions: 100,
  filterDepth: 8,
  filterValues: 100,
  funnelSteps: { min: 2, max: 10 },
  funnelStepName: 128,
  funnelWindowDays: 366,
  funnelGroupsDefault: 10,
  funnelGroupsMax: 100,
  /** Buckets of one series. */
  seriesBuckets: 10_000,
  /** Rows of one answer: groups times buckets. */
  seriesRows: 100_000,
  /** Cohorts of one question, and the periods each is followed. */
  cohorts: 1000,
  cohortPeriods: 60,
  /** Moves that paths are followed, and nodes by name at each step. */
  pathSteps: 20,
  pathNodes: 50,
} as const

/** Half-open range [min, max) of event times in epoch milliseconds: what every store can hold. */
export const TIMESTAMP_RANGE = { min: 0, max: 4_291_747_200_000 } as const

/** Ids that are bugs in the sender, not people; compared lower-case after trimming. */
export const ILLEGAL_IDS: ReadonlySet<string> = new Set([
  '',
  'null',
  'undefined',
  'nan',
  'none',
  'nil',
  '[object object]',
  '00000000-0000-0000-0000-000000000000',
])

/** Ids that are often a shared default: stored, with the warning `suspicious_id`. */
export const SUSPICIOUS_IDS: ReadonlySet<string> = new Set([
  '0',
  '1',
  '-1',
  'anonymous',
  'guest',
  'user',
  'test',
  'true',
  'false',
  'unknown',
  'id',
  'distinct_id',
])
