import { schemaParamsSchema } from '@millimetric/schema'
import { LIMITS } from '@millimetric/schema/limits'
import {
  DIMENSIONS,
  FILTER_FIELDS,
  METRICS,
  type SchemaParams,
  type SchemaResponse,
  SESSION_DIMENSIONS,
} from '@millimetric/schema/wire'
import { type Principal, requireReports, requireScope } from '../auth/principal.js'
import type { CallOptions } from '../ports/event-store.js'
import { isoInZone } from './calendar.js'
import type { QueryDeps } from './events.js'
import { DEFAULT_LIMIT, describeResult, pinned, planScope, readParams } from './plan.js'

/**
 * Event names and property keys seen, and what questions may be made of. Errors: `invalid_params`, `insufficient_scope`,
 * `query_too_expensive`, `storage_unavailable`.
 */
export async function querySchema(
  deps: QueryDeps,
  principal: Principal,
  input: SchemaParams,
  options: CallOptions = {},
): Promise<SchemaResponse> {
  requireScope(principal, 'read')
  requireReports(principal)
  const params = readParams(schemaParamsSchema, input)
  const { range, from, to } = params
  const named = range !== undefined || from !== undefined || to !== undefined
  const scope = planScope(deps, principal, named ? params : { ...params, range: '30d' })
  const plan = {
    kind: 'schema' as const,
    ...pinned(scope),
    limit: params.limit ?? DEFAULT_LIMIT,
    properties_limit: params.properties_limit ?? LIMITS.schemaPropertiesDefault,
  }
  const { events, ...facts } = await deps.store.query<'schema'>(plan, options)
  const iso = (ms: number): string => isoInZone(ms, scope.timezone)
  const { catalog } = deps
  return {
    events: events.map((event) => ({
      name: event.name,
      count: event.count,
      first_seen: iso(event.first_seen),
      last_seen: iso(event.last_seen),
      ...(catalog === undefined ? {} : { in_catalog: Object.hasOwn(catalog.events, event.name) }),
      properties: event.properties.map((property) => ({
        ...property,
        first_seen: iso(property.first_seen),
        last_seen: iso(property.last_seen),
      })),
      properties_truncated: event.properties_truncated,
    })),
    dimensions: [...new Set([...DIMENSIONS, ...SESSION_DIMENSIONS])],
    metrics: METRICS,
    filter_fields: FILTER_FIELDS,
    meta: describeResult(scope, facts),
  }
}
