import type { Mountable, MountOptions } from './mount.js'
import { type NodeHandler, toNodeHandler } from './node.js'

export type { HandlerContext, Mountable, MountOptions } from './mount.js'
export type { NodeHandler } from './node.js'

/**
 * Mounts an analytics instance on an Express 4 or 5 app, before or after any body parser.
 *
 * @example
 * app.use('/analytics', millimetric(analytics))
 */
export function millimetric(analytics: Mountable, options: MountOptions = {}): NodeHandler {
  // Express answers `req.ip` from its own `trust proxy` setting; without one it is the peer address.
  return toNodeHandler(analytics, {
    ...options,
    ip: (req) => ('ip' in req && typeof req.ip === 'string' ? req.ip : undefined),
  })
}
