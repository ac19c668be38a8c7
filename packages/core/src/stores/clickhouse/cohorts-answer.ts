import type { CohortsPlan, CohortsResult } from '../../ports/cohorts-plan.js'
import type { CallOptions } from '../../ports/event-store.js'
import { type FindReading, type Read, rawFacts } from './reader.js'
import { cohortsStatement, periodKeys, SIZE } from './sql/cohorts.js'

type Row = { readonly cohort: number; readonly period: number; readonly people: number }

export function createCohortsAnswer(
  read: Read,
  reading: FindReading,
): (plan: CohortsPlan, options?: CallOptions) => Promise<CohortsResult> {
  return async (plan, options) => {
    const rows = await read<Row>(cohortsStatement(await reading(plan, options), plan), options)
    const { starts, periods } = plan
    const cohorts = starts.slice(0, starts.length - periods).map(() => ({
      size: 0,
      returned: Array.from({ length: periods + 1 }, () => 0),
    }))
    const places = new Map(periodKeys(plan).map((key, place) => [key, place]))
    for (const { cohort, period, people } of rows) {
      const place = places.get(cohort) ?? -1
      const own = cohorts[place]
      if (own === undefined) continue
      if (period === SIZE) own.size = people
      else own.returned[(places.get(period) ?? place) - place] = people
    }
    return { ...rawFacts(false), cohorts }
  }
}
