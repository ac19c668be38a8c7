import { queryParamsSchema } from '@millimetric/schema'
import type { QueryParams, QueryResponse } from '@millimetric/schema/wire'
import { type Principal, requireScope } from '../auth/principal.js'
import type { CallOptions, EventStore } from '../ports/event-store.js'
import { DEFAULT_LIMIT, describeResult, pinned, planScope, readParams } from './plan.js'

export interface QueryDeps {
  store: EventStore
  clock: () => number
}

/** Raw events, newest first. Errors: `invalid_params`, `insufficient_scope`, `storage_unavailable`. */
export async function queryEvents(
  deps: QueryDeps,
  principal: Principal,
  input: QueryParams,
  options: CallOptions = {},
): Promise<QueryResponse> {
  requireScope(principal, 'read')
  const params = readParams(queryParamsSchema, input)
  const scope = planScope(principal, params, deps.clock())
  const plan = { kind: 'events' as const, ...pinned(scope, params.limit ?? DEFAULT_LIMIT) }
  const { rows, ...facts } = await deps.store.query<'events'>(plan, options)
  return { rows, meta: describeResult(scope, facts) }
}
