import type { Route } from '../../src/http/route.js'
import type { Answer } from '../control/server.js'
import { away, buggy, ORIGIN_ELSEWHERE, type RouteBench, tooExpensive } from './route-bench.js'

/** Servers by what is the matter with them. */
export interface Benches {
  healthy: RouteBench
  /** One request a route and kind of key. */
  limited: RouteBench
  /** No event more this month. */
  full: RouteBench
  /** Without a login of the host and without a secret of its scheduler. */
  bare: RouteBench
  /** Closed. */
  draining: RouteBench
  /** A few events are all that may wait. */
  overloaded: RouteBench
  /** With no patience for bodies. */
  impatient: RouteBench
}

/** One thing that is wrong (or right) with a request, and what it is answered, code included. */
export interface Cause {
  name: string
  /** The code, or the status where there is none. */
  answer: string | number
  /** Routes that it can happen to. */
  of(route: Route): boolean
  ask(benches: Benches, route: Route): Promise<Answer>
}

/** Events behind an insert, on the server where that is too many. */
export const MOST_WAITING = 20
const NOBODY = '7d9f5c1e-6f4b-4c3e-9a46-1f0f7a8e7d11'

const byKey = (route: Route): boolean => route.by === 'key'
const byUser = (route: Route): boolean => route.by === 'user'
const ingests = (route: Route): boolean => route.by === 'key' && route.scope === 'ingest'
const reads = (route: Route): boolean => route.by === 'key' && route.scope === 'read'
const secretOnly = (route: Route): boolean => route.by === 'key' && route.secretOnly !== undefined
const asksEvents = (route: Route): boolean => reads(route) && !secretOnly(route)
const takesToken = (route: Route): boolean => route.by === 'key' && route.allowToken === true
const takesBody = (route: Route): boolean => route.method === 'POST' && route.by !== 'internal'
const namesProject = (route: Route): boolean => reads(route) || route.path === '/v1/usage'
const every = (): boolean => true

const KEYS_OF_NOBODY = { authorization: `Bearer sk_live_00000000_${'A'.repeat(43)}` }

/** A part of the path that nothing has been looked up for yet. */
function unseen(route: Route): { params?: Record<string, string> } {
  const names = [...route.path.matchAll(/:(\w+)/g)].map(([, name = '']) => [name, NOBODY])
  return names.length === 0 ? {} : { params: Object.fromEntries(names) }
}

/** Parameters in the place where the route takes them. */
function asking(route: Route, params: Readonly<Record<string, string>>): { search?: string; body?: object } {
  return route.method === 'GET' ? { search: new URLSearchParams(params).toString() } : { body: params }
}

const ok: Cause[] = [
  {
    name: 'OPTIONS',
    answer: 204,
    of: every,
    ask: ({ healthy }, route) => healthy.ask(route, { method: 'OPTIONS' }),
  },
  {
    name: 'HEAD',
    answer: 200,
    of: ({ method }) => method === 'GET',
    ask: ({ healthy }, route) => healthy.ask(route, { method: 'HEAD' }),
  },
]

const keys: Cause[] = [
  {
    name: 'no key',
    answer: 'missing_bearer_token',
    of: byKey,
    ask: ({ healthy }, route) => healthy.ask(route, { by: 'none' }),
  },
  {
    name: 'what is no key',
    answer: 'malformed_api_key',
    of: byKey,
    ask: ({ healthy }, route) => healthy.ask(route, { headers: { authorization: 'Bearer nonsense' } }),
  },
  {
    name: 'a key of nobody',
    answer: 'invalid_api_key',
    of: byKey,
    ask: ({ healthy }, route) => healthy.ask(route, { headers: KEYS_OF_NOBODY }),
  },
  {
    name: 'a key that calls itself another kind',
    answer: 'key_kind_mismatch',
    of: byKey,
    ask: ({ healthy }, route) =>
      healthy.ask(route, {
        headers: { authorization: `Bearer ${healthy.own.keys.sk.replace('sk_', 'rk_')}` },
      }),
  },
  {
    name: 'a token that is over',
    answer: 'token_expired',
    of: takesToken,
    ask: async ({ healthy }, route) => {
      const filters = { field: 'path', op: 'is', value: '/' } as const
      const made = { filters, project: healthy.own.id, expires_in: 1 }
      const { token } = await healthy.analytics.tokens.create(made)
      return await healthy.later(1_000, () =>
        healthy.ask(route, { headers: { authorization: `Bearer ${token}` } }),
      )
    },
  },
  {
    name: 'a key that may read, where events come in',
    answer: 'insufficient_scope',
    of: ingests,
    ask: ({ healthy }, route) => healthy.ask(route, { by: 'rk' }),
  },
  {
    name: 'a public key, where questions are answered',
    answer: 'insufficient_scope',
    of: asksEvents,
    ask: ({ healthy }, route) => healthy.ask(route, { by: 'pk' }),
  },
  {
    name: 'a public key from elsewhere',
    answer: 'origin_not_allowed',
    of: ingests,
    ask: ({ healthy }, route) => healthy.ask(route, { by: 'pk', headers: { origin: ORIGIN_ELSEWHERE } }),
  },
  {
    name: 'a token from elsewhere',
    answer: 'origin_not_allowed',
    of: takesToken,
    ask: ({ healthy }, route) => healthy.ask(route, { by: 'rt', headers: { origin: ORIGIN_ELSEWHERE } }),
  },
  {
    name: 'a token for single metrics, where a report is asked for',
    answer: 'insufficient_scope',
    of: (route) => takesToken(route) && route.path !== '/v1/stats',
    ask: ({ healthy }, route) => healthy.ask(route, { by: 'narrow' }),
  },
  {
    name: 'a key that is not secret, where it must be: erasure',
    answer: 'forget_requires_secret_key',
    of: (route) => route.by === 'key' && route.secretOnly === 'forget_requires_secret_key',
    ask: ({ healthy }, route) => healthy.ask(route, { by: 'pk' }),
  },
  {
    name: 'a key that is not secret, where it must be',
    answer: 'key_kind_not_allowed',
    of: (route) => route.by === 'key' && route.secretOnly === 'key_kind_not_allowed',
    ask: ({ healthy }, route) => healthy.ask(route, { by: 'rk' }),
  },
  {
    name: 'an unknown key while the key store is away',
    answer: 'storage_unavailable',
    of: byKey,
    ask: ({ healthy }, route) =>
      healthy.broken(away, () =>
        healthy.ask(route, { headers: { authorization: `Bearer sk_live_00000001_${'A'.repeat(43)}` } }),
      ),
  },
]

