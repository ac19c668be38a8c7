import { liveParamsSchema } from '@millimetric/schema'
import type { LiveParams, LiveResponse } from '@millimetric/schema/wire'
import { type Principal, requireReports, requireScope } from '../auth/principal.js'
import type { CallOptions } from '../ports/event-store.js'
import { isoInZone } from './calendar.js'
import type { QueryDeps } from './events.js'
import { describeResult, pinned, planScope, readParams } from './plan.js'

const DEFAULT_MINUTES = 5
const MINUTE_MS = 60_000
const TOP = 10

/**
 * Visitors of the last minutes, by event time: an event is seen as soon as it has been answered 202. Errors:
 * `invalid_params`, `insufficient_scope`, `storage_unavailable`.
 */
export async function queryLive(
  deps: QueryDeps,
  principal: Principal,
  input: LiveParams,
  options: CallOptions = {},
): Promise<LiveResponse> {
  requireScope(principal, 'read')
  requireReports(principal)
  const { minutes = DEFAULT_MINUTES, ...params } = readParams(liveParamsSchema, input)
  const as_of = deps.clock()
  const since = as_of - minutes * MINUTE_MS
  // A range is closed at its beginning and open at its end; this one is the other way round.
  const range = { from: since + 1, to: as_of + 1 }
  const scope = planScope({ ...deps, clock: () => as_of }, principal, { ...params, ...range })
  const { per_minute, visitors, events, pages, sources, countries, ...facts } =
    await deps.store.query<'live'>({ kind: 'live', ...pinned(scope), as_of, top: TOP }, options)
  const moment = (ms: number): string => isoInZone(ms, scope.timezone)
  const found = new Map(per_minute.map(({ ago, ...counts }) => [ago, counts]))
  return {
    as_of: moment(as_of),
    minutes,
    visitors,
    events,
    pages,
    sources,
    countries,
    per_minute: Array.from({ length: minutes }, (_, index) => {
      const ago = minutes - 1 - index
      return { until: moment(as_of - ago * MINUTE_MS), ...(found.get(ago) ?? { events: 0, visitors: 0 }) }
    }),
    meta: describeResult({ ...scope, asked: { from: since, to: as_of } }, facts),
  }
}
