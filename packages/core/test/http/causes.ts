import type { Route } from '../../src/http/route.js'
import type { Answer } from '../control/server.js'
import { asksEvents, byUser, type Cause, ingests, namesProject, takesBody } from './cause.js'
import { KEY_CAUSES } from './key-causes.js'
import { away, buggy, type RouteBench, tooExpensive } from './route-bench.js'

/** Events behind an insert, on the server where that is too many. */
export const MOST_WAITING = 20
const NOBODY = '7d9f5c1e-6f4b-4c3e-9a46-1f0f7a8e7d11'

const every = (): boolean => true

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

/** Everything that can be the matter, in the order in which it is tried. */
export const CAUSES: readonly Cause[] = [...ok, ...KEY_CAUSES, ...requests, ...states]

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