const users: Cause[] = [
  {
    name: 'no session',
    answer: 'invalid_session',
    of: byUser,
    ask: ({ healthy }, route) => healthy.ask(route, { by: 'none' }),
  },
  {
    name: 'a key, where only sessions are taken',
    answer: 'invalid_session',
    of: (route) => route.by === 'user' && route.keys === 'none',
    ask: ({ healthy }, route) => healthy.ask(route, { by: 'ak' }),
  },
  {
    name: 'a key of nobody, where keys are taken too',
    answer: 'invalid_api_key',
    of: (route) => route.by === 'user' && route.keys !== 'none',
    ask: ({ healthy }, route) => healthy.ask(route, { headers: KEYS_OF_NOBODY }),
  },
  {
    name: 'a key that may not, where keys are taken too',
    answer: 'insufficient_scope',
    of: (route) => route.by === 'user' && route.keys !== 'none',
    ask: ({ healthy }, route) => healthy.ask(route, { by: 'pk', headers: { origin: healthy.server.url } }),
  },
  {
    name: 'a page of elsewhere',
    answer: 'origin_not_allowed',
    of: byUser,
    ask: ({ healthy }, route) => healthy.ask(route, { headers: { origin: ORIGIN_ELSEWHERE } }),
  },
  {
    name: 'a login that is down',
    answer: 'internal_error',
    of: byUser,
    ask: ({ healthy }, route) => healthy.ask(route, { headers: { authorization: 'session broken' } }),
  },
  {
    name: 'no login of the host',
    answer: 'not_found',
    // Where another method of the path takes keys, the path exists.
    of: (route) => route.by === 'user' && /\/keys/.test(route.path),
    ask: ({ bare }, route) => bare.ask(route),
  },
  {
    name: 'a wrong secret of the scheduler',
    answer: 'invalid_internal_secret',
    of: ({ by }) => by === 'internal',
    ask: ({ healthy }, route) => healthy.ask(route, { headers: { 'x-internal-secret': 'wrong' } }),
  },
  {
    name: 'no secret of the scheduler',
    answer: 'not_found',
    of: ({ by }) => by === 'internal',
    ask: ({ bare }, route) => bare.ask(route),
  },
]

