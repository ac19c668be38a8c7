import type { EventRow } from '@millimetric/schema/wire'
import type {
  CallOptions,
  PersonPlan,
  PersonResult,
  QueryPlan,
  QueryResults,
  SessionsPlan,
  SessionsResultRow,
  StatsPlan,
  StatsResultRow,
  Touch,
} from '../../ports/event-store.js'
import type { Read } from './reader.js'
import { eventsStatement, sourcesStatement } from './sql/events.js'
import { identifiedStatement, linkedUserStatement, touchesStatement } from './sql/person.js'
import { type FreshDay, freshDaysStatement, remainder, rollupDays, rollupStatement } from './sql/rollup.js'
import { sessionGroupsStatement, sessionSeriesStatement } from './sql/sessions.js'
import { type Reading, type Statement, twinsStatement } from './sql/statement.js'
import { groupsStatement, seriesStatement } from './sql/stats.js'

type Plan<K extends QueryPlan['kind']> = Extract<QueryPlan, { kind: K }>
export type Answers = {
  readonly [K in QueryPlan['kind']]: (plan: Plan<K>, options?: CallOptions) => Promise<QueryResults[K]>
}

const MOST_GAPS = 20

type GroupRow = { readonly [group: `group_${number}`]: string | undefined } & { readonly bucket?: number }

/** Answers plans from one database. Each asks first whether ids must be told apart, which is almost never. */
export function createAnswers(read: Read, database: string, rollupFromRows: number): Answers {
  async function reading(plan: QueryPlan, options: CallOptions | undefined): Promise<Reading> {
    const [row] = await read<{ twins: number }>(twinsStatement(database, plan.project_id), options)
    return { database, distinct: (row?.twins ?? 0) > 0, kept_from: plan.kept_from ?? 0 }
  }

  /** Groups first when there are any, then the series of those that the limit lets through. */
  async function grouped<Row extends GroupRow>(
    plan: StatsPlan | SessionsPlan,
    options: CallOptions | undefined,
    groups: () => Statement,
    series: (buckets: readonly number[], kept: readonly (readonly string[])[]) => Statement,
  ): Promise<{ truncated: boolean; rows: Row[] }> {
    const { buckets, group_by, limit } = plan
    if (buckets !== null && group_by.length === 0) {
      return { truncated: false, rows: await read<Row>(series(buckets, []), options) }
    }
    const found = await read<Row>(groups(), options)
    const kept = found.slice(0, limit)
    const truncated = found.length > limit
    if (buckets === null || kept.length === 0) return { truncated, rows: kept }
    const names = kept.map((row) => groupOf(plan, row))
    return { truncated, rows: await read<Row>(series(buckets, names), options) }
  }

  async function freshDays(plan: StatsPlan, options: CallOptions | undefined): Promise<readonly FreshDay[]> {
    const days = rollupDays(plan)
    if (days.length === 0) return []
    const ends = new Map(days.map(({ start, end }) => [start, end]))
    type Row = { start: number; generation: string; rows: number }
    const found = await read<Row>(freshDaysStatement(database, plan.project_id, days), options)
    if (found.reduce((sum, { rows }) => sum + rows, 0) < rollupFromRows) return []
    const fresh = found.map(({ start, generation }) => ({ start, end: ends.get(start) ?? start, generation }))
    return remainder(plan, fresh).length > MOST_GAPS ? [] : fresh
  }

  async function stats(plan: StatsPlan, options?: CallOptions): Promise<QueryResults['stats']> {
    const how = await reading(plan, options)
    const { metric } = plan
    const fresh = how.distinct || metric === 'people' ? [] : await freshDays(plan, options)
    type Row = GroupRow & { value: number }
    if (fresh.length === 0 || metric === 'people') {
      const { truncated, rows } = await grouped<Row>(
        plan,
        options,
        () => groupsStatement(how, plan),
        (buckets, kept) => seriesStatement(how, plan, buckets, kept),
      )
      return { ...facts(truncated, 'raw'), rows: rows.map((row) => toValueRow(plan, row)) }
    }
    const gaps = remainder(plan, fresh)
    const ask = { ...plan, metric }
    const { truncated, rows } = await grouped<Row>(
      plan,
      options,
      () => rollupStatement(how, ask, fresh, gaps, null),
      (_buckets, kept) => rollupStatement(how, ask, fresh, gaps, kept),
    )
    return { ...facts(truncated, 'rollup'), rows: rows.map((row) => toValueRow(plan, row)) }
  }

  async function sessions(plan: SessionsPlan, options?: CallOptions): Promise<QueryResults['sessions']> {
    const how = await reading(plan, options)
    type Row = GroupRow & Pick<SessionsResultRow, 'sessions' | 'bounces' | 'duration_ms' | 'pageviews'>
    const { truncated, rows } = await grouped<Row>(
      plan,
      options,
      () => sessionGroupsStatement(how, plan),
      (buckets, kept) => sessionSeriesStatement(how, plan, buckets, kept),
    )
    return {
      ...facts(truncated, 'raw'),
      rows: rows.map((row) => ({
        group: groupOf(plan, row),
        bucket: row.bucket ?? null,
        sessions: row.sessions,
        bounces: row.bounces,
        duration_ms: row.duration_ms,
        pageviews: row.pageviews,
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
    async events(plan, options) {
      const rows = await read<EventRow>(eventsStatement(await reading(plan, options), plan), options)
      return { ...facts(rows.length > plan.limit, 'raw'), rows: rows.slice(0, plan.limit) }
    },
    async sources(plan, options) {
      type Row = {
        group_source: string
        group_medium: string
        events: number
        uniques: number
        paid_events: number
      }
      const rows = await read<Row>(sourcesStatement(await reading(plan, options), plan), options)
      return {
        ...facts(rows.length > plan.limit, 'raw'),
        rows: rows.slice(0, plan.limit).map(({ group_source, group_medium, ...numbers }) => ({
          source: group_source,
          medium: group_medium,
          ...numbers,
        })),
      }
    },
    stats,
    sessions,
    person,
  }
}

type TouchTuple = readonly [number, string, string, string, string]

function touchOf([timestamp, source, medium, campaign, channel]: TouchTuple): Touch {
  return { timestamp, source, medium, campaign, channel }
}

function named(ids: readonly { anonymous_id: string; own: number }[], own: boolean): string[] {
  return ids.filter((id) => (id.own === 1) === own).map(({ anonymous_id }) => anonymous_id)
}

function groupOf(plan: StatsPlan | SessionsPlan, row: GroupRow): string[] {
  return plan.group_by.map((_, index) => row[`group_${index}`] ?? '')
}

function toValueRow(plan: StatsPlan, row: GroupRow & { value: number }): StatsResultRow {
  return { group: groupOf(plan, row), bucket: row.bucket ?? null, value: row.value }
}

function facts(
  truncated: boolean,
  answered_by: 'raw' | 'rollup',
): { truncated: boolean; estimated: boolean; answered_by: 'raw' | 'rollup' } {
  return { truncated, estimated: false, answered_by }
}
