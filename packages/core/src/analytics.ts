import { explain } from '@millimetric/classifier'
import type { StatsParams, StatsResponse } from '@millimetric/schema/wire'
import type { Analytics, QueryContext } from './api.js'
import { createAccountKeys } from './auth/account-keys.js'
import { createAuthenticator } from './auth/authenticate.js'
import { createToken } from './auth/create-token.js'
import { createKeyChanges } from './auth/key-changes.js'
import { createKeyMint } from './auth/key-mint.js'
import { createKeyManager } from './auth/manage-keys.js'
import { originMatcher } from './auth/origin.js'
import type { ProcessPrincipal } from './auth/principal.js'
import { createRateLimiter } from './auth/rate-limit.js'
import { createTokenSigner } from './auth/read-token.js'
import type { EventDefinitions } from './catalog.js'
import { guardDiagnostics } from './diagnostics.js'
import { AnalyticsError } from './errors.js'
import { createHandler } from './http/handler.js'
import { createAdmission } from './ingest/admission.js'
import { createDeliver } from './ingest/deliver.js'
import { createEventNames } from './ingest/event-names.js'
import type { IngestDeps } from './ingest/ingest.js'
import { createUserAgentReader } from './ingest/user-agent.js'
import { hostOfPage } from './ingest/verdict.js'
import { type AnalyticsOptions, resolveOptions } from './options.js'
import type { Project } from './ports/key-store.js'
import { findJob, forget } from './privacy/forget.js'
import { createPrivacy } from './privacy/privacy.js'
import { createSalts } from './privacy/salts.js'
import { createOriginUnion } from './projects/origin-union.js'
import { createProjects } from './projects/projects.js'
import { remember } from './projects/remember.js'
import { readUsage, recountUsage } from './projects/usage.js'
import { createUsageMeter } from './projects/usage-meter.js'
import { queryAttribution } from './query/attribution.js'
import { queryCohorts } from './query/cohorts.js'
import { queryEvents } from './query/events.js'
import { beginExport, rowsOf } from './query/export.js'
import { queryFunnel } from './query/funnel.js'
import { queryLive } from './query/live.js'
import { queryPaths } from './query/paths.js'
import { queryPerson } from './query/person.js'
import { reclassify } from './query/reclassify.js'
import { querySchema } from './query/schema.js'
import { querySources } from './query/sources.js'
import { queryStats } from './query/stats.js'
import { createUpkeep } from './query/upkeep.js'
import { createReceipts } from './receipts.js'
import { memoryRateLimits } from './stores/memory/memory-rate-limits.js'

const USER_AGENTS = 5000
const PROJECT_TTL_MS = 10_000

interface Unfollowed extends Omit<Analytics, 'stats'> {
  stats(params: StatsParams, context?: QueryContext): Promise<StatsResponse>
}

/**
 * Puts the parts together. Pure: opens nothing, starts no timer, reads no environment; work starts on first
 * use. Throws `invalid_options`.
 */
