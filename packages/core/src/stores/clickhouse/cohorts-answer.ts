import type { CohortsPlan, CohortsResult } from '../../ports/cohorts-plan.js'
import type { CallOptions } from '../../ports/event-store.js'
import { type FindReading, type Read, rawFacts } from './reader.js'
import { cohortsStatement } from './sql/cohorts.js'

type Row = { readonly cohort: number; readonly distance: number; readonly people: number }

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
    for (const { cohort, distance, people } of rows) {
      const own = cohorts[cohort]
      if (own === undefined) continue
      if (distance < 0) own.size = people
      else own.returned[distance] = people
    }
    return { ...rawFacts(false), cohorts }
  }
}
