import { queryParamsSchema } from '@millimetric/schema'
import type { QueryParams, QueryResponse } from '@millimetric/schema/wire'
import { type Principal, requireReports, requireScope } from '../auth/principal.js'
import type { Catalog } from '../catalog.js'
import type { CallOptions, EventStore } from '../ports/event-store.js'
import { readCursor, writeCursor } from './cursor.js'
import { DEFAULT_LIMIT, describeResult, pinned, planScope, readParams } from './plan.js'

export interface QueryDeps {
  store: EventStore
  clock: () => number
  /** Closes the event names that questions may ask for. */
  catalog?: Catalog | undefined
}

/**
 * Raw events, newest first, a page at a time: `next_cursor` of one answer is `cursor` of the next. Errors:
 * `invalid_params`, `insufficient_scope`, `query_too_expensive`, `storage_unavailable`.
 */
export async function queryEvents(
  deps: QueryDeps,
  principal: Principal,
  input: QueryParams,
  options: CallOptions = {},
): Promise<QueryResponse> {
  requireScope(principal, 'read')
  requireReports(principal)
  const params = readParams(queryParamsSchema, input)
  const scope = planScope(deps, principal, params)
  const plan = {
    kind: 'events' as const,
    ...pinned(scope),
    limit: params.limit ?? DEFAULT_LIMIT,
    after: params.cursor === undefined ? null : readCursor(params.cursor),
  }
  const { rows, next, ...facts } = await deps.store.query<'events'>(plan, options)
  return { rows, next_cursor: next === null ? null : writeCursor(next), meta: describeResult(scope, facts) }
}
