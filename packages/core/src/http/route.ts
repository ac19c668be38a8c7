import type { AuthenticationNeed } from '../auth/authenticate.js'
import type { TokenDeps } from '../auth/create-token.js'
import type { KeyPrincipal } from '../auth/principal.js'
import type { LimitedRoute } from '../auth/rate-limit.js'
import type { ExtensionRoute } from '../extension.js'
import type { IngestDeps } from '../ingest/ingest.js'
import type { Scope } from '../ports/key-store.js'
import type { Caller } from '../projects/manage-projects.js'
import type { QueryDeps } from '../query/events.js'
import type { BodyLimits } from './body.js'
import type { ControlDeps } from './control-deps.js'
import type { PrivacyDeps } from './privacy-routes.js'

export interface RouteDeps extends BodyLimits {
  ingestDeps: IngestDeps
  queryDeps: QueryDeps
  trustedProxies: number
  control: ControlDeps
  privacy: PrivacyDeps
  tokenDeps: TokenDeps
}

/** What every route is called with. */
export interface Call {
  request: Request
  url: URL
  /** Parts of the path by name, decoded: `/v1/jobs/:id` gives `{ id }`. */
  params: Readonly<Record<string, string>>
  /** Address of the peer of the connection. */
  peer: string | undefined
}

export interface KeyCall extends Call {
  principal: KeyPrincipal
}

export type Method = 'GET' | 'POST' | 'DELETE'

interface BareRoute {
  method: Method
  /** Exact, or with parts such as `:id`, which match one segment. */
  path: string
}

/** Takes a key of the project it works on. */
export interface KeyRoute extends BareRoute {
  by: 'key'
  scope: Scope
  /** Secret keys only; what the others get, before their scopes are looked at. */
  secretOnly?: NonNullable<AuthenticationNeed['secretOnly']>
  /** The name of the route in the rate limits; absent = never limited. */
  limited?: LimitedRoute
  /** A public key may come as `?key=`: beacons can't set headers. */
  allowQueryKey: boolean
  /** A read token may come instead of a key: the route must hold to what its principal may see. */
  allowToken?: boolean
  run(deps: RouteDeps, call: KeyCall): Promise<Response>
}

/** Takes the host's own secret in `X-Internal-Secret`: for schedulers. There is no such path without one. */
export interface InternalRoute extends BareRoute {
  by: 'internal'
  run(deps: RouteDeps, call: Call): Promise<Response>
}

/** Takes a session of the host, and some kinds of keys. There is no such path without `authenticateUser`. */
export interface UserRoute extends BareRoute {
  by: 'user'
  /** `account`: account keys too; `read`: any key with the scope `read`. */
  keys: 'none' | 'account' | 'read'
  run(deps: RouteDeps, call: UserCall): Promise<Response>
}

export interface UserCall extends Call {
  caller: Caller
  /** What the request names as `project_id` or `project_slug`. */
  project: string | undefined
}

/** Answered by what the host added. */
export interface AddedRoute extends ExtensionRoute {
  by: 'extension'
}

export type Route = KeyRoute | UserRoute | InternalRoute | AddedRoute
