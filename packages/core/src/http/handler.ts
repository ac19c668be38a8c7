import { constantTimeEqualHex, randomHex, sha256Hex } from '#crypto'
import type { Authenticator } from '../auth/authenticate.js'
import { invalidField } from '../auth/input-field.js'
import { matcherOf, type OriginMatcher } from '../auth/origin.js'
import type { KeyPrincipal } from '../auth/principal.js'
import type { LimitState, RateLimiter } from '../auth/rate-limit.js'
import { type AuthenticateUser, requireUser } from '../auth/session.js'
import type { OnDiagnostic } from '../diagnostics.js'
import { AnalyticsError, isAnalyticsError } from '../errors.js'
import type { Extension } from '../extension.js'
import type { Caller } from '../projects/manage-projects.js'
import { CONTROL_ROUTES } from './control-routes.js'
import { answerPreflight, grantOrigin } from './cors.js'
import { requireDashboardOrigin } from './dashboard-origin.js'
import { INGEST_ROUTES } from './ingest-routes.js'
import { PRIVACY_ROUTES } from './privacy-routes.js'
import { QUERY_ROUTES } from './query-routes.js'
import { addLimitHeaders, rateLimited } from './rate-limit-headers.js'
import { errorResponse, json } from './respond.js'
import type { AddedRoute, Call, KeyRoute, Route, RouteDeps, UserRoute } from './route.js'
import { createRouter, type Router } from './router.js'
import { TOKEN_ROUTES } from './token-routes.js'

/** What an adapter knows beside the request itself. */
export interface RequestContext {
  /** Prefix the handler is mounted under, for example `/analytics`. */
  basePath?: string | undefined
  /** Address of the peer of the connection. */
  ip?: string | undefined
  /** Keeps a serverless function alive for work behind the answer. */
  waitUntil?: ((work: Promise<unknown>) => void) | undefined
}

export type Handler = (request: Request, context?: RequestContext) => Promise<Response>

export interface HandlerDeps extends RouteDeps {
  authenticator: Authenticator
  limiter: RateLimiter
  /** Matches the origins of all projects; within so many milliseconds, if given. Never rejects. */
  anyOrigin(patienceMs?: number): Promise<OriginMatcher>
  basePath: string
  /** The host's login; paths for users do not exist without it. */
  authenticateUser: AuthenticateUser | undefined
  /** Matches the origins of dashboards that are served from elsewhere. */
  adminOrigin: OriginMatcher
  /** What schedulers send as `X-Internal-Secret`; internal paths do not exist without it. */
  internalSecret: string | undefined
  extensions: readonly Extension[]
  onDiagnostic: OnDiagnostic
}

const NO_ORIGIN: OriginMatcher = () => false
// An error may have waited for the key store already.
const ERROR_PATIENCE_MS = 200
const ROUTES: readonly Route[] = [
  ...INGEST_ROUTES,
  ...QUERY_ROUTES,
  ...TOKEN_ROUTES,
  ...CONTROL_ROUTES,
  ...PRIVACY_ROUTES,
]

/** Turns requests into answers; never rejects. Throws `invalid_options` for extensions with paths that are taken. */
export function createHandler(deps: HandlerDeps): Handler {
  const find = createRouter([...ROUTES, ...addedRoutes(deps.extensions)])
  return async (request, context = {}) => {
    try {
      const url = new URL(request.url)
      const path = pathBelow(url.pathname, context.basePath ?? deps.basePath)
      const answer = await answerPath(deps, find, request, url, path, context)
      if (request.method !== 'HEAD') return answer
      await answer.body?.cancel()
      return new Response(null, answer)
    } catch (error) {
      return await readable(deps, request, failure(deps, request, error))
    }
  }
}

function addedRoutes(extensions: readonly Extension[]): AddedRoute[] {
  const taken = new Set([...OPEN_ROUTES.keys(), ...ROUTES.map(({ path }) => path)])
  return extensions.flatMap(({ name, routes }) =>
    routes.map((route) => {
      if (!taken.has(route.path)) return { by: 'extension', ...route }
      throw new AnalyticsError(
        'invalid_options',
        `createAnalytics: extensions: ${name} brings ${route.path}, which is there already.`,
      )
    }),
  )
}

