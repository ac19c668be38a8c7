import type { OriginMatcher } from '../auth/origin.js'

const EXPOSED = 'Retry-After, RateLimit, RateLimit-Policy'
const HEADERS = ['Authorization', 'Content-Type', 'Content-Encoding']
const PREFLIGHT_SECONDS = '7200'

/**
 * Adds what a browser needs to read the answer, when the origin matches. `Vary` is always set, so that no
 * cache hands one origin's answer to another. Credentials only where sessions are: keys travel in a header.
 */
export function grantOrigin(
  headers: Headers,
  origin: string | null,
  matches: OriginMatcher,
  credentials = false,
): void {
  headers.append('vary', 'Origin')
  if (origin === null || !matches(origin)) return
  headers.set('access-control-allow-origin', origin)
  headers.set('access-control-expose-headers', EXPOSED)
  if (credentials) headers.set('access-control-allow-credentials', 'true')
}

/**
 * Answers a preflight. It carries no key, so for paths that take one it is matched against all projects' origins; the real request is
 * matched against its own project's. Nothing of the request is reflected but an origin that matched.
 */
export function answerPreflight(
  request: Request,
  methods: string,
  matches: OriginMatcher,
  credentials = false,
  requestHeaders: readonly string[] = [],
): Response {
  const headers = new Headers({ allow: methods })
  grantOrigin(headers, request.headers.get('origin'), matches, credentials)
  if (headers.has('access-control-allow-origin')) {
    headers.set('access-control-allow-methods', methods)
    headers.set('access-control-allow-headers', [...HEADERS, ...requestHeaders].join(', '))
    headers.set('access-control-max-age', PREFLIGHT_SECONDS)
  }
  return new Response(null, { status: 204, headers })
}
