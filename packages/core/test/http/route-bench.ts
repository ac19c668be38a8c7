import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import {
  type Analytics,
  AnalyticsError,
  type AnalyticsOptions,
  createAnalytics,
  type Diagnostic,
} from '@millimetric/core'
import { memoryEvents, memoryKeys } from '@millimetric/core/memory'
import { type Answer, serve, type TestServer } from '../control/server.js'
import { type Asked, REQUESTS } from '../isolation/requests.js'
import { type Door, headersOf, INTERNAL_SECRET, makeTenant, type Tenant } from '../isolation/tenants.js'
import { nameOf } from './all-routes.js'

export interface RouteName {
  readonly method: string
  readonly path: string
}

/** What is asked of a route, beside what is valid. */
export interface Changed {
  method?: string
  by?: Door
  headers?: Readonly<Record<string, string>>
  query?: Readonly<Record<string, string>>
  /** Instead of the other parameters. */
  search?: string
  params?: Readonly<Record<string, string>>
  body?: object | string
}

interface Written {
  method: string
  path: string
  headers: Record<string, string>
  body: string | undefined
}

/** One server on stores in memory, which break on command. */
export interface RouteBench {
  readonly analytics: Analytics
  readonly server: TestServer
  readonly own: Tenant
  readonly other: Tenant
  readonly diagnostics: Diagnostic[]
  /** What every call of a store does first while `broken` runs. */
  broken<T>(fault: Fault, run: () => Promise<T>): Promise<T>
  /** The clock goes ahead while `run` runs. */
  later<T>(ms: number, run: () => Promise<T>): Promise<T>
  /** A valid request of the route, with what is changed. */
  ask(route: RouteName, changed?: Changed): Promise<Answer>
  /** The answer to a request of which the last byte never comes. */
  stall(route: RouteName): Promise<Answer>
  /** The status that nobody reads: the client leaves in the middle of its body, or when a store is asked. */
  leave(route: RouteName, when: 'sending' | 'waiting', changed?: Changed): Promise<number>
  close(): Promise<void>
}

export type Fault = (store: 'events' | 'keys', method: string) => void | Promise<void>

export const away: Fault = () => {
  throw new AnalyticsError('storage_unavailable', 'The store is away.', {
    retryAfter: 5,
    cause: new Error('connect ECONNREFUSED db.internal'),
  })
}
export const tooExpensive: Fault = (store, method) => {
  if (store === 'events' && method === 'query')
    throw new AnalyticsError('query_too_expensive', 'More rows than one question may read.')
}
export const buggy: Fault = () => {
  throw new TypeError('undefined is not a function at db.internal')
}

export const ORIGIN_ELSEWHERE = 'https://elsewhere.test'
export const DASHBOARD = 'https://dashboard.test'

/** Sessions of a made-up host: `session <id>`. */
export const authenticateUser: NonNullable<AnalyticsOptions['authenticateUser']> = (request) => {
  const [, id] = /^session (\S+)$/.exec(request.headers.get('authorization') ?? '') ?? []
  if (id === 'broken') throw new Error('the login at login.internal is down')
  return id === undefined ? null : { id }
}

/** What a host adds so that all routes exist. */
const HOST: Partial<AnalyticsOptions> = {
  authenticateUser,
  internalSecret: INTERNAL_SECRET,
  adminOrigins: [DASHBOARD],
}

export async function openRouteBench(
  options: Partial<AnalyticsOptions> = {},
  host: Partial<AnalyticsOptions> = HOST,
): Promise<RouteBench> {
  let fault: Fault | undefined
  let ahead = 0
  let came: (request: Request, answer: Promise<Response>) => void = () => {}
  const diagnostics: Diagnostic[] = []
  const keys = memoryKeys()
  const analytics = createAnalytics({
    events: faulty('events', memoryEvents()),
    keys: faulty('keys', keys),
    clock: () => Date.now() + ahead,
    // Each event asks who was erased.
    erasure: { tombstoneTtlMs: 0 },
    delivery: { flushIntervalMs: 0, retryDelaysMs: [] },
    maxBodyBytes: 4096,
    onDiagnostic: (diagnostic) => void diagnostics.push(diagnostic),
    ...host,
    ...options,
  })
  const [own, other] = [
    await makeTenant(analytics, keys, 'amber'),
    await makeTenant(analytics, keys, 'birch'),
  ]
  const server = await serve({
    handler(request, context) {
      const answer = analytics.handler(request, context)
      came(request, answer)
      return answer
    },
  })

  function faulty<T extends object>(name: 'events' | 'keys', store: T): T {
    return new Proxy(store, {
      get(target, member) {
        const work: unknown = Reflect.get(target, member)
        if (typeof work !== 'function' || member === 'close') return work
        return async (...args: unknown[]): Promise<unknown> => {
          await fault?.(name, String(member))
          return await Reflect.apply(work, target, args)
        }
      },
    })
  }

  async function broken<T>(how: Fault, run: () => Promise<T>): Promise<T> {
    fault = how
    try {
      return await run()
    } finally {
      fault = undefined
    }
  }

  function written(route: RouteName, changed: Changed): Written {
    const asked = { ...validRequest(route, own), ...changed }
    const part = (_: string, name: string): string => encodeURIComponent(asked.params?.[name] ?? '')
    const search = changed.search ?? new URLSearchParams({ ...asked.query }).toString()
    return {
      method: changed.method ?? route.method,
      path: `${route.path.replace(/:(\w+)/g, part)}${search === '' ? '' : `?${search}`}`,
      headers: { ...headersOf(own, asked.by), ...changed.headers },
      body: typeof asked.body === 'object' ? JSON.stringify(asked.body) : asked.body,
    }
  }

  return {
    analytics,
    server,
    own,
    other,
    diagnostics,
    broken,
    async later(ms, run) {
      ahead = ms
      try {
        return await run()
      } finally {
        ahead = 0
      }
    },
    async ask(route, changed = {}) {
      const { method, path, headers, body } = written(route, changed)
      return await server.ask(method, path, { headers, body })
    },
    async stall(route) {
      const { method, path, headers, body } = written(route, {})
      return await server.ask(method, path, { headers, body, stalls: true })
    },
    async leave(route, when, changed = {}) {
      const { method, path, headers, body = '' } = written(route, changed)
      const arrived = new Promise<{ request: Request; answer: Promise<Response> }>((resolve) => {
        came = (request, answer) => resolve({ request, answer })
      })
      const length = Buffer.byteLength(body) + (when === 'sending' ? 1 : 0)
      const client = httpRequest(server.url + path, {
        method,
        headers: { ...headers, ...(length === 0 ? {} : { 'content-length': String(length) }) },
      })
      client.on('error', () => {})
      if (when === 'sending') client.write(body)
      else client.end(body)
      const { request, answer } = await arrived
      if (when === 'sending') client.destroy()
      const status = await broken(
        async () => {
          client.destroy()
          if (!request.signal.aborted) await once(request.signal, 'abort')
          throw new TypeError('the store broke off')
        },
        async () => (await answer).status,
      )
      return status
    },
    async close() {
      await server.close()
      await analytics.close()
    },
  }
}

export function validRequest(route: RouteName, own: Tenant): Asked {
  const [asked] = REQUESTS[nameOf(route)]?.of(own, own) ?? []
  if (asked === undefined) throw new Error(`no valid request of ${nameOf(route)} in isolation/requests.ts`)
  return asked
}
