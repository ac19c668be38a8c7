import type { CohortCounts, CohortsPlan, CohortsResult } from '../../ports/cohorts-plan.js'
import type { Match } from '../../ports/conditions.js'
import type { StoredEvent } from '../../ports/event-store.js'
import { groupItems } from './memory-table.js'
import { createWorld } from './memory-world.js'

/** A person in the cohort of a period, since a moment in it. */
interface Membership {
  readonly period: number
  readonly since: number
}

/** Person by person, period by period. */
export function answerCohorts(plan: CohortsPlan, all: readonly StoredEvent[]): CohortsResult {
  const { starts, periods, from, to } = plan
  const world = createWorld(
    {
      ...plan,
      from: plan.cohort === 'first' ? (plan.kept_from ?? 0) : from,
      to: plan.until,
      asked: { from, to },
    },
    all,
  )
  const periodOf = ({ timestamp }: StoredEvent): number => starts.findLastIndex((start) => start <= timestamp)
  const is = (event: StoredEvent, match: Match | null): boolean =>
    match === null || world.matches(event, match)

  const memberships: [Membership, StoredEvent[]][] = []
  for (const events of groupItems(world.asked, (event) => [world.person(event)]).values()) {
    const returns = events.filter((event) => is(event, plan.returning))
    const begins = events
      .filter((event) => event.timestamp < to && is(event, plan.start))
      .sort((a, b) => a.timestamp - b.timestamp)
    const first = plan.cohort === 'first' ? begins.slice(0, 1) : begins
    const own = first.filter(({ timestamp }) => timestamp >= from)
    for (const period of new Set(own.map(periodOf))) {
      const since = own.find((event) => periodOf(event) === period)?.timestamp ?? from
      memberships.push([{ period, since }, returns])
    }
  }

  const cohorts = starts.slice(0, starts.length - periods).map((_, period): CohortCounts => {
    const members = memberships.filter(([member]) => member.period === period)
    const returned = (distance: number): number =>
      members.filter(([{ since }, returns]) =>
        returns.some((event) => event.timestamp >= since && periodOf(event) === period + distance),
      ).length
    return {
      size: members.length,
      returned: Array.from({ length: periods + 1 }, (__, distance) => returned(distance)),
    }
  })
  return { truncated: false, estimated: false, answered_by: 'raw', cohorts }
}
