import type { FunnelPlan, PlanScope, StoredEvent } from '@millimetric/core'
import { DIMENSIONS, FUNNEL_ORDERS, FUNNEL_SCOPES } from '@millimetric/schema/wire'
import type { Random } from './random.js'
import { makeConditions, makeMatch, PROPERTY_FIELDS } from './random-conditions.js'

const MINUTE = 60_000

export function makeFunnel(
  random: Random,
  events: readonly StoredEvent[],
  scope: Omit<PlanScope, 'filters'> & { readonly limit: number },
): FunnelPlan {
  const touch = {
    of: 'first_touch',
    field: random.pick(['source', 'medium', 'campaign', 'channel'] as const),
  } as const
  const step = { of: 'first_step', field: random.pick([...DIMENSIONS, ...PROPERTY_FIELDS]) } as const
  return {
    kind: 'funnel',
    ...scope,
    // Mostly few names and no filter, or nobody would get far.
    filters: random.chance(0.6) ? [] : makeConditions(random, events, true),
    steps: Array.from({ length: random.pick([2, 3, 3, 4, 10]) }, () =>
      random.chance(0.85)
        ? { event: random.pick(['$pageview', '$pageview', '$pageview', 'signup', '$identify']), where: [] }
        : makeMatch(random, events),
    ),
    window_ms: random.pick([30, 24 * 60, 2 * 24 * 60, 14 * 24 * 60, random.int(1, 3000)]) * MINUTE,
    scope: random.pick(FUNNEL_SCOPES),
    order: random.pick(FUNNEL_ORDERS),
    group_by: random.pick([null, touch, step]),
  }
}
