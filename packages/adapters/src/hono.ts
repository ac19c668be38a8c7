import { handlerContext, type Mountable, type MountOptions, requireMountable } from './mount.js'

export type { HandlerContext, Mountable, MountOptions } from './mount.js'

/** The parts of Hono's context that the adapter reads. */
export interface HonoContext {
  readonly req: {
    readonly raw: Request
    readonly path: string
    /** Pattern of the route that matched, for example `/analytics/*`. */
    readonly routePath: string
    arrayBuffer(): Promise<ArrayBuffer>
  }
  readonly env: unknown
  /** Throws where the platform has none. */
  readonly executionCtx: { waitUntil(promise: Promise<unknown>): void }
}

/**
 * Mounts an analytics instance on a Hono app. The prefix is what the route has before its `*`.
 *
 * @example
 * app.all('/analytics/*', millimetric(analytics))
 */
export function millimetric(
  analytics: Mountable,
  options: MountOptions = {},
): (c: HonoContext) => Promise<Response> {
  requireMountable(analytics)
  return async (c) =>
    analytics.handler(
      await unreadRequest(c),
      handlerContext({
        basePath: options.basePath ?? matchedPrefix(c.req.routePath, c.req.path),
        ip: peerAddress(c.env),
        waitUntil: waitUntilOf(c),
      }),
    )
}

/** A middleware may have read the body through `c.req`, which keeps it; the request is then made anew. */
async function unreadRequest(c: HonoContext): Promise<Request> {
  const { raw } = c.req
  if (!raw.bodyUsed) return raw
  const headers = new Headers(raw.headers)
  headers.delete('content-length')
  headers.delete('transfer-encoding')
  // Read past `c.req` it is gone, and an empty body gets its error like any other.
  const body = await c.req.arrayBuffer().catch(() => null)
  return new Request(raw.url, { method: raw.method, headers, body, signal: raw.signal })
}

/** As many segments of the path as the pattern has before its `*`; a pattern without one has no prefix. */
function matchedPrefix(pattern: string, path: string): string {
  if (!pattern.endsWith('/*')) return ''
  const depth = pattern.split('/').length - 1
  return path.split('/').slice(0, depth).join('/')
}

/** `@hono/node-server` puts the Node request on `env.incoming`, or below `env.server`. */
function peerAddress(env: unknown): string | undefined {
  const incoming = property(env, 'incoming') ?? property(property(env, 'server'), 'incoming')
  const address = property(property(incoming, 'socket'), 'remoteAddress')
  return typeof address === 'string' ? address : undefined
}

function property(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && key in value ? Reflect.get(value, key) : undefined
}

function waitUntilOf(c: HonoContext): ((promise: Promise<unknown>) => void) | undefined {
  try {
    const { executionCtx } = c
    return (promise) => executionCtx.waitUntil(promise)
  } catch {
    return undefined
  }
}
