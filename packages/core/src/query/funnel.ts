import { funnelParamsSchema } from '@millimetric/schema'
import { LIMITS } from '@millimetric/schema/limits'
import {
  FUNNEL_GROUPS,
  type FunnelGroup,
  type FunnelParams,
  type FunnelResponse,
  type FunnelStep,
  type FunnelStepRow,
} from '@millimetric/schema/wire'
import { type Principal, requireReports, requireScope } from '../auth/principal.js'
import { AnalyticsError } from '../errors.js'
import type { CallOptions } from '../ports/event-store.js'
import type { FunnelGroupBy, FunnelPlan, FunnelStepResult } from '../ports/funnel-plan.js'
import { DAY_MS } from '../time.js'
import type { QueryDeps } from './events.js'
import { describeResult, pinned, planScope, readParams } from './plan.js'

/**
 * How many people (or sessions) take steps in order within a window, how long it takes them, and by group. Errors:
 * `invalid_params`, `invalid_group_by`, `insufficient_scope`, `query_too_expensive`, `storage_unavailable`.
 */
export async function queryFunnel(
  deps: QueryDeps,
  principal: Principal,
  input: Partial<FunnelParams>,
  options: CallOptions = {},
): Promise<FunnelResponse> {
  requireScope(principal, 'read')
  requireReports(principal)
  const params = readParams(funnelParamsSchema, input, ALLOWED)
  const scope = planScope(deps, principal, params)
  const { steps, window = '14d', scope: unit = 'person', order = 'ordered', group_by } = params
  const plan: FunnelPlan = {
    kind: 'funnel',
    ...pinned(scope),
    steps: steps.map(scope.match),
    window_ms: readWindow(window),
    scope: unit,
    order,
    group_by: group_by === undefined ? null : toGroup(group_by),
    limit: params.limit ?? LIMITS.funnelGroupsDefault,
  }
  const { steps: total, groups, ...facts } = await deps.store.query<'funnel'>(plan, options)
  return {
    steps: toRows(steps, total),
    ...(group_by === undefined
      ? {}
      : { groups: groups.map(({ value, steps: own }) => ({ value, steps: toRows(steps, own) })) }),
    window,
    scope: unit,
    order,
    meta: describeResult(scope, facts),
  }
}

const ALLOWED: ReadonlyMap<string, readonly string[]> = new Map([['group_by', FUNNEL_GROUPS]])

const UNIT_MS: ReadonlyMap<string, number> = new Map([
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', DAY_MS],
])

function readWindow(text: string): number {
  const match = /^([1-9]\d{0,6})([mhd])$/.exec(text)
  const ms = Number(match?.[1] ?? 0) * (UNIT_MS.get(match?.[2] ?? '') ?? 0)
  if (ms > 0 && ms <= LIMITS.funnelWindowDays * DAY_MS) return ms
  throw new AnalyticsError(
    'invalid_params',
    `window: "${text}" is not like 30m, 12h or 14d, of at most ${LIMITS.funnelWindowDays} days.`,
    { details: { field: 'window' } },
  )
}

function toGroup(group: FunnelGroup): FunnelGroupBy {
  switch (group) {
    case 'first_touch.source':
      return { of: 'first_touch', field: 'source' }
    case 'first_touch.medium':
      return { of: 'first_touch', field: 'medium' }
    case 'first_touch.campaign':
      return { of: 'first_touch', field: 'campaign' }
    case 'first_touch.channel':
      return { of: 'first_touch', field: 'channel' }
    default:
      return { of: 'first_step', field: group }
  }
}

function toRows(steps: readonly FunnelStep[], results: readonly FunnelStepResult[]): FunnelStepRow[] {
  const counts = results.map(({ count }) => count)
  const [first = 0] = counts
  return results.map(({ count, median_ms, p90_ms }, depth) => {
    const { event = '', name = event } = steps[depth] ?? {}
    return {
      name,
      event,
      count,
      rate: share(count, first),
      step_rate: share(count, counts[depth - 1] ?? first),
      median_seconds: seconds(median_ms),
      p90_seconds: seconds(p90_ms),
    }
  })
}

function share(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole
}

/** Between two values a place may fall on a part of a millisecond. */
function seconds(ms: number | null): number | null {
  return ms === null ? null : Math.round(ms) / 1000
}
