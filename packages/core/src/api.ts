import type { Explanation } from '@millimetric/classifier'
import type {
  AttributionParams,
  AttributionResponse,
  CohortsParams,
  CohortsResponse,
  EventCode,
  EventWarning,
  ExportParams,
  ExportRow,
  Forget,
  FunnelParams,
  FunnelResponse,
  Identify,
  LiveParams,
  LiveResponse,
  NoOthers,
  PathsParams,
  PathsResponse,
  PersonParams,
  PersonResponse,
  QueryParams,
  QueryResponse,
  SchemaParams,
  SchemaResponse,
  SourcesParams,
  SourcesResponse,
  StatsParams,
  StatsResponse,
  TokenParams,
  TokenResponse,
  TrackEvent,
} from '@millimetric/schema/wire'
import type { AccountKeys } from './auth/account-keys.js'
import type { KeyManager } from './auth/manage-keys.js'
import type { EventDefinitions, InCatalog, PropertiesOf } from './catalog.js'
import type { ErrorCode } from './errors.js'
import type { Handler } from './http/handler.js'
import type { Job } from './ports/key-store.js'
import type { ForgetAnswer } from './privacy/forget.js'
import type { RetentionReport } from './privacy/retention.js'
import type { Projects } from './projects/projects.js'
import type { ProjectUsage } from './projects/usage.js'
import type { Reclassification, ReclassifyParams } from './query/reclassify.js'
import type { UpkeepReport } from './query/upkeep.js'

/** Where an in-process call belongs and whom it speaks for. */
export interface CallContext {
  /** Slug or id; the `project` option, or the only project, by default. */
  project?: string
  /** Address of the visitor; hashed, never stored. */
  ip?: string
  /** User agent of the visitor. */
  userAgent?: string
  /** Host of the visitor's page, for telling own pages from others when the event has no url. */
  requestHost?: string
}

export interface QueryContext {
  /** Slug or id; the `project` option, or the only project, by default. */
  project?: string
  signal?: AbortSignal
}

/**
 * What became of an in-process event. `failed` means that the store could not take it (it may be stored all
 * the same): call again with the same `event_id` and it counts once.
 */
export type Receipt =
  | { ok: true; event_id: string; status: 'stored' | 'duplicate'; warnings?: readonly EventWarning[] }
  | {
      ok: false
      event_id: string | null
      status: 'rejected' | 'dropped' | 'failed'
      code: EventCode | ErrorCode
      message: string
    }

export interface BatchReceipt {
  /** True when every event is stored or a duplicate. */
  ok: boolean
  /** Stored and duplicates. */
  count: number
  /** One a event, in order. */
  results: readonly Receipt[]
}

/** An event as `track` takes it; with a catalog, names and properties are typed by it. */
export type EventInput<Definitions extends EventDefinitions> = string extends keyof Definitions
  ? TrackEvent
  :
      | {
          [Name in keyof Definitions & string]: Omit<TrackEvent, 'event' | 'properties'> & {
            event: Name
            properties: PropertiesOf<Definitions[Name]>
          }
        }[keyof Definitions & string]
      | (Omit<TrackEvent, 'event'> & { event: `$${string}` })

