/** What an adapter tells the handler about a request beyond the request itself. */
export interface HandlerContext {
  /** Path prefix below which the handler is mounted, without a trailing slash. */
  basePath?: string
  /** Address of the peer that sent the request. */
  ip?: string
  /** Keeps the process alive for work that goes on after the answer. */
  waitUntil?: (promise: Promise<unknown>) => void
}

/** Anything with the handler of an analytics instance. */
export interface Mountable {
  handler(request: Request, context?: HandlerContext): Promise<Response>
}

/** Options every adapter takes. */
export interface MountOptions {
  /** The whole path prefix of the mount, when the framework can't tell it, for example `/analytics`. */
  basePath?: string
}

/**
 * Throws a `TypeError` when the application starts, for what would answer each of its requests with 500: `analytics.handler`
 * in place of `analytics`.
 */
export function requireMountable(analytics: Mountable): void {
  if (typeof analytics?.handler === 'function') return
  throw new TypeError(
    'Mount what createAnalytics gave, for example toNodeHandler(analytics), not its handler.',
  )
}

/** The context with its unknown parts left out. */
export function handlerContext(
  parts: { [K in keyof HandlerContext]: HandlerContext[K] | undefined },
): HandlerContext {
  const context: HandlerContext = {}
  if (parts.basePath) context.basePath = parts.basePath
  if (parts.ip) context.ip = parts.ip
  if (parts.waitUntil) context.waitUntil = parts.waitUntil
  return context
}
