import { handlerContext, type Mountable, type MountOptions, requireMountable } from './mount.js'

export type { HandlerContext, Mountable, MountOptions } from './mount.js'

/** Options of {@link toNextHandlers}. */
export interface NextOptions extends MountOptions {
  /** `after` of `next/server`: lets work go on after the answer was sent. */
  after?: (promise: Promise<unknown>) => void
}

/** A route handler of the App Router. */
export type NextHandler = (request: Request, route: { params: Promise<unknown> }) => Promise<Response>

/** What `app/…/[...all]/route.ts` exports. */
export type NextHandlers = Record<'GET' | 'HEAD' | 'POST' | 'DELETE' | 'OPTIONS', NextHandler>

/**
 * Route handlers for a catch-all route of the App Router. The prefix is what the path has before the
 * caught segments.
 *
 * @example
 * // app/api/analytics/[...all]/route.ts
 * export const { GET, HEAD, POST, DELETE, OPTIONS } = toNextHandlers(analytics, { after })
 */
export function toNextHandlers(analytics: Mountable, options: NextOptions = {}): NextHandlers {
  requireMountable(analytics)
  const handle: NextHandler = async (request, route) =>
    analytics.handler(
      request,
      handlerContext({
        basePath: options.basePath ?? caughtPrefix(new URL(request.url).pathname, await route.params),
        ip: undefined,
        waitUntil: options.after,
      }),
    )
  return { GET: handle, HEAD: handle, POST: handle, DELETE: handle, OPTIONS: handle }
}

/** A catch-all is the one parameter that is a list. */
function caughtPrefix(pathname: string, params: unknown): string {
  const caught = Object.values(params ?? {}).find((value) => Array.isArray(value)) ?? []
  const segments = pathname.replace(/\/$/, '').split('/')
  return segments.slice(0, segments.length - caught.length).join('/')
}
