import type { EventRow } from '@millimetric/schema/wire'
import type { CallOptions } from '../../ports/event-store.js'
import type {
  EventsPlan,
  EventsResult,
  QueryPlan,
  QueryResults,
  SourcesPlan,
} from '../../ports/query-plan.js'
import { createAttributionAnswer } from './attribution-answer.js'
import { createCohortsAnswer } from './cohorts-answer.js'
import { createFunnelAnswer } from './funnel-answer.js'
import { createLiveAnswer } from './live-answer.js'
import { createPathsAnswer } from './paths-answer.js'
import { createPersonAnswer } from './person-answer.js'
import { type Read, rawFacts } from './reader.js'
import { eventsStatement, sourcesStatement } from './sql/events.js'
import { type Reading, twinsStatement } from './sql/reading.js'
import { createStatsAnswer } from './stats-answer.js'

type Plan<K extends QueryPlan['kind']> = Extract<QueryPlan, { kind: K }>
export type Answers = {
  readonly [K in QueryPlan['kind']]: (plan: Plan<K>, options?: CallOptions) => Promise<QueryResults[K]>
}

/** Answers plans from one database. Each asks first whether ids must be told apart, which is almost never. */
export function createAnswers(read: Read, database: string, rollupFromRows: number): Answers {
  async function reading(plan: QueryPlan, options: CallOptions | undefined): Promise<Reading> {
    const [row] = await read<{ twins: number }>(twinsStatement(database, plan.project_id), options)
    return { database, distinct: (row?.twins ?? 0) > 0, kept_from: plan.kept_from ?? 0 }
  }

  async function events(plan: EventsPlan, options?: CallOptions): Promise<EventsResult> {
    type Row = EventRow & { moment: readonly [number, number, number] }
    const found = await read<Row>(eventsStatement(await reading(plan, options), plan), options)
    const kept = found.slice(0, plan.limit)
    const last = found.length > plan.limit ? kept.at(-1) : undefined
    return {
      ...rawFacts(found.length > plan.limit),
      rows: kept.map(({ moment: _, ...row }) => row),
      next:
        last === undefined
          ? null
          : {
              timestamp: last.moment[0],
              received_at: last.moment[1],
              seq: last.moment[2],
              event_id: last.event_id,
            },
    }
  }

  async function sources(plan: SourcesPlan, options?: CallOptions): Promise<QueryResults['sources']> {
    type Row = {
      group_source: string
      group_medium: string
      events: number
      uniques: number
      paid_events: number
    }
    const rows = await read<Row>(sourcesStatement(await reading(plan, options), plan), options)
    return {
      ...rawFacts(rows.length > plan.limit),
      rows: rows.slice(0, plan.limit).map(({ group_source, group_medium, ...numbers }) => ({
        source: group_source,
        medium: group_medium,
        ...numbers,
      })),
    }
  }

  return {
    events,
    sources,
    person: createPersonAnswer({ read, reading }),
    live: createLiveAnswer({ read, reading }),
    attribution: createAttributionAnswer({ read, reading }),
    funnel: createFunnelAnswer(read, reading),
    cohorts: createCohortsAnswer(read, reading),
    paths: createPathsAnswer(read, reading),
    stats: createStatsAnswer({ read, database, rollupFromRows, reading }),
  }
}
