import type { IncomingMessage, ServerResponse } from 'node:http'
import { handlerContext, type Mountable, type MountOptions, requireMountable } from './mount.js'
import { toRequest } from './node-request.js'
import { sendFailure, sendResponse } from './node-response.js'

export type { HandlerContext, Mountable, MountOptions } from './mount.js'

/** A listener of `node:http`, and a middleware of Express and Connect. It always answers: `next` is not called. */
export type NodeHandler = (
  req: IncomingMessage,
  res: ServerResponse,
  next?: (error?: unknown) => void,
) => void

/** Options of {@link toNodeHandler}. */
export interface NodeHandlerOptions extends MountOptions {
  /** The visitor's address, where the framework knows better than the socket. */
  ip?: (req: IncomingMessage) => string | undefined
}

/**
 * Serves an analytics instance with `node:http`.
 *
 * @example
 * createServer(toNodeHandler(analytics)).listen(8787)
 */
export function toNodeHandler(analytics: Mountable, options: NodeHandlerOptions = {}): NodeHandler {
  requireMountable(analytics)
  return (req, res) => {
    const gone = new AbortController()
    res.once('close', () => {
      if (!res.writableFinished) gone.abort()
    })
    answer(req, res, gone.signal).catch(() => sendFailure(res, 500))
  }

  async function answer(req: IncomingMessage, res: ServerResponse, signal: AbortSignal): Promise<void> {
    // The one method that Node hands on and a Web request can't have.
    if (req.method === 'TRACE') return sendFailure(res, 405)
    const context = handlerContext({
      basePath: options.basePath ?? mountPath(req),
      ip: options.ip?.(req) ?? req.socket.remoteAddress,
      waitUntil: undefined,
    })
    await sendResponse(await analytics.handler(toRequest(req, signal), context), req, res)
  }
}

/** Express keeps the mount prefix apart from `req.url`. */
function mountPath(req: IncomingMessage): string | undefined {
  return 'baseUrl' in req && typeof req.baseUrl === 'string' ? req.baseUrl : undefined
}
