import type { CohortsPlan, PlanScope, StoredEvent } from '@millimetric/core'
import { COHORT_INTERVALS, COHORT_KINDS } from '@millimetric/schema/wire'
import { bucketStarts, shift } from '../../src/query/calendar.js'
import type { Random } from './random.js'
import { makeConditions, makeMatch } from './random-conditions.js'

/** Mostly days: a history is hardly longer than a week. */
export function makeCohorts(
  random: Random,
  events: readonly StoredEvent[],
  scope: Omit<PlanScope, 'filters'>,
  zone: string,
): CohortsPlan {
  const interval = random.pick(['day', 'day', 'day', ...COHORT_INTERVALS] as const)
  const periods = random.pick([1, 2, 3, 8, 60])
  // Whoever asks of less than the whole has the whole in mind, so the axis may begin before the range.
  const asked = scope.from - random.pick([0, 0, random.int(0, 2 * 86_400_000)])
  const bounds = bucketStarts(interval, asked, Math.max(scope.to, asked + 1), zone)
  for (let more = 0; more <= periods; more++) {
    bounds.push(shift(interval, bounds.at(-1) ?? asked, 1, zone))
  }
  // Periods as no calendar has them: some are several days in one.
  const uneven = random.chance(0.2) ? bounds.filter((_, place) => place < 1 || random.chance(0.7)) : bounds
  const axis = uneven.length > periods + 1 ? uneven : bounds
  return {
    kind: 'cohorts',
    project_id: scope.project_id,
    from: scope.from,
    to: scope.to,
    ...(scope.kept_from === undefined ? {} : { kept_from: scope.kept_from }),
    ...(scope.visible === undefined ? {} : { visible: scope.visible }),
    include_bots: scope.include_bots,
    filters: makeConditions(random, events, true),
    start: random.chance(0.3) ? null : makeMatch(random, events),
    returning: random.chance(0.4) ? null : makeMatch(random, events),
    cohort: random.pick(COHORT_KINDS),
    periods,
    starts: axis.slice(0, -1),
    until: axis.at(-1) ?? scope.to,
  }
}
