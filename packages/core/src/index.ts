export { createAnalytics } from './analytics.js'
export type { Analytics, BatchReceipt, CallContext, EventInput, QueryContext, Receipt } from './api.js'
export type { AccountKeys, CreateAccountKey } from './auth/account-keys.js'
export type { RotateKey } from './auth/key-rotation.js'
export type { CreateKey, KeyInfo } from './auth/manage-keys.js'
export type { LimitedRoute, RateLimits, RateLimitsOption } from './auth/rate-limit.js'
export type { AuthenticateUser, HostUser } from './auth/session.js'
export {
  type Catalog,
  defineEvents,
  type EventDefinitions,
  type PropertiesOf,
  type StandardSchema,
} from './catalog.js'
export type { Diagnostic, OnDiagnostic } from './diagnostics.js'
export { AnalyticsError, ERROR_STATUS, type ErrorCode, isAnalyticsError } from './errors.js'
export type { Extension, ExtensionCall, ExtensionDeps, ExtensionRoute } from './extension.js'
export type { Handler, RequestContext } from './http/handler.js'
export type { CountryOption } from './ingest/country.js'
export type { DeliverOptions } from './ingest/deliver.js'
export type { BeforeStore } from './ingest/ingest.js'
export type { OwnTraffic } from './ingest/own-traffic.js'
export type { AnalyticsOptions } from './options.js'
export type { AttributionPlan, AttributionResult } from './ports/attribution-plan.js'
export type { CohortCounts, CohortsPlan, CohortsResult } from './ports/cohorts-plan.js'
export type { Condition, Match, SetCondition, TextCondition } from './ports/conditions.js'
export type {
  ErasureRecord,
  ErasureRequest,
  ErasureStore,
  PersonSelector,
  PurgeReceipt,
  PurgeSelector,
  RetentionSelector,
  RowCounts,
  Tombstone,
  Trace,
} from './ports/erasure-store.js'
export type {
  ChangedQuarter,
  Day,
  EventKey,
  EventStore,
  FrozenBatch,
  StoredEvent,
} from './ports/event-store.js'
export type { ExportPlan, ExportResult } from './ports/export-plan.js'
export type { FunnelGroupBy, FunnelPlan, FunnelResult, FunnelStepResult } from './ports/funnel-plan.js'
export type {
  Job,
  JobPatch,
  JobState,
  KeyKind,
  KeyRecord,
  KeyStore,
  Pepper,
  Project,
  ProjectPatch,
  Salt,
  Scope,
  UsageRow,
} from './ports/key-store.js'
export type { LivePlan, LiveResult } from './ports/live-plan.js'
export type { PathMove, PathsPlan, PathsResult } from './ports/paths-plan.js'
export type {
  EventMoment,
  EventsPlan,
  EventsResult,
  PersonIds,
  PersonPlan,
  PersonResult,
  PlanScope,
  QueryPlan,
  QueryResults,
  ResultFacts,
  SourcesPlan,
} from './ports/query-plan.js'
export type { RateLimit, RateLimitStore, Taken } from './ports/rate-limit-store.js'
export type { SchemaPlan, SchemaResult } from './ports/schema-plan.js'
export type { StatsPlan, StatsResult, StatsResultRow } from './ports/stats-plan.js'
export type {
  EventRange,
  Landing,
  StoredVerdict,
  VerdictChange,
  VerdictStore,
} from './ports/verdict-store.js'
export type { ErasureOptions } from './privacy/erasure-runner.js'
export type { ForgetAnswer } from './privacy/forget.js'
export type { RetentionReport } from './privacy/retention.js'
export type { Projects } from './projects/projects.js'
export type { ProjectUsage } from './projects/usage.js'
export type { Plan, Plans } from './projects/usage-meter.js'
export type { Move, MoveSide, Reclassification, ReclassifyParams } from './query/reclassify.js'
