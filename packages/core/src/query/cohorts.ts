import { cohortsParamsSchema } from '@millimetric/schema'
import { LIMITS, TIMESTAMP_RANGE } from '@millimetric/schema/limits'
import type { CohortInterval, CohortRow, CohortsParams, CohortsResponse } from '@millimetric/schema/wire'
import { type Principal, requireReports, requireScope } from '../auth/principal.js'
import { AnalyticsError } from '../errors.js'
import type { CohortCounts, CohortsPlan } from '../ports/cohorts-plan.js'
import type { CallOptions } from '../ports/event-store.js'
import { bucketStarts, isoInZone, shift } from './calendar.js'
import type { QueryDeps } from './events.js'
import { describeResult, pinned, planScope, readParams, type Scope } from './plan.js'

const DEFAULT_PERIODS = 12

/**
 * Of the people who began in each period, how many returned in the periods after it. Errors: `invalid_params`,
 * `insufficient_scope`, `query_too_expensive`, `storage_unavailable`.
 */
export async function queryCohorts(
  deps: QueryDeps,
  principal: Principal,
  input: CohortsParams,
  options: CallOptions = {},
): Promise<CohortsResponse> {
  requireScope(principal, 'read')
  requireReports(principal)
  const params = readParams(cohortsParamsSchema, input)
  const scope = planScope(deps, principal, params)
  const interval = params.interval ?? 'week'
  const periods = params.periods ?? DEFAULT_PERIODS
  const bounds = boundsOf(scope, interval, periods)
  const plan: CohortsPlan = {
    kind: 'cohorts',
    ...pinned(scope),
    start: params.start === undefined ? null : scope.match(params.start),
    returning: params.return === undefined ? null : scope.match(params.return),
    cohort: params.cohort ?? 'first',
    periods,
    starts: bounds.slice(0, -1),
    until: Math.min(bounds.at(-1) ?? scope.to, TIMESTAMP_RANGE.max),
  }
  const { cohorts, ...facts } = await deps.store.query<'cohorts'>(plan, options)
  const now = deps.clock()
  return {
    interval,
    cohorts: cohorts.map((counts, place) =>
      rowOf(counts, bounds.slice(place, place + periods + 2), now, scope.timezone),
    ),
    meta: describeResult(scope, facts),
  }
}

/** Starts of all periods, of cohorts and of those after, and the end of the last. Made here, so that every store cuts alike. */
function boundsOf({ asked, timezone }: Scope, interval: CohortInterval, periods: number): number[] {
  const bounds = bucketStarts(interval, asked.from, asked.to, timezone)
  if (bounds.length > LIMITS.cohorts) {
    throw new AnalyticsError(
      'invalid_params',
      `interval: more than ${LIMITS.cohorts} cohorts of one ${interval}; take a longer interval or a shorter range.`,
      { details: { field: 'interval', reason: 'too_many_cohorts', limit: LIMITS.cohorts } },
    )
  }
  // One by one: two steps at once may stand still where a zone skips a day.
  for (let more = 0; more <= periods; more++) {
    bounds.push(shift(interval, bounds.at(-1) ?? asked.from, 1, timezone))
  }
  return bounds
}

/** `bounds`: starts of the cohort's periods and the end of the last. */
function rowOf(
  { size, returned }: CohortCounts,
  bounds: readonly number[],
  now: number,
  zone: string,
): CohortRow {
  const hasBegun = (place: number): boolean => (bounds[place] ?? now) <= now
  const begun = returned.map((people, place) => (hasBegun(place) ? people : null))
  const open = bounds.slice(1).findIndex((end, place) => hasBegun(place) && end > now)
  return {
    cohort: isoInZone(bounds[0] ?? now, zone),
    size,
    returned: begun,
    rates: begun.map((people) => (people === null || size === 0 ? null : people / size)),
    open: open < 0 ? null : open,
  }
}
