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
import { createExactAnswers } from './exact-answers.js'
import { createExportAnswer } from './export-answer.js'
import { createFunnelAnswer } from './funnel-answer.js'
import { createLiveAnswer } from './live-answer.js'
import { type Placed, pageOf } from './pages.js'
import { createPathsAnswer } from './paths-answer.js'
import { createPersonAnswer } from './person-answer.js'
import { type Read, rawFacts } from './reader.js'
import { createSchemaAnswer } from './schema-answer.js'
import { eventsStatement, sourcesStatement } from './sql/events.js'
import type { Reading } from './sql/reading.js'
import type { RolledDays } from './sql/rollup.js'
import { createStatsAnswer } from './stats-answer.js'

type Plan<K extends QueryPlan['kind']> = Extract<QueryPlan, { kind: K }>
type Answers = {
  readonly [K in QueryPlan['kind']]: (
    plan: Plan<K>,
    options: CallOptions | undefined,
    rolled: RolledDays | null,
  ) => Promise<QueryResults[K]>
}
export type Answer = <K extends QueryPlan['kind']>(
  plan: Plan<K>,
  options?: CallOptions,
) => Promise<QueryResults[K]>

/** Answers plans from one database. */
export function createAnswers(
  read: Read,
  database: string,
  rollupFromRows: number,
  countWrites: () => Promise<number | undefined>,
): Answer {
  const exactly = createExactAnswers(read, database, rollupFromRows, countWrites)
  const plain = answersOf(read, database, false)
  const apart = answersOf(read, database, true)
  return async <K extends QueryPlan['kind']>(plan: Plan<K>, options?: CallOptions) =>
    await exactly(plan, options, async ({ distinct, rolled }) => {
      const answers = distinct ? apart : plain
      return await answers[plan.kind](plan, options, rolled)
    })
}

/** `distinct`: ids must be told apart, which they almost never must. */
function answersOf(read: Read, database: string, distinct: boolean): Answers {
  async function reading(plan: QueryPlan): Promise<Reading> {
    return { database, distinct, kept_from: plan.kept_from ?? 0 }
  }

  async function events(plan: EventsPlan, options?: CallOptions): Promise<EventsResult> {
    const found = await read<Placed<EventRow>>(eventsStatement(await reading(plan), plan), options)
    return { ...rawFacts(found.length > plan.limit), ...pageOf(found, plan.limit) }
  }

  async function sources(plan: SourcesPlan, options?: CallOptions): Promise<QueryResults['sources']> {
    type Row = {
      group_source: string
      group_medium: string
      events: number
      uniques: number
      paid_events: number
    }
    const rows = await read<Row>(sourcesStatement(await reading(plan), plan), options)
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
    export: createExportAnswer(read, reading),
    schema: createSchemaAnswer({ read, reading }),
    attribution: createAttributionAnswer({ read, reading }),
    funnel: createFunnelAnswer(read, reading),
    cohorts: createCohortsAnswer(read, reading),
    paths: createPathsAnswer(read, reading),
    stats: createStatsAnswer({ read, reading }),
  }
}
