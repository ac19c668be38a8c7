import { createServer, type RequestListener, type Server } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import express, { type RequestHandler } from 'express'
import { Hono } from 'hono'
import { millimetric as expressMillimetric } from '../src/express.js'
import { millimetric as honoMillimetric } from '../src/hono.js'
import type { Mountable } from '../src/mount.js'
import { toNextHandlers } from '../src/next.js'
import { toNodeHandler } from '../src/node.js'

/** One way to put the handler into an application. */
export interface Mount {
  name: string
  prefix: string
  /** Content types whose body a parser reads before us. */
  parsed: RegExp | undefined
  /** The framework knows the peer's address. */
  knowsPeer: boolean
  listener(analytics: Mountable): RequestListener
}

function expressMount(name: string, parsed: RegExp | undefined, ...before: RequestHandler[]): Mount {
  return {
    name: `express ${name}`,
    prefix: '/analytics',
    parsed,
    knowsPeer: true,
    listener(analytics) {
      const app = express()
      for (const middleware of before) app.use(middleware)
      app.use('/analytics', expressMillimetric(analytics))
      return app
    },
  }
}

/** What Express 4 does behind every parser that did not want the body. */
const emptyBody: RequestHandler = (req, _res, next) => {
  req.body = {}
  next()
}

const limit = '4mb'

function honoMount(name: string, prefix: string, build: (analytics: Mountable) => Hono): Mount {
  return {
    name: `hono ${name}`,
    prefix,
    parsed: undefined,
    knowsPeer: true,
    listener: (analytics) => getRequestListener(build(analytics).fetch, { overrideGlobalObjects: false }),
  }
}

export const MOUNTS: readonly Mount[] = [
  {
    name: 'node:http',
    prefix: '/analytics',
    parsed: undefined,
    knowsPeer: true,
    listener: (analytics) => toNodeHandler(analytics, { basePath: '/analytics' }),
  },
  {
    name: 'node:http at the root',
    prefix: '',
    parsed: undefined,
    knowsPeer: true,
    listener: (analytics) => toNodeHandler(analytics),
  },
  expressMount('without a parser', undefined),
  expressMount('json()', /^application\/json/, express.json({ limit })),
  expressMount('urlencoded()', /^application\/x-www-form-urlencoded/, express.urlencoded({ limit })),
  expressMount('raw()', /./, express.raw({ type: '*/*', limit })),
  expressMount('text()', /^text\/plain/, express.text({ limit })),
  expressMount(
    'json(), urlencoded(), text()',
    /^(application\/(json|x-www-form-urlencoded)|text\/plain)/,
    ...[express.json({ limit }), express.urlencoded({ limit }), express.text({ limit })],
  ),
  expressMount('4, body left empty', undefined, emptyBody),
  {
    ...expressMount('nested routers', undefined),
    prefix: '/api/v9/analytics',
    listener(analytics) {
      const inner = express.Router()
      inner.use('/analytics', expressMillimetric(analytics))
      const outer = express.Router()
      outer.use('/:version', inner)
      return express().use('/api', outer)
    },
  },
  honoMount('route', '/analytics', (analytics) => new Hono().all('/analytics/*', honoMillimetric(analytics))),
  honoMount('with a base path and a parameter', '/t/acme/analytics', (analytics) =>
    new Hono().basePath('/t').route('/:tenant', new Hono().all('/analytics/*', honoMillimetric(analytics))),
  ),
  honoMount('at the root', '', (analytics) => new Hono().all('/*', honoMillimetric(analytics))),
  honoMount('body read before', '/analytics', (analytics) =>
    new Hono()
      .use(async (c, next) => {
        await c.req.arrayBuffer()
        await next()
      })
      .all('/analytics/*', honoMillimetric(analytics)),
  ),
  {
    name: 'next route handlers',
    prefix: '/app/api/analytics',
    parsed: undefined,
    knowsPeer: false,
    listener(analytics) {
      const handlers = new Map(Object.entries(toNextHandlers(analytics, { after: () => {} })))
      return getRequestListener(
        (request) => {
          const all = new URL(request.url).pathname.split('/').slice(4)
          const handler = handlers.get(request.method)
          if (!handler) throw new Error(`no handler for ${request.method}`)
          return handler(request, { params: Promise.resolve({ all }) })
        },
        { overrideGlobalObjects: false },
      )
    },
  },
]

/** Serves a listener on a free port until `close`. */
export async function listen(
  listener: RequestListener,
): Promise<{ port: number; close: () => Promise<void> }> {
  const server: Server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  return { port: address.port, close }
}