export interface Analytics<Definitions extends EventDefinitions = EventDefinitions> {
  /** Answers HTTP requests; mount it on your router through an adapter. Never rejects. */
  readonly handler: Handler
  /** Stores one event. Never rejects: the receipt says what became of it. */
  track(event: EventInput<Definitions>, context?: CallContext): Promise<Receipt>
  /** Stores any number of events, 1000 at a time. Never rejects. */
  batch(events: readonly EventInput<Definitions>[], context?: CallContext): Promise<BatchReceipt>
  /** Links an anonymous id to a user, with traits. Never rejects. */
  identify(identity: Identify, context?: CallContext): Promise<Receipt>
  /** Raw events, newest first. */
  query(params: InCatalog<QueryParams, Definitions>, context?: QueryContext): Promise<QueryResponse>
  /** Metrics by dimensions and time; rows have exactly the columns that the parameters ask for. */
  stats<const P extends InCatalog<StatsParams, Definitions>>(
    params: P & NoOthers<P, StatsParams>,
    context?: QueryContext,
  ): Promise<StatsResponse<P>>
  /** Events, visitors and paid share by source. */
  sources(params: InCatalog<SourcesParams, Definitions>, context?: QueryContext): Promise<SourcesResponse>
  /** How many people or sessions take 2–10 steps in order, how long it takes them, and by group. */
  funnel(params: InCatalog<FunnelParams, Definitions>, context?: QueryContext): Promise<FunnelResponse>
  /**
   * Conversions by what brought the people: a touch by default the last that was not direct, within 30 days before. Errors:
   * `invalid_params`, `invalid_group_by`, `query_too_expensive`, `storage_unavailable`.
   */
  attribution(
    params: InCatalog<AttributionParams, Definitions>,
    context?: QueryContext,
  ): Promise<AttributionResponse>
  /**
   * Visitors of the last 5 minutes (or 1 to 30): how many, where they are and where they came from. Errors:
   * `invalid_params`, `storage_unavailable`.
   */
  live(params?: InCatalog<LiveParams, Definitions>, context?: QueryContext): Promise<LiveResponse>
  /**
   * Who somebody is and all they did, on all their devices, newest first; walking `next_cursor` brings every event once.
   * Errors: `invalid_params`, `query_too_expensive`, `storage_unavailable`.
   */
  person(params: PersonParams, context?: QueryContext): Promise<PersonResponse>
  /**
   * User retention: of the people who began in each day, week or month, how many returned in the periods after it. A
   * period that has not begun is null, one that goes on is marked `open`.
   */
  cohorts(params: InCatalog<CohortsParams, Definitions>, context?: QueryContext): Promise<CohortsResponse>
  /** Ways of sessions from a page or event, or to it: nodes at each step, and how many sessions move between them. */
  paths(params: InCatalog<PathsParams, Definitions>, context?: QueryContext): Promise<PathsResponse>
  /**
   * Event names and property keys seen (in the last 30 days without a range), with counts and types, and what questions may
   * be made of. Errors: `invalid_params`, `query_too_expensive`, `storage_unavailable`.
   */
  schema(params?: InCatalog<SchemaParams, Definitions>, context?: QueryContext): Promise<SchemaResponse>
  /**
   * Events with all their columns, oldest first, without a range all there are: `for await (const event of
   * analytics.export({ range: '30d' }))`. Read a page at a time, as fast as the loop takes them; leaving the loop ends it.
   * Errors on the way: `invalid_params`, `query_too_expensive`, `storage_unavailable`.
   */
  export(params?: InCatalog<ExportParams, Definitions>, context?: QueryContext): AsyncIterable<ExportRow>
  /**
   * Which rules judge a visit, and why: every rule in order, whether it matched, and what it would have said. The options
   * are those that events are judged with.
   */
  explain(
    url: string,
    referrer?: string,
    context?: Pick<CallContext, 'requestHost' | 'userAgent'>,
  ): Explanation
  /**
   * Judges stored events again under the rules and options of now, and says what would move; with `apply` it moves, in
   * every report. Errors: `invalid_params`, `storage_unavailable`; then run it again.
   */
  reclassify(params: ReclassifyParams, context?: Pick<QueryContext, 'project'>): Promise<Reclassification>
  /**
   * Erases a person's events up to now from every table, in the background; late events of theirs are refused from now
   * on. Errors: `invalid_payload`, `storage_unavailable`.
   */
  forget(person: Forget, context?: { project?: string }): Promise<ForgetAnswer>
  readonly jobs: {
    /** Undefined when the project has no such job. */
    find(id: string, context?: { project?: string }): Promise<Job | undefined>
  }
  readonly retention: {
    /** Removes what is older than each project keeps; run it daily. Changes no answer. */
    run(): Promise<RetentionReport>
  }
  readonly projects: Projects
  readonly keys: Omit<KeyManager, 'prepare'> & { readonly account: AccountKeys }
  readonly tokens: {
    /**
     * A short-lived token with which a browser reads part of a project: only the events that `filters` let through exist
     * for it, in every answer. `project` is a slug or id. Errors: `invalid_params`, `unknown_project`.
     */
    create(
      input: InCatalog<TokenParams, Definitions> & { project?: string | undefined },
    ): Promise<TokenResponse>
  }
  /** Stored events by month, and what the plan allows. */
  usage(context?: { project?: string }): Promise<ProjectUsage>
  /**
   * Counts a month (`YYYY-MM`, UTC) again from its events, after a crash, and puts the meter to that number. Call
   * it while the month takes no events.
   */
  recountUsage(context: { project?: string; month: string }): Promise<ProjectUsage>
  /**
   * One round of upkeep now: removes what two processes stored twice in the same instant, and prepares ended days for
   * fast answers. Runs by itself in the background while events come in; no answer depends on it.
   */
  maintain(): Promise<UpkeepReport>
  /**
   * Sends what waits, writes what was collected and closes both stores. Idempotent; reports how many events
   * could not be delivered in the life of this object.
   */
  close(): Promise<{ undelivered: number }>
}