async function answerPath(
  deps: HandlerDeps,
  find: Router<Route>,
  request: Request,
  url: URL,
  path: string | undefined,
  context: RequestContext,
): Promise<Response> {
  const method = request.method === 'HEAD' ? 'GET' : request.method
  const open = path === undefined ? undefined : OPEN_ROUTES.get(path)
  if (open !== undefined) {
    return method === 'GET' ? await open() : await readable(deps, request, notAllowed('GET'))
  }
  const found = path === undefined ? undefined : find(path)
  const [first] = found?.routes.values() ?? []
  if (found === undefined || first === undefined || !exists(deps, first)) {
    throw new AnalyticsError('not_found', 'There is no such path here.')
  }
  if (method === 'OPTIONS') {
    const methods = allowed(found.routes)
    if (first.by === 'user') return answerPreflight(request, methods, deps.adminOrigin, true)
    const asked = first.by !== 'internal' && request.headers.has('origin')
    const headers = first.by === 'extension' ? first.requestHeaders : undefined
    return answerPreflight(request, methods, asked ? await deps.anyOrigin() : NO_ORIGIN, false, headers)
  }
  const route = found.routes.get(method)
  if (route === undefined) {
    const answer = notAllowed(allowed(found.routes))
    if (first.by !== 'user') return await readable(deps, request, answer)
    grantOrigin(answer.headers, request.headers.get('origin'), deps.adminOrigin, true)
    return answer
  }
  const call: Call = { request, url, params: found.params, peer: context.ip }
  if (route.by === 'key') return await answerKey(deps, route, call)
  if (route.by === 'user') return await answerUser(deps, route, call)
  if (route.by === 'extension') return await answerAdded(deps, route, call)
  await requireInternalSecret(request, deps.internalSecret)
  return await route.run(deps, call)
}

async function answerKey(deps: HandlerDeps, route: KeyRoute, call: Call): Promise<Response> {
  const { request, url } = call
  const origin = request.headers.get('origin')
  let principal: KeyPrincipal | undefined
  let limited: LimitState | undefined
  try {
    const { scope, allowQueryKey, allowToken, secretOnly } = route
    const project = scope === 'read' ? takeProject(url) : undefined
    const need = { scope, allowQueryKey, allowToken, project, secretOnly }
    principal = await deps.authenticator.authenticate(request, need)
    url.searchParams.delete('key')
    if (route.limited !== undefined) {
      limited = await deps.limiter.take(principal, route.limited)
      if (limited?.taken.allowed === false) throw rateLimited(limited)
    }
    const answer = await route.run(deps, { ...call, principal })
    if (limited !== undefined) addLimitHeaders(answer.headers, limited)
    grantOrigin(answer.headers, origin, matcherOf(principal.project.allowed_origins))
    return answer
  } catch (error) {
    const answer = failure(deps, request, error)
    if (limited !== undefined) addLimitHeaders(answer.headers, limited)
    if (principal === undefined && !isRefusedOrigin(error)) return await readable(deps, request, answer)
    grantOrigin(answer.headers, origin, principal ? matcherOf(principal.project.allowed_origins) : NO_ORIGIN)
    return answer
  }
}

async function answerUser(deps: HandlerDeps, route: UserRoute, call: Call): Promise<Response> {
  const { request, url } = call
  const origin = request.headers.get('origin')
  let answer: Response
  try {
    requireDashboardOrigin(request, url, deps.adminOrigin)
    const project = takeProject(url)
    answer = await route.run(deps, { ...call, project, caller: await callerOf(deps, route, request) })
  } catch (error) {
    answer = failure(deps, request, error)
  }
  grantOrigin(answer.headers, origin, deps.adminOrigin, true)
  return answer
}

async function answerAdded(deps: HandlerDeps, route: AddedRoute, call: Call): Promise<Response> {
  try {
    return await route.answer(deps, call)
  } catch (error) {
    const answer = failure(deps, call.request, error)
    if (!isRefusedOrigin(error)) return await readable(deps, call.request, answer)
    grantOrigin(answer.headers, null, NO_ORIGIN)
    return answer
  }
}

// A session token never looks like this, and a key must never reach the host's login.
const KEY_LOOK = /^bearer (?:pk|sk|rk|ak|rt)_/i

