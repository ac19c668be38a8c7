import type { LivePlan, PersonIds, PlanScope, StoredEvent } from '@millimetric/core'
import type { Random } from './random.js'
import { makeConditions } from './random-conditions.js'

const MINUTE = 60_000

/** The last minutes before some event, or just after one; now and then many, so that more than one event is in them. */
export function makeLive(
  random: Random,
  events: readonly StoredEvent[],
  { from: _, to: __, limit, ...scope }: Omit<PlanScope, 'filters'> & { limit: number },
): LivePlan {
  const as_of = random.pick(events).timestamp + random.pick([0, 0, 1, MINUTE, random.int(0, 30 * MINUTE)])
  const minutes = random.pick([1, 5, 30, 24 * 60])
  const from = Math.max(as_of - minutes * MINUTE + 1, scope.kept_from ?? 0)
  return {
    kind: 'live',
    ...scope,
    from,
    to: Math.max(as_of + 1, from),
    as_of,
    top: Math.min(limit, 10),
    filters: makeConditions(random, events, true),
  }
}

/** A user, or a visitor, whoever they are linked to. */
export function makePersonIds(random: Random, events: readonly StoredEvent[]): PersonIds {
  const { user_id, anonymous_id } = random.pick(events)
  return anonymous_id === '' || (user_id !== '' && random.chance(0.7))
    ? { user_id, anonymous_id: '' }
    : { user_id: '', anonymous_id }
}
