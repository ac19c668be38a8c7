import type { EventRow, ExportRow } from '@millimetric/schema/wire'
import type { CallOptions } from '../../ports/event-store.js'
import type { ExportPlan, ExportResult } from '../../ports/export-plan.js'
import type {
  EventMoment,
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
import { createSchemaAnswer } from './schema-answer.js'
import { eventsStatement, sourcesStatement } from './sql/events.js'
import { exportStatement } from './sql/export.js'
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
    const found = await read<Placed<EventRow>>(eventsStatement(await reading(plan, options), plan), options)
    return {
      ...rawFacts(found.length > plan.limit),
      rows: found.slice(0, plan.limit).map(({ moment: _, ...row }) => row),
      next: nextOf(found, plan.limit),
    }
  }

  async function exported(plan: ExportPlan, options?: CallOptions): Promise<ExportResult> {
    const found = await read<Placed<ExportRow>>(exportStatement(await reading(plan, options), plan), options)
    return {
      rows: found.slice(0, plan.limit).map(({ moment: _, ...row }) => row),
      next: nextOf(found, plan.limit),
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
    export: exported,
    schema: createSchemaAnswer({ read, reading }),
    attribution: createAttributionAnswer({ read, reading }),
    funnel: createFunnelAnswer(read, reading),
    cohorts: createCohortsAnswer(read, reading),
    paths: createPathsAnswer(read, reading),
    stats: createStatsAnswer({ read, database, rollupFromRows, reading }),
  }
}

type Placed<Row> = Row & { moment: readonly [number, number, number] }

/** Place of the last row of a page, when one more was found than the page holds. */
function nextOf(found: readonly Placed<EventRow>[], limit: number): EventMoment | null {
  const last = found.length > limit ? found[limit - 1] : undefined
  if (last === undefined) return null
  const [timestamp, received_at, seq] = last.moment
  return { timestamp, received_at, seq, event_id: last.event_id }
}
