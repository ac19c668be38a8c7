import type { EventStore, StoredEvent } from '../ports/event-store.js'
import type {
  EventsPlan,
  EventsResult,
  PersonPlan,
  PersonResult,
  PlanScope,
  SourcesPlan,
} from '../ports/query-plan.js'
import type { StatsPlan } from '../ports/stats-plan.js'
import { expectEqual } from './expect.js'
import { TEST_NOON, TEST_PROJECT } from './stored-event.js'

/** One promise of the port. Each case gets an empty store of its own. */
export interface EventStoreCase {
  readonly name: string
  run(store: EventStore): Promise<void>
}

export const MINUTE: number = 60_000
export const HOUR: number = 60 * MINUTE
export const DAY: number = 24 * HOUR

export const SCOPE: PlanScope & { limit: number } = {
  project_id: TEST_PROJECT,
  from: TEST_NOON - DAY,
  to: TEST_NOON + DAY,
  filters: [],
  include_bots: false,
  limit: 100,
}

/** A question about one metric, largest first. */
export function stats({
  metric = 'count',
  ...fields
}: Partial<StatsPlan> & { metric?: StatsPlan['metrics'][number] } = {}): StatsPlan {
  return {
    kind: 'stats',
    ...SCOPE,
    metrics: [metric],
    goal: null,
    group_by: [],
    buckets: null,
    order_by: [{ by: 'metric', index: 0, descending: true }],
    only: null,
    days: null,
    ...fields,
  }
}

export function events(fields: Partial<EventsPlan> = {}): EventsPlan {
  return { kind: 'events', ...SCOPE, ...fields }
}

export function sources(fields: Partial<SourcesPlan> = {}): SourcesPlan {
  return { kind: 'sources', ...SCOPE, breakdown: 'source_medium', ...fields }
}

/** A question about all metrics of sessions. */
export function sessions(fields: Partial<StatsPlan> = {}): StatsPlan {
  return stats({ metrics: ['sessions', 'bounce_rate', 'session_duration', 'views_per_session'], ...fields })
}

export function person(fields: Partial<PersonPlan>): PersonPlan {
  const { project_id, from, to } = SCOPE
  return { kind: 'person', project_id, user_id: '', anonymous_id: '', from, to, limit: 100, ...fields }
}

let tokens = 0
export function batch(...list: StoredEvent[]): { token: string; events: StoredEvent[] } {
  tokens += 1
  return {
    token: `case-${Date.now().toString(36)}-${tokens}-${Math.random().toString(36).slice(2)}`,
    events: list,
  }
}

export async function total(store: EventStore, plan: StatsPlan = stats()): Promise<number> {
  const { rows } = await store.query<'stats'>(plan)
  return rows[0]?.values[0] ?? 0
}

export async function ids(store: EventStore, plan: EventsPlan = events()): Promise<string[]> {
  const { rows } = await store.query<'events'>(plan)
  return rows.map(({ event_id }) => event_id)
}

export async function groups(store: EventStore, plan: StatsPlan): Promise<[...string[], number][]> {
  const { rows } = await store.query<'stats'>(plan)
  return rows.map(({ group, values }) => [...group, values[0] ?? 0])
}

export interface SessionsRow {
  readonly group: readonly string[]
  readonly bucket: number | null
  readonly sessions: number
  readonly bounces: number
  readonly duration_ms: number
  readonly pageviews: number
}

/** Rows of a sessions plan, in whole numbers. */
export async function sessionRows(
  store: EventStore,
  plan: StatsPlan = sessions(),
): Promise<readonly SessionsRow[]> {
  const { rows } = await store.query<'stats'>(plan)
  return rows.map(({ group, bucket, values: [count, bounce, duration, views] }) => {
    const number = count ?? 0
    const whole = (mean: number | null | undefined): number => Math.round((mean ?? 0) * number)
    return {
      group,
      bucket,
      sessions: number,
      bounces: whole(bounce),
      duration_ms: Math.round((duration ?? 0) * number * 1000),
      pageviews: whole(views),
    }
  })
}

/** Sessions, bounces, pageviews and minutes of the whole range. */
export async function sessionTotals(store: EventStore, plan: StatsPlan = sessions()): Promise<number[]> {
  const rows = await sessionRows(store, plan)
  return rows.flatMap((row) => [row.sessions, row.bounces, row.pageviews, row.duration_ms / MINUTE])
}

/** What is said of a person, which is the same whether their events fill one page or more. */
export async function ask(store: EventStore, fields: Partial<PersonPlan>): Promise<PersonFacts> {
  const found = factsOf(await store.query<'person'>(person(fields)))
  expectEqual(
    factsOf(await store.query<'person'>(person({ ...fields, limit: 1 }))),
    found,
    'on a page of one',
  )
  return found
}

export type PersonFacts = Omit<PersonResult, keyof EventsResult>

export function factsOf(result: PersonResult): PersonFacts {
  const { rows: _, next: __, truncated: ___, estimated: ____, answered_by: _____, ...facts } = result
  return facts
}

export const HOSTILE: readonly string[] = [
  "'; DROP TABLE events; --",
  "back\\slash \\n \\' \\0",
  'tab\tnewline\ncarriage\r',
  '{project_id:UUID} ? $1 :x %s',
  '"double" `tick` /* */ --',
  'ünïcödé 漢字 🙂 \u202e',
  '\u{1F468}\u200D\u{1F469}',
  ' leading and trailing ',
  'null',
  '[1,2]',
]
