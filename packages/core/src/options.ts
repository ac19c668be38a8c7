import type { ClassifyOptions } from '@millimetric/classifier'
import { LIMITS } from '@millimetric/schema/limits'
import { validateAllowedOrigin } from './auth/origin.js'
import { type RateLimitsOption, requireLimits } from './auth/rate-limit.js'
import type { AuthenticateUser } from './auth/session.js'
import type { Catalog, EventDefinitions } from './catalog.js'
import type { OnDiagnostic } from './diagnostics.js'
import { printFailures } from './diagnostics.js'
import { AnalyticsError } from './errors.js'
import type { Extension } from './extension.js'
import type { CountryOption } from './ingest/country.js'
import type { DeliverOptions } from './ingest/deliver.js'
import type { BeforeStore } from './ingest/ingest.js'
import { type IsOwnTraffic, type OwnTraffic, ownTrafficMatcher } from './ingest/own-traffic.js'
import { requireOptionNames } from './option-names.js'
import type { EventStore } from './ports/event-store.js'
import type { KeyStore } from './ports/key-store.js'
import type { RateLimitStore } from './ports/rate-limit-store.js'
import type { ErasureOptions } from './privacy/erasure-runner.js'
import type { Plan, Plans } from './projects/usage-meter.js'

/** Everything `createAnalytics` takes; only `events` and `keys` are needed. */
export interface AnalyticsOptions<Definitions extends EventDefinitions = EventDefinitions> {
  /** Where events live: `chdbEvents`, `clickhouseEvents`, `memoryEvents`, or your own. */
  events: EventStore
  /** Where projects and keys live: `pgliteKeys`, `postgresKeys`, `memoryKeys`, or your own. */
  keys: KeyStore
  /** Slug or id of the project of in-process calls; not needed while there is exactly one project. */
  project?: string
  /** Closes the event names: `defineEvents({ … })`. */
  catalog?: Catalog<Definitions>
  /** Prefix the handler is mounted under, when the adapter does not say; empty by default. */
  basePath?: string
  /** How many proxies in front append to X-Forwarded-For; 0 (the default) trusts the peer address only. */
  trustedProxies?: number
  /** Where the visitor's country comes from; unknown by default. */
  country?: CountryOption
  /** Passed to the classifier. */
  classifier?: ClassifyOptions
  beforeStore?: BeforeStore
  /** Largest request body after inflation, bytes; 1 MiB by default. */
  maxBodyBytes?: number
  /** Milliseconds for a request body to arrive, half of them for any part of it; 10,000 by default. Then 408. */
  bodyTimeoutMs?: number
  /** How long a verified key is trusted without asking again, milliseconds; 60,000 by default, at most 300,000. */
  keyCacheTtlMs?: number
  /** At least 16 characters that schedulers send as `X-Internal-Secret`; without it `/internal/…` answers 404. */
  internalSecret?: string
  /**
   * Requests by project, route and kind of key; default track 50/s (200 at once), batch 5/s (20 at once), all
   * else unlimited. In-process calls are never limited.
   */
  rateLimits?: RateLimitsOption
  /** Shares the limits among processes: `redisRateLimits({ client })`. By default each process has its own. */
  rateLimitStore?: RateLimitStore
  /** What projects may use, by the name of their plan; projects of plans that are not here may use anything. */
  plans?: Plans
  /** Events of one's own (localhost, the office, a test key), answered `dropped` with the code `own_traffic`. */
  ownTraffic?: OwnTraffic
  /** Distinct event names that one public key may send a day and process; 1,000 by default. */
  maxEventNames?: number
  /**
   * The host's own login, for `/v1/projects`, their keys and `/v1/usage`: who sends this request? Without it these
   * paths take account and read keys only, or do not exist. For Supabase: `supabaseUsers({ url })`.
   */
  authenticateUser?: AuthenticateUser
  /** Origins of dashboards on other hosts that may use those paths from the browser, with cookies. */
  adminOrigins?: readonly string[]
  /** Paths beside those of core: `mcp()` from `@millimetric/core/mcp`. */
  extensions?: readonly Extension[]
  delivery?: Partial<DeliverOptions>
  /** Pace of erasure; the defaults hear of one within 3 s and let 5 rounds follow at once, then one in 10 minutes. */
  erasure?: Partial<ErasureOptions>
  /** Hears everything that was not stored, and failures. Prints failures to stderr by default. */
  onDiagnostic?: OnDiagnostic
  /** Epoch milliseconds; for tests. */
  clock?: () => number
}