export function createAnalytics<Definitions extends EventDefinitions = EventDefinitions>(
  input: AnalyticsOptions<Definitions>,
): Analytics<Definitions>
// How answers follow from the call is for callers: in here the compiler can't follow it through a plan.
export function createAnalytics(input: AnalyticsOptions): Unfollowed {
  const options = resolveOptions(input)
  const { events, keys, clock } = options
  const onDiagnostic = guardDiagnostics(options.onDiagnostic)
  const tokens = createTokenSigner({ keys })
  const tokenDeps = { tokens, clock, catalog: options.catalog }
  const authenticator = createAuthenticator({
    keys,
    tokens,
    clock,
    cacheTtlMs: options.keyCacheTtlMs,
    findProject: async (name) => await projects.find(name),
    onLookup: () => changes.start(),
    onDiagnostic,
  })
  const keyManager = createKeyManager({ keys, clock, invalidate: authenticator.invalidate })
  const accountKeys = createAccountKeys({
    keys,
    make: createKeyMint({ keys, clock }),
    clock,
    invalidate: authenticator.invalidate,
  })
  const allProjects = remember({
    ttlMs: PROJECT_TTL_MS,
    openingMs: keys.openingMs,
    clock,
    load: async () => await keys.listProjects(),
  })
  const allOrigins = createOriginUnion({ keys, clock, onDiagnostic })
  const projects = createProjects({
    keys,
    keyManager,
    clock,
    onChange(projectId) {
      authenticator.invalidateProject(projectId)
      allProjects.forget()
      allOrigins.forget()
    },
  })
  const changes = createKeyChanges({
    keys,
    clock,
    onDiagnostic,
    onChange(change) {
      if (change.kind === 'key') return authenticator.invalidate(change.prefix)
      const id = change.kind === 'project' ? change.project_id : undefined
      if (id === undefined) authenticator.invalidateAll()
      else authenticator.invalidateProject(id)
      projects.forget(id)
      allProjects.forget()
      allOrigins.forget()
    },
  })
  const meter = createUsageMeter({ keys, plans: options.plans, clock, onDiagnostic })
  const upkeep = createUpkeep({
    store: events,
    findProject: async (id) => await keys.findProject(id),
    clock,
    onDiagnostic,
  })
  const privacy = createPrivacy({
    store: events,
    keys,
    options: options.erasure,
    clock,
    onErased: upkeep.noteStored,
    onDiagnostic,
  })
  const deliver = createDeliver({
    store: events,
    options: options.delivery,
    forgotten: privacy,
    clock,
    onDiagnostic,
  })
  const ingestDeps: IngestDeps = {
    clock,
    noteStored() {
      upkeep.noteStored()
      // A process that died may have left an erasure half done.
      privacy.forget.runner.wake(false)
    },
    erased: privacy.erased,
    retract: privacy.retract,
    deliver,
    admission: createAdmission({
      isOwnTraffic: options.isOwnTraffic,
      names: createEventNames(options.maxEventNames),
      maxEventNames: options.maxEventNames,
      meter,
    }),
    enrichment: {
      salts: createSalts({ keys, clock, onDiagnostic }),
      readUserAgent: createUserAgentReader(USER_AGENTS),
      country: options.country,
      classifier: options.classifier,
    },
    catalog: options.catalog,
    beforeStore: options.beforeStore,
    onDiagnostic,
  }
  const limiter = createRateLimiter({
    limits: options.rateLimits,
    store: options.rateLimitStore,
    local: memoryRateLimits(),
    clock,
    onDiagnostic,
  })
  const queryDeps = { store: events, clock, catalog: options.catalog }
  const usageDeps = { keys, meter, queryDeps }
  async function findProject(name: string | undefined): Promise<Project> {
    const wanted = name ?? options.project
    if (wanted !== undefined) {
      const project = await projects.find(wanted)
      if (project !== undefined) return project
      throw new AnalyticsError('unknown_project', `There is no project "${wanted}".`)
    }
    const listed = await allProjects.ask()
    const [only] = listed
    if (only !== undefined && listed.length === 1) return only
    throw new AnalyticsError(
      'unknown_project',
      only === undefined
        ? 'There is no project yet; make one: await analytics.projects.create({ slug: "my-app" }).'
        : `There are ${listed.length} projects; name one: createAnalytics({ project }) or the call's { project }.`,
    )
  }

  async function principal(name: string | undefined): Promise<ProcessPrincipal> {
    return { kind: 'process', project: await findProject(name) }
  }

  let closing: Promise<{ undelivered: number }> | undefined

  async function close(): Promise<{ undelivered: number }> {
    const report = await deliver.close()
    await upkeep.close()
    await privacy.close()
    await authenticator.flushUsed()
    await meter.close()
    await limiter.close()
    await changes.close()
    await events.close()
    await keys.close()
    return report
  }

  return {
    handler: createHandler({
      ingestDeps,
      queryDeps,
      tokenDeps,
      trustedProxies: options.trustedProxies,
      maxBodyBytes: options.maxBodyBytes,
      bodyTimeoutMs: options.bodyTimeoutMs,
      authenticator,
      limiter,
      anyOrigin: allOrigins.matcher,
      basePath: options.basePath,
      internalSecret: options.internalSecret,
      authenticateUser: options.authenticateUser,
      adminOrigin: originMatcher(options.adminOrigins),
      extensions: options.extensions,
      privacy,
      control: { projects, keyManager, accountKeys, ...usageDeps },
      onDiagnostic,
    }),
    ...createReceipts({ ingestDeps, principal, onDiagnostic }),
    query: async (params, { project, signal } = {}) =>
      await queryEvents(queryDeps, await principal(project), params, { signal }),
    stats: async (params, { project, signal } = {}) =>
      await queryStats(queryDeps, await principal(project), params, { signal }),
    sources: async (params, { project, signal } = {}) =>
      await querySources(queryDeps, await principal(project), params, { signal }),
    attribution: async (params, { project, signal } = {}) =>
      await queryAttribution(queryDeps, await principal(project), params, { signal }),
    live: async (params = {}, { project, signal } = {}) =>
      await queryLive(queryDeps, await principal(project), params, { signal }),
    person: async (params, { project, signal } = {}) =>
      await queryPerson(queryDeps, await principal(project), params, { signal }),
    funnel: async (params, { project, signal } = {}) =>
      await queryFunnel(queryDeps, await principal(project), params, { signal }),
    cohorts: async (params, { project, signal } = {}) =>
      await queryCohorts(queryDeps, await principal(project), params, { signal }),
    paths: async (params, { project, signal } = {}) =>
      await queryPaths(queryDeps, await principal(project), params, { signal }),
    schema: async (params = {}, { project, signal } = {}) =>
      await querySchema(queryDeps, await principal(project), params, { signal }),
    async *export(params = {}, { project, signal } = {}) {
      const { pages } = beginExport(queryDeps, await principal(project), params, { signal })
      yield* rowsOf(pages, signal)
    },
    explain: (url, referrer = '', { requestHost = '', userAgent = '' } = {}) =>
      explain(
        { url, referrer, request_host: hostOfPage(url) || requestHost, user_agent: userAgent },
        options.classifier,
      ),
    reclassify: async (params, { project } = {}) =>
      await reclassify(
        { store: events, clock, classifier: options.classifier },
        await principal(project),
        params,
      ),
    usage: async ({ project } = {}) => await readUsage(usageDeps, await findProject(project)),
    recountUsage: async ({ project, month }) =>
      await recountUsage(usageDeps, await findProject(project), month),
    forget: async (person, { project } = {}) =>
      await forget(privacy.forget, await principal(project), person),
    jobs: {
      find: async (id, { project } = {}) => await findJob(privacy.forget, await principal(project), id),
    },
    retention: { run: privacy.retain },
    projects,
    keys: {
      create: keyManager.create,
      list: keyManager.list,
      rotate: keyManager.rotate,
      revoke: keyManager.revoke,
      account: accountKeys,
    },
    tokens: {
      create: async ({ project, ...input }) => await createToken(tokenDeps, await principal(project), input),
    },
    maintain: async () => await upkeep.run(),
    close() {
      closing ??= close()
      return closing
    },
  }
}
