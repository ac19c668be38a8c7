import { sourcesParamsSchema } from '@millimetric/schema'
import { LIMITS } from '@millimetric/schema/limits'
import type { SourcesParams, SourcesResponse } from '@millimetric/schema/wire'
import { type Principal, requireReports, requireScope } from '../auth/principal.js'
import type { CallOptions } from '../ports/event-store.js'
import type { QueryDeps } from './events.js'
import { describeResult, pinned, planScope, readParams } from './plan.js'

/** Where events came from, with the paid share. Errors: `invalid_params`, `insufficient_scope`, `storage_unavailable`. */
export async function querySources(
  deps: QueryDeps,
  principal: Principal,
  input: SourcesParams,
  options: CallOptions = {},
): Promise<SourcesResponse> {
  requireScope(principal, 'read')
  requireReports(principal)
  const params = readParams(sourcesParamsSchema, input)
  const scope = planScope(deps, principal, params)
  const breakdown = params.breakdown ?? 'source_medium'
  const limit = params.limit ?? LIMITS.sourcesLimitDefault
  const plan = { kind: 'sources' as const, ...pinned(scope), limit, breakdown }
  const { rows, ...facts } = await deps.store.query<'sources'>(plan, options)
  return {
    breakdown,
    rows: rows.map(({ source, medium, events, uniques, paid_events }) => ({
      source,
      ...(breakdown === 'source_medium' ? { medium } : {}),
      events,
      uniques,
      paid_share: events === 0 ? 0 : paid_events / events,
    })),
    meta: describeResult(scope, facts),
  }
}