const requests: Cause[] = [
  {
    name: 'another method',
    answer: 'method_not_allowed',
    of: every,
    ask: ({ healthy }, route) => healthy.ask(route, { method: 'PATCH' }),
  },
  {
    name: 'an unknown project',
    answer: 'unknown_project',
    of: namesProject,
    ask: ({ healthy }, route) => healthy.ask(route, { query: { project_slug: 'none' } }),
  },
  {
    name: 'two projects',
    answer: 'invalid_params',
    of: (route) => namesProject(route) || byUser(route),
    ask: ({ healthy }, route) => healthy.ask(route, { search: 'project_id=a&project_slug=b' }),
  },
  {
    name: 'a part of the path that is nobody’s',
    answer: 'unknown_project',
    of: ({ path }) => path.startsWith('/v1/projects/:id'),
    ask: ({ healthy }, route) => healthy.ask(route, { params: { id: NOBODY, key: NOBODY } }),
  },
  {
    name: 'a key or job that is nobody’s',
    answer: 'not_found',
    of: (route) => /:key|jobs\/:id/.test(route.path),
    ask: ({ healthy }, route) =>
      healthy.ask(route, {
        params: route.path.startsWith('/v1/jobs')
          ? { id: NOBODY }
          : { id: healthy.own.id, key: healthy.other.keyIds[0] },
      }),
  },
  {
    name: 'a parameter that is none',
    answer: 'invalid_params',
    of: (route) => asksEvents(route) || route.path === '/v1/tokens',
    ask: ({ healthy }, route) => healthy.ask(route, asking(route, { nonsense: '1' })),
  },
  {
    name: 'a body without what is needed',
    answer: 'invalid_payload',
    of: (route) => ingests(route) || route.path === '/v1/forget',
    ask: ({ healthy }, route) => healthy.ask(route, { body: { nonsense: 1 } }),
  },
  {
    name: 'a body with what is unknown',
    answer: 'invalid_params',
    of: (route) => byUser(route) && takesBody(route),
    ask: ({ healthy }, route) => healthy.ask(route, { body: { overlap_s: -1, nonsense: 1 } }),
  },
  {
    name: 'a body that is no JSON',
    answer: 'invalid_payload',
    of: takesBody,
    ask: ({ healthy }, route) => healthy.ask(route, { body: '{' }),
  },
  {
    name: 'a body that is too long',
    answer: 'payload_too_large',
    of: takesBody,
    ask: ({ healthy }, route) => healthy.ask(route, { body: `{"x":"${'x'.repeat(5_000)}"}` }),
  },
  {
    name: 'a body of another type',
    answer: 'unsupported_media_type',
    of: takesBody,
    ask: ({ healthy }, route) =>
      healthy.ask(route, { body: '<a/>', headers: { 'content-type': 'application/xml' } }),
  },
  {
    name: 'what is there already',
    answer: 'slug_taken',
    of: ({ method, path }) => method === 'POST' && /^\/v1\/projects(?:\/:id)?$/.test(path),
    ask: ({ healthy }, route) => healthy.ask(route, { body: { slug: healthy.other.slug } }),
  },
  {
    name: 'a key that was rotated before',
    answer: 'key_already_rotated',
    of: ({ path }) => path.endsWith('/rotate'),
    ask: ({ healthy }, route) => healthy.ask(route),
  },
]

const states: Cause[] = [
  {
    name: 'a body that stalls',
    answer: 'request_timeout',
    of: takesBody,
    ask: ({ impatient }, route) => impatient.stall(route),
  },
  {
    name: 'a body that breaks off',
    answer: 408,
    of: takesBody,
    ask: async ({ healthy }, route) => unread(await healthy.leave(route, 'sending')),
  },
  {
    name: 'somebody who leaves',
    answer: 499,
    of: every,
    ask: async ({ healthy }, route) => unread(await healthy.leave(route, 'waiting', unseen(route))),
  },
  {
    name: 'too many requests',
    answer: 'rate_limited',
    of: (route) => route.by === 'key' && route.limited !== undefined,
    ask: async ({ limited }, route) => {
      await limited.ask(route)
      return await limited.ask(route)
    },
  },
  {
    name: 'a plan that is used up',
    answer: 'quota_exceeded',
    of: ingests,
    ask: ({ full }, route) => full.ask(route),
  },
  {
    name: 'too much to read',
    answer: 'query_too_expensive',
    of: asksEvents,
    ask: ({ healthy }, route) => healthy.broken(tooExpensive, () => healthy.ask(route)),
  },
  {
    name: 'stores that are away',
    answer: 'storage_unavailable',
    of: every,
    ask: ({ healthy }, route) => healthy.broken(away, () => healthy.ask(route, unseen(route))),
  },
  {
    name: 'a mistake of ours',
    answer: 'internal_error',
    of: every,
    ask: ({ healthy }, route) => healthy.broken(buggy, () => healthy.ask(route, unseen(route))),
  },
  {
    name: 'too much that waits',
    answer: 'overloaded',
    of: ingests,
    ask: ({ overloaded }, route) => whileWaiting(overloaded, () => overloaded.ask(route)),
  },
  {
    name: 'a server that ends',
    answer: 'shutting_down',
    of: ingests,
    ask: ({ draining }, route) => draining.ask(route),
  },
]

export const CAUSES: readonly Cause[] = [...ok, ...keys, ...users, ...requests, ...states]

/** A status that nobody reads any more. */
function unread(status: number): Answer {
  return { status, headers: new Headers(), text: '', body: undefined }
}

/** With one insert under way, the next one prepared, and as many events behind them as may wait. */
async function whileWaiting(bench: RouteBench, run: () => Promise<Answer>): Promise<Answer> {
  let reached = (): void => {}
  let release = (): void => {}
  const inserting = new Promise<void>((resolve) => {
    reached = resolve
  })
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  const hang = async (_store: string, method: string): Promise<void> => {
    if (method !== 'insert') return
    reached()
    await held
  }
  const fill = async (): Promise<unknown> =>
    await bench.analytics.batch(Array(MOST_WAITING).fill({ event: 'e', anonymous_id: 'a' }), {
      project: bench.own.id,
    })
  return await bench.broken(hang, async () => {
    const first = fill()
    await inserting
    const behind = [fill(), fill()]
    const answer = await run()
    release()
    await Promise.all([first, ...behind])
    return answer
  })
}
