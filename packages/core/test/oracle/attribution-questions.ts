import type { AttributionPlan, PlanScope, StoredEvent } from '@millimetric/core'
import { ATTRIBUTION_DIMENSIONS, ATTRIBUTION_MODELS } from '@millimetric/schema/wire'
import type { Random } from './random.js'
import { makeConditions, makeMatch } from './random-conditions.js'

const MINUTE = 60_000
const DAY = 1440 * MINUTE

/** Look-backs are also such as end exactly at a touch. */
export function makeAttribution(
  random: Random,
  events: readonly StoredEvent[],
  scope: Omit<PlanScope, 'filters'> & { limit: number },
): AttributionPlan {
  const [one, other] = [random.pick(events), random.pick(events)]
  return {
    kind: 'attribution',
    ...scope,
    conversion: makeMatch(random, events),
    filters: makeConditions(random, events, true),
    model: random.pick(ATTRIBUTION_MODELS),
    lookback_ms: random.pick([
      1,
      30 * MINUTE,
      60 * MINUTE,
      DAY,
      366 * DAY,
      Math.max(1, Math.abs(one.timestamp - other.timestamp)),
    ]),
    value: random.pick([null, 'properties.price', 'properties.plan']),
    group_by: random.shuffle(ATTRIBUTION_DIMENSIONS).slice(0, random.pick([1, 1, 2, 2, 3, 6])),
  }
}
