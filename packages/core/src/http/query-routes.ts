import type { Principal } from '../auth/principal.js'
import { LIMITED_ROUTES } from '../auth/rate-limit.js'
import { AnalyticsError } from '../errors.js'
import type { CallOptions } from '../ports/event-store.js'
import { queryAttribution } from '../query/attribution.js'
import { queryCohorts } from '../query/cohorts.js'
import { type QueryDeps, queryEvents } from '../query/events.js'
import { queryFunnel } from '../query/funnel.js'
import { queryLive } from '../query/live.js'
import { queryPaths } from '../query/paths.js'
import { queryPerson } from '../query/person.js'
import { querySchema } from '../query/schema.js'
import { querySources } from '../query/sources.js'
import { queryStats } from '../query/stats.js'
import { type BodyLimits, readJson } from './body.js'
import { answerExport } from './export-route.js'
import { json } from './respond.js'
import type { KeyRoute, Route } from './route.js'

/** A use case that answers questions; it checks what is in them. */
type Ask = (
  deps: QueryDeps,
  principal: Principal,
  params: Record<string, unknown>,
  options: CallOptions,
) => Promise<unknown>

/** Routes that answer questions: parameters in the query string, or as JSON in the body. */
export const QUERY_ROUTES: readonly Route[] = [
  get('query', queryEvents),
  get('stats', queryStats),
  post('stats', queryStats),
  get('sources', querySources),
  post('attribution', queryAttribution),
  get('live', queryLive),
  get('person', queryPerson),
  post('funnel', queryFunnel),
  post('cohorts', queryCohorts),
  post('paths', queryPaths),
  get('schema', querySchema),
  route('export', 'GET', async ({ queryDeps }, { request, url, principal }) =>
    answerExport(queryDeps, principal, searchParams(url), request.signal),
  ),
]

function route(name: string, method: 'GET' | 'POST', run: KeyRoute['run']): Route {
  const limited = LIMITED_ROUTES.find((one) => one === name)
  return {
    by: 'key',
    ...(limited === undefined ? {} : { limited }),
    method,
    path: `/v1/${name}`,
    scope: 'read',
    allowQueryKey: false,
    allowToken: true,
    run,
  }
}

function get(name: string, ask: Ask): Route {
  return route(name, 'GET', async ({ queryDeps }, { request, url, principal }) =>
    json(await ask(queryDeps, principal, searchParams(url), { signal: request.signal }), 200),
  )
}

function post(name: string, ask: Ask): Route {
  return route(name, 'POST', async (deps, { request, principal }) =>
    json(
      await ask(deps.queryDeps, principal, await question(request, deps), { signal: request.signal }),
      200,
    ),
  )
}

/** A question as JSON. */
async function question(request: Request, limits: BodyLimits): Promise<Record<string, unknown>> {
  const body = await readJson(request, limits)
  if (typeof body === 'object' && body !== null && !Array.isArray(body)) return { ...body }
  throw new AnalyticsError('invalid_params', 'A question is a JSON object of parameters.')
}

/** Each parameter once; the key is not a parameter of the question. */
function searchParams(url: URL): Record<string, string> {
  const params: Record<string, string> = {}
  for (const [name, value] of url.searchParams) {
    if (Object.hasOwn(params, name)) {
      throw new AnalyticsError('invalid_params', `${name.slice(0, 64)}: sent more than once.`, {
        details: { field: name.slice(0, 64) },
      })
    }
    Object.defineProperty(params, name, { value, enumerable: true, configurable: true, writable: true })
  }
  return params
}
