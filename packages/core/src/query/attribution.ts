import { attributionParamsSchema } from '@millimetric/schema'
import type {
  AttributionCredit,
  AttributionModel,
  AttributionParams,
  AttributionResponse,
  AttributionRow,
} from '@millimetric/schema/wire'
import { type Principal, requireReports, requireScope } from '../auth/principal.js'
import { AnalyticsError } from '../errors.js'
import type { AttributionCreditResult } from '../ports/attribution-plan.js'
import type { CallOptions } from '../ports/event-store.js'
import { DAY_MS } from '../time.js'
import type { QueryDeps } from './events.js'
import { DEFAULT_LIMIT, describeResult, pinned, planScope, readParams } from './plan.js'

const DEFAULT_MODEL: AttributionModel = 'last_non_direct'
const DEFAULT_LOOKBACK = '30d'
const LONGEST_LOOKBACK_DAYS = 366

/**
 * Conversions, and a property's sum over them, by what brought the people. Errors: `invalid_params`,
 * `invalid_group_by`, `insufficient_scope`, `query_too_expensive`, `storage_unavailable`.
 */
export async function queryAttribution(
  deps: QueryDeps,
  principal: Principal,
  input: Partial<AttributionParams>,
  options: CallOptions = {},
): Promise<AttributionResponse> {
  requireScope(principal, 'read')
  requireReports(principal)
  const params = readParams(attributionParamsSchema, input)
  const scope = planScope(deps, principal, params)
  const { model = DEFAULT_MODEL, lookback = DEFAULT_LOOKBACK, value, limit = DEFAULT_LIMIT } = params
  const group_by = [...new Set(params.group_by ?? (['source', 'medium'] as const))]
  if (group_by.length === 0) {
    throw new AnalyticsError('invalid_group_by', 'group_by: name at least one.', {
      details: { field: 'group_by' },
    })
  }
  const plan = {
    kind: 'attribution' as const,
    ...pinned(scope),
    conversion: scope.match(params.conversion),
    model,
    lookback_ms: readLookback(lookback),
    value: value ?? null,
    group_by,
    limit,
  }
  const { rows, totals, ...facts } = await deps.store.query<'attribution'>(plan, options)
  const shape = (found: AttributionCreditResult): AttributionCredit => ({
    conversions: found.credit,
    people: found.people,
    ...(value === undefined ? {} : { value: model === 'linear' ? roundShares(found.value) : found.value }),
  })
  return {
    model,
    lookback,
    rows: rows.map(
      ({ group, ...found }): AttributionRow => ({
        ...Object.fromEntries(group_by.map((name, index) => [name, group[index] ?? ''])),
        ...shape(found),
      }),
    ),
    totals: shape(totals),
    meta: describeResult(scope, facts),
  }
}

function readLookback(text: string): number {
  const [, count, unit] = /^(\d{1,4})([hd])$/.exec(text) ?? []
  const ms = Number(count ?? 0) * (unit === 'h' ? 3_600_000 : DAY_MS)
  if (ms > 0 && ms <= LONGEST_LOOKBACK_DAYS * DAY_MS) return ms
  throw new AnalyticsError(
    'invalid_params',
    `lookback: "${text}" is not 1h to ${LONGEST_LOOKBACK_DAYS}d; write 7d, 30d or 24h.`,
    { details: { field: 'lookback' } },
  )
}

/** Sums of thirds leave noise in the last digits. */
function roundShares(value: number): number {
  return Math.abs(value) < 1e9 ? Math.round(value * 1e6) / 1e6 : value
}
