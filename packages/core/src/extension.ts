import type { Authenticator } from './auth/authenticate.js'
import type { RateLimiter } from './auth/rate-limit.js'
import type { OnDiagnostic } from './diagnostics.js'
import type { IngestDeps } from './ingest/ingest.js'
import type { ManageDeps } from './projects/manage-projects.js'
import type { QueryDeps } from './query/events.js'

/** What an extension works with: what the routes of core get. */
export interface ExtensionDeps {
  readonly authenticator: Authenticator
  readonly limiter: RateLimiter
  readonly ingestDeps: IngestDeps
  readonly queryDeps: QueryDeps
  readonly control: ManageDeps
  readonly trustedProxies: number
  readonly maxBodyBytes: number
  readonly bodyTimeoutMs: number
  readonly onDiagnostic: OnDiagnostic
}

export interface ExtensionCall {
  readonly request: Request
  readonly url: URL
  /** Address of the peer of the connection. */
  readonly peer: string | undefined
}

export interface ExtensionRoute {
  readonly method: 'GET' | 'POST' | 'DELETE'
  /** Exact, below the prefix the handler is mounted on. */
  readonly path: string
  /** Headers that pages may send beside `Authorization` and those of the content. */
  readonly requestHeaders?: readonly string[]
  /** What it throws becomes the error envelope. It authenticates, limits and grants origins itself. */
  answer(deps: ExtensionDeps, call: ExtensionCall): Promise<Response>
}

/** Paths that a host adds to the handler: `createAnalytics({ extensions: [mcp()] })`. */
export interface Extension {
  readonly name: string
  readonly routes: readonly ExtensionRoute[]
}