async function callerOf(
  { authenticator, authenticateUser }: HandlerDeps,
  { keys }: UserRoute,
  request: Request,
): Promise<Caller> {
  const header = request.headers.get('authorization') ?? ''
  if (!KEY_LOOK.test(header) && authenticateUser !== undefined) {
    return await requireUser(request, authenticateUser)
  }
  if (keys === 'account' || (keys === 'read' && /^bearer ak_/i.test(header))) {
    return await authenticator.authenticateAccount(request)
  }
  if (keys === 'read')
    return await authenticator.authenticate(request, { scope: 'read', allowQueryKey: false })
  throw new AnalyticsError('invalid_session', 'This path takes a session of the host, not a key.')
}

/** The project that a request names; the parameter belongs to no question. */
function takeProject(url: URL): string | undefined {
  const named = ['project_id', 'project_slug'].flatMap((name) => url.searchParams.getAll(name))
  if (named.length > 1) throw invalidField('project_id', 'name one project, once.')
  url.searchParams.delete('project_id')
  url.searchParams.delete('project_slug')
  return named[0]
}

/** Account keys and read keys can be used without a login of the host. */
function exists({ internalSecret, authenticateUser }: HandlerDeps, route: Route): boolean {
  if (route.by === 'internal') return internalSecret !== undefined
  return route.by !== 'user' || route.keys !== 'none' || authenticateUser !== undefined
}

function allowed(routes: ReadonlyMap<string, unknown>): string {
  return [...routes.keys()]
    .flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]))
    .concat('OPTIONS')
    .join(', ')
}

async function requireInternalSecret(request: Request, secret: string | undefined): Promise<void> {
  const given = request.headers.get('x-internal-secret')
  // Hashed first, so that the comparison takes the same time whatever the lengths.
  const [left, right] = [await sha256Hex(given ?? ''), await sha256Hex(secret ?? '')]
  if (given !== null && secret !== undefined && constantTimeEqualHex(left, right)) return
  throw new AnalyticsError(
    'invalid_internal_secret',
    'Send the internalSecret of this server in X-Internal-Secret.',
  )
}

/** Errors must be readable by the page that caused them, but not by one that was refused for its origin. */
function isRefusedOrigin(error: unknown): boolean {
  return isAnalyticsError(error) && error.code === 'origin_not_allowed'
}

/** An error that belongs to no project is for the pages of all of them. Requests of no page ask nobody. */
async function readable(deps: HandlerDeps, { headers }: Request, answer: Response): Promise<Response> {
  const origin = headers.get('origin')
  grantOrigin(answer.headers, origin, origin === null ? NO_ORIGIN : await deps.anyOrigin(ERROR_PATIENCE_MS))
  return answer
}

const OPEN_ROUTES: ReadonlyMap<string, () => Promise<Response>> = new Map([
  ['/healthz', async () => json({ ok: true }, 200)],
  ['/v1/a.js', browserScript],
])

async function browserScript(): Promise<Response> {
  const { script } = await import('@millimetric/track/script')
  return new Response(script, {
    headers: {
      'content-type': 'application/javascript; charset=utf-8',
      'cache-control': 'public, max-age=3600',
      'access-control-allow-origin': '*',
      'cross-origin-resource-policy': 'cross-origin',
    },
  })
}

function notAllowed(methods: string): Response {
  const answer = errorResponse(
    new AnalyticsError('method_not_allowed', `Allowed here: ${methods}.`),
    randomHex(8),
  )
  answer.headers.set('allow', methods)
  return answer
}

function failure(deps: HandlerDeps, { signal }: Request, error: unknown): Response {
  const requestId = randomHex(8)
  if (isAnalyticsError(error)) return errorResponse(error, requestId)
  if (signal.aborted) {
    return errorResponse(new AnalyticsError('request_aborted', 'The client went away.'), requestId)
  }
  deps.onDiagnostic({ kind: 'internal_error', level: 'error', request_id: requestId, error })
  return errorResponse(
    new AnalyticsError('internal_error', 'Something went wrong here; the request id names it in the logs.'),
    requestId,
  )
}

/** The path below the mount prefix; undefined when the request lies outside of it. */
function pathBelow(path: string, basePath: string): string | undefined {
  const prefix = basePath.endsWith('/') ? basePath.slice(0, -1) : basePath
  if (prefix === '') return path
  return path.startsWith(`${prefix}/`) ? path.slice(prefix.length) : undefined
}
