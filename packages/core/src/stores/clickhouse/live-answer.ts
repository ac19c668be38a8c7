import type { CallOptions } from '../../ports/event-store.js'
import type { LivePlan, LiveResult } from '../../ports/live-plan.js'
import { type FindReading, type Read, rawFacts } from './reader.js'
import { liveListsStatement, liveMinutesStatement } from './sql/live.js'

interface Row {
  readonly list: 'all' | 'page' | 'source' | 'country'
  readonly name: string
  readonly medium: string
  readonly visitors: number
  readonly events: number
}

export function createLiveAnswer({
  read,
  reading,
}: {
  read: Read
  reading: FindReading
}): (plan: LivePlan, options?: CallOptions) => Promise<LiveResult> {
  return async (plan, options) => {
    const how = await reading(plan, options)
    const [rows, per_minute] = await Promise.all([
      read<Row>(liveListsStatement(how, plan), options),
      read<LiveResult['per_minute'][number]>(liveMinutesStatement(how, plan), options),
    ])
    const listed = (wanted: Row['list']): Row[] => rows.filter(({ list }) => list === wanted)
    const [all] = listed('all')
    return {
      ...rawFacts(false),
      visitors: all?.visitors ?? 0,
      events: all?.events ?? 0,
      pages: listed('page').map(({ name, visitors }) => ({ path: name, visitors })),
      sources: listed('source').map(({ name, medium, visitors }) => ({ source: name, medium, visitors })),
      countries: listed('country').map(({ name, visitors }) => ({ country: name, visitors })),
      per_minute,
    }
  }
}
