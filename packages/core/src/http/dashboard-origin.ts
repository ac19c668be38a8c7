import type { OriginMatcher } from '../auth/origin.js'
import { AnalyticsError } from '../errors.js'
import { parseUrl } from '../parse-url.js'

/**
 * Sessions may be cookies, which browsers send along whoever asks: requests of pages elsewhere are refused, unless
 * their origin is listed. Requests without an origin come from no page. Throws `origin_not_allowed`.
 */
export function requireDashboardOrigin(request: Request, url: URL, listed: OriginMatcher): void {
  const { headers } = request
  const origin = headers.get('origin')
  if (origin === null || headers.get('sec-fetch-site') === 'same-origin' || listed(origin)) return
  // Proxies change the protocol, not the host that the browser meant.
  const host = headers.get('host') ?? url.host
  if (parseUrl(origin)?.host === host) return
  throw new AnalyticsError(
    'origin_not_allowed',
    'Pages of other origins may not use sessions here; list the dashboard in adminOrigins.',
  )
}