export interface ResolvedOptions {
  events: EventStore
  keys: KeyStore
  project: string | undefined
  catalog: Catalog | undefined
  basePath: string
  trustedProxies: number
  country: CountryOption | undefined
  classifier: ClassifyOptions | undefined
  beforeStore: BeforeStore | undefined
  maxBodyBytes: number
  bodyTimeoutMs: number
  keyCacheTtlMs: number
  internalSecret: string | undefined
  rateLimits: RateLimitsOption | undefined
  rateLimitStore: RateLimitStore | undefined
  plans: Plans
  isOwnTraffic: IsOwnTraffic | undefined
  maxEventNames: number
  authenticateUser: AuthenticateUser | undefined
  adminOrigins: readonly string[]
  extensions: readonly Extension[]
  delivery: DeliverOptions
  erasure: ErasureOptions
  onDiagnostic: OnDiagnostic
  clock: () => number
}

const DELIVERY: DeliverOptions = {
  maxBatchRows: 10_000,
  flushRows: 500,
  flushIntervalMs: 20,
  maxWaiting: 100_000,
  retryDelaysMs: [100, 400, 1600],
}

const ERASURE: ErasureOptions = {
  tombstoneTtlMs: 3000,
  // The pauses between the sends of a batch, and the sends.
  deliveryMs: 7000,
  roundsAtOnce: 5,
  roundEveryMs: 600_000,
}

const NAMES: Readonly<Record<keyof AnalyticsOptions, true>> = {
  events: true,
  keys: true,
  project: true,
  catalog: true,
  basePath: true,
  trustedProxies: true,
  country: true,
  classifier: true,
  beforeStore: true,
  maxBodyBytes: true,
  bodyTimeoutMs: true,
  keyCacheTtlMs: true,
  internalSecret: true,
  rateLimits: true,
  rateLimitStore: true,
  plans: true,
  ownTraffic: true,
  maxEventNames: true,
  authenticateUser: true,
  adminOrigins: true,
  extensions: true,
  delivery: true,
  erasure: true,
  onDiagnostic: true,
  clock: true,
}

/** Checks the options and fills in defaults. Throws `invalid_options`, saying what to change. */
export function resolveOptions<D extends EventDefinitions>(options: AnalyticsOptions<D>): ResolvedOptions {
  requireOptionNames<AnalyticsOptions<D>>('createAnalytics', options ?? {}, NAMES)
  requireStore(
    options?.events,
    'events',
    'insert',
    "chdbEvents({ path: './data' }) from @millimetric/core/chdb",
  )
  requireStore(
    options.keys,
    'keys',
    'findKey',
    "pgliteKeys({ path: './data' }) from @millimetric/core/pglite",
  )
  return {
    events: options.events,
    keys: options.keys,
    project: options.project,
    catalog: options.catalog,
    basePath: checkBasePath(options.basePath ?? ''),
    trustedProxies: whole('trustedProxies', options.trustedProxies ?? 0, 0, 32),
    country: checkCountry(options.country),
    classifier: options.classifier,
    beforeStore: options.beforeStore,
    maxBodyBytes: whole(
      'maxBodyBytes',
      options.maxBodyBytes ?? LIMITS.bodyBytes,
      1024,
      64 * LIMITS.bodyBytes,
    ),
    bodyTimeoutMs: whole('bodyTimeoutMs', options.bodyTimeoutMs ?? 10_000, 10, 3_600_000),
    keyCacheTtlMs: whole('keyCacheTtlMs', options.keyCacheTtlMs ?? 60_000, 0, 300_000),
    internalSecret: checkSecret(options.internalSecret),
    rateLimits:
      typeof options.rateLimits === 'object' ? requireLimits(options.rateLimits) : options.rateLimits,
    rateLimitStore: options.rateLimitStore,
    plans: checkPlans(options.plans ?? {}),
    isOwnTraffic: options.ownTraffic === undefined ? undefined : checkOwnTraffic(options.ownTraffic),
    authenticateUser: checkLogin(options.authenticateUser),
    adminOrigins: checkOrigins(options.adminOrigins ?? []),
    extensions: checkExtensions(options.extensions ?? []),
    maxEventNames: whole('maxEventNames', options.maxEventNames ?? 1_000, 1, 100_000),
    delivery: checkDelivery(withDefaults('delivery', DELIVERY, options.delivery)),
    erasure: checkErasure(withDefaults('erasure', ERASURE, options.erasure)),
    onDiagnostic: options.onDiagnostic ?? printFailures,
    clock: options.clock ?? Date.now,
  }
}

