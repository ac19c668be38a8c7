import type { CallOptions } from '../../ports/event-store.js'
import type { LivePlan, LiveResult } from '../../ports/live-plan.js'
import { type FindReading, type Read, rawFacts } from './reader.js'
import { liveStatement } from './sql/live.js'

interface Row {
  readonly list: 'all' | 'page' | 'source' | 'country'
  readonly name: string
  readonly medium: string
  readonly visitors: number
  readonly events: number
  readonly hits: PerMinute
  readonly seen: PerMinute
}

/** Minutes ago, ascending, and a number for each. */
type PerMinute = readonly [readonly number[], readonly number[]]

export function createLiveAnswer({
  read,
  reading,
}: {
  read: Read
  reading: FindReading
}): (plan: LivePlan, options?: CallOptions) => Promise<LiveResult> {
  return async (plan, options) => {
    const rows = await read<Row>(liveStatement(await reading(plan, options), plan), options)
    let truncated = false
    const listed = (wanted: Row['list']): Row[] => {
      const found = rows.filter(({ list }) => list === wanted)
      truncated ||= found.length > plan.top
      return found.slice(0, plan.top)
    }
    const [all] = listed('all')
    const lists = {
      pages: listed('page').map(({ name, visitors }) => ({ path: name, visitors })),
      sources: listed('source').map(({ name, medium, visitors }) => ({ source: name, medium, visitors })),
      countries: listed('country').map(({ name, visitors }) => ({ country: name, visitors })),
    }
    return {
      ...rawFacts(truncated),
      ...lists,
      visitors: all?.visitors ?? 0,
      events: all?.events ?? 0,
      per_minute: (all?.hits[0] ?? []).map((ago, index) => ({
        ago,
        events: all?.hits[1][index] ?? 0,
        // Both are sorted by the minute, and each has the same minutes.
        visitors: all?.seen[1][index] ?? 0,
      })),
    }
  }
}
