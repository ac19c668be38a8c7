import type { EventRow } from '@millimetric/schema/wire'
import type { CallOptions } from '../../ports/event-store.js'
import type {
  EventsPlan,
  EventsResult,
  PersonPlan,
  PersonResult,
  QueryPlan,
  QueryResults,
  SourcesPlan,
  Touch,
} from '../../ports/query-plan.js'
import { createAttributionAnswer } from './attribution-answer.js'
import { type Read, rawFacts } from './reader.js'
import { eventsStatement, sourcesStatement } from './sql/events.js'
import { identifiedStatement, linkedUserStatement, touchesStatement } from './sql/person.js'
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

  async function person(plan: PersonPlan, options?: CallOptions): Promise<PersonResult> {
    const how = await reading(plan, options)
    let user_id = plan.user_id
    if (user_id === '') {
      const [link] = await read<{ linked: string }>(linkedUserStatement(how, plan), options)
      user_id = link?.linked ?? ''
    }
    type Identified = { anonymous_id: string; own: number }
    const ids =
      user_id === ''
        ? []
        : await read<Identified>(identifiedStatement(how, plan.project_id, user_id), options)
    const anonymous_ids = user_id === '' ? [plan.anonymous_id] : named(ids, true)
    type Touches = { events: number; touches: number; first: TouchTuple; last: TouchTuple }
    const [found] = await read<Touches>(touchesStatement(how, plan, user_id, anonymous_ids), options)
    const touched = found !== undefined && found.touches > 0
    return {
      user_id,
      anonymous_ids,
      conflicts: named(ids, false),
      events: found?.events ?? 0,
      first_touch: touched ? touchOf(found.first) : null,
      last_touch: touched ? touchOf(found.last) : null,
    }
  }

  return {
    events,
    sources,
    person,
    attribution: createAttributionAnswer({ read, reading }),
    stats: createStatsAnswer({ read, database, rollupFromRows, reading }),
  }
}

type TouchTuple = readonly [number, string, string, string, string]

function touchOf([timestamp, source, medium, campaign, channel]: TouchTuple): Touch {
  return { timestamp, source, medium, campaign, channel }
}

function named(ids: readonly { anonymous_id: string; own: number }[], own: boolean): string[] {
  return ids.filter((id) => (id.own === 1) === own).map(({ anonymous_id }) => anonymous_id)
}