function requireStore(store: unknown, name: string, method: string, example: string): void {
  if (typeof store === 'object' && store !== null && method in store) return
  throw invalid(`${name} is missing or is no store; pass for example ${example}.`)
}

function checkBasePath(basePath: string): string {
  const bare = basePath.replace(/\/+$/, '')
  if (bare === '' || bare.startsWith('/')) return bare
  throw invalid(`basePath must start with a slash, for example "/analytics"; got "${basePath}".`)
}

function checkPlans(plans: Plans): Plans {
  for (const [name, plan] of Object.entries<Plan>(plans)) {
    requireOptionNames(`createAnalytics: plans.${name}`, plan, { eventsPerMonth: true })
    const { eventsPerMonth } = plan
    if (eventsPerMonth === undefined || eventsPerMonth === null) continue
    whole(`plans.${name}.eventsPerMonth`, eventsPerMonth, 0, Number.MAX_SAFE_INTEGER)
  }
  return plans
}

/** An option that is given as undefined has its default too. */
function withDefaults<T extends object>(name: string, defaults: T, given: Partial<T> | undefined): T {
  requireOptionNames<Partial<T>>(`createAnalytics: ${name}`, given, defaults)
  const set = Object.entries(given ?? {}).filter(([, value]) => value !== undefined)
  return { ...defaults, ...Object.fromEntries(set) }
}

function checkCountry(country: CountryOption | undefined): CountryOption | undefined {
  requireOptionNames<{ header?: string; lookup?: unknown }>('createAnalytics: country', country, {
    header: true,
    lookup: true,
  })
  return country
}

function checkOwnTraffic(lists: OwnTraffic): IsOwnTraffic {
  requireOptionNames('createAnalytics: ownTraffic', lists, { origins: true, addresses: true, keys: true })
  try {
    return ownTrafficMatcher(lists)
  } catch (error) {
    throw invalid(error instanceof Error ? error.message : 'ownTraffic is not valid.')
  }
}

function checkLogin(login: AuthenticateUser | undefined): AuthenticateUser | undefined {
  if (login === undefined || typeof login === 'function') return login
  throw invalid('authenticateUser must be a function: (request) => ({ id }) or null.')
}

function checkOrigins(origins: readonly string[]): readonly string[] {
  try {
    return origins.map((origin) => validateAllowedOrigin(origin, 'adminOrigins'))
  } catch (error) {
    throw invalid(error instanceof Error ? error.message : 'adminOrigins is not valid.')
  }
}

function checkExtensions(extensions: readonly Extension[]): readonly Extension[] {
  const fits = Array.isArray(extensions) && extensions.every((one) => Array.isArray(one?.routes))
  if (fits) return extensions
  throw invalid('extensions must be a list of what makes them, for example [mcp()].')
}

function checkSecret(secret: string | undefined): string | undefined {
  if (secret === undefined || (typeof secret === 'string' && secret.length >= 16)) return secret
  throw invalid('internalSecret must be a text of at least 16 characters, its own and never the pepper.')
}

function checkDelivery(delivery: DeliverOptions): DeliverOptions {
  whole('delivery.maxBatchRows', delivery.maxBatchRows, 1, 1_000_000)
  whole('delivery.flushRows', delivery.flushRows, 1, 1_000_000)
  whole('delivery.flushIntervalMs', delivery.flushIntervalMs, 0, 60_000)
  whole('delivery.maxWaiting', delivery.maxWaiting, 1, 10_000_000)
  return delivery
}

function checkErasure(erasure: ErasureOptions): ErasureOptions {
  whole('erasure.tombstoneTtlMs', erasure.tombstoneTtlMs, 0, 60_000)
  whole('erasure.deliveryMs', erasure.deliveryMs, 0, 3_600_000)
  whole('erasure.roundsAtOnce', erasure.roundsAtOnce, 1, 1_000_000)
  whole('erasure.roundEveryMs', erasure.roundEveryMs, 1, 86_400_000)
  return erasure
}

function whole(name: string, value: number, min: number, max: number): number {
  if (Number.isInteger(value) && value >= min && value <= max) return value
  throw invalid(`${name} must be a whole number from ${min} to ${max}; got ${String(value)}.`)
}

function invalid(message: string): AnalyticsError {
  return new AnalyticsError('invalid_options', `createAnalytics: ${message}`)
}
