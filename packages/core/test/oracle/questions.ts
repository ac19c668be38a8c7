import type { EventStore, QueryPlan, ResultFacts, StatsPlan, StoredEvent } from '@millimetric/core'
import {
  AGGREGATES,
  DIMENSIONS,
  INTERVALS,
  type Metric,
  SESSION_DIMENSIONS,
  type StatsDimension,
} from '@millimetric/schema/wire'
import { bucketStarts } from '../../src/query/calendar.js'
import { type AskedStats, answerAsked, makeAsked } from './asked-questions.js'
import { makeAttribution } from './attribution-questions.js'
import { makeCohorts } from './cohorts-questions.js'
import { exportPages, makeExport } from './export-questions.js'
import { makeFunnel } from './funnel-questions.js'
import { type History, ZONES } from './history.js'
import { makeLive, makePersonIds } from './live-questions.js'
import { makePaths } from './paths-questions.js'
import type { Random } from './random.js'
import {
  makeConditions,
  makeMatch,
  makeRowConditions,
  makeTextCondition,
  PROPERTY_FIELDS,
} from './random-conditions.js'

const MINUTE = 60_000
const HALF_HOUR = 30 * MINUTE
const DAY = 48 * HALF_HOUR
/** Dimensions that a rollup keeps apart. */
const ROLLED = ['event_name', 'source', 'medium', 'channel'] as const

/** A plan, or parameters through the use case that makes plans of them. */
export type Question = QueryPlan | AskedStats

/** A random plan of any kind about a history; so many of them such as a rollup may answer. */
export function makeQuestion(random: Random, history: History, share = 0.2): QueryPlan {
  return random.chance(share) ? makeDaysQuestion(random, history) : makeAnyQuestion(random, history)
}

/** Whole days of the project's zone, by what rollups keep apart: a rollup may answer at least in part. */
function makeDaysQuestion(random: Random, history: History): QueryPlan {
  const { project_id, zone, anchor } = history
  const events = eventsOf(history)
  const [from = 0] = bucketStarts('day', anchor - random.int(0, 3) * DAY, anchor + 1, zone)
  const midnight = daysOf(from, anchor + random.int(0, 2) * DAY, zone).at(-1) ?? from
  const to = random.chance(0.8) ? midnight : midnight + random.int(1, DAY)
  const metrics = some(random, ['count', 'uniques', 'pageviews'] as const, [1, 1, 2, 3])
  const withSessions = random.chance(0.15)
  return {
    kind: 'stats',
    project_id,
    from,
    to,
    include_bots: random.chance(0.3),
    limit: random.pick([1, 5, 1000]),
    metrics: [...metrics, ...(withSessions ? (['sessions'] as const) : [])],
    goal: null,
    group_by: some(random, withSessions ? ROLLED.slice(1) : ROLLED),
    order_by: [{ by: 'metric', index: 0, descending: true }],
    only: null,
    filters: random.chance(0.5) ? [] : [makeTextCondition(random, events, ROLLED)],
    buckets: random.chance(0.4)
      ? bucketStarts(random.pick(INTERVALS.slice(2)), from, Math.max(to, from + 1), zone)
      : null,
    days: daysOf(from, to, zone),
  }
}

function makeAnyQuestion(random: Random, history: History): QueryPlan {
  const events = eventsOf(history)
  const { project_id } = history
  const zone = random.chance(0.7) ? history.zone : random.pick(ZONES)
  const { from, to } = makeRange(random, history, events, zone)
  const scope = {
    project_id,
    // What retention has ended is never asked for, so the range begins later.
    ...(random.chance(0.2) ? { kept_from: from - random.pick([0, random.int(0, 4 * DAY)]) } : {}),
    from,
    to,
    ...(random.chance(0.1) ? { visible: makeRowConditions(random, events) } : {}),
    include_bots: random.chance(0.3),
    limit: random.pick([1, 2, 5, 100, 1000]),
  }
  const kind = random.pick([
    'events',
    'stats',
    'stats',
    'stats',
    'stats',
    'stats',
    'sources',
    'person',
    'attribution',
    'live',
    'funnel',
    'cohorts',
    'paths',
    'export',
    'schema',
  ])
  switch (kind) {
    case 'events':
      return {
        kind,
        ...scope,
        filters: makeConditions(random, events, true),
        after: random.chance(0.3) ? random.pick(events) : null,
      }
    case 'sources': {
      const breakdown = random.pick(['source', 'source_medium'] as const)
      return { kind, ...scope, breakdown, filters: makeConditions(random, events, true) }
    }
    case 'person': {
      const { include_bots: _, ...asked } = scope
      const after = random.chance(0.3) ? random.pick(events) : null
      return { kind, ...asked, ...makePersonIds(random, events), after }
    }
    case 'schema':
      return {
        kind,
        ...scope,
        properties_limit: random.pick([1, 2, 1000]),
        filters: makeConditions(random, events, true),
      }
    case 'export':
      return makeExport(random, events, scope)
    case 'attribution':
      return makeAttribution(random, events, scope)
    case 'live':
      return makeLive(random, events, scope)
    case 'funnel':
      return makeFunnel(random, events, scope)
    case 'cohorts':
      return makeCohorts(random, events, scope, zone)
    case 'paths':
      return makePaths(random, events, scope)
    default:
      return makeStats(random, events, scope, zone)
  }
}

const EVENT_METRICS: readonly Metric[] = [
  'count',
  'uniques',
  'people',
  'people',
  'pageviews',
  'conversion_rate',
  ...AGGREGATES.flatMap((name) => [
    `${name}(properties.price)` as const,
    `${name}(properties.mixed)` as const,
  ]),
]
const SESSION_METRICS: readonly Metric[] = [
  'sessions',
  'bounce_rate',
  'session_duration',
  'views_per_session',
]

/** Metrics, and dimensions that they can be grouped by. */
function makeColumns(random: Random): { metrics: Metric[]; group_by: StatsDimension[] } {
  const metrics = random.shuffle([
    ...some(random, EVENT_METRICS, [0, 1, 1, 2, 4]),
    ...some(random, SESSION_METRICS, [0, 0, 1, 2, 4]),
  ])
  if (metrics.length === 0) metrics.push('count')
  const ofSessions = metrics.some((metric) => SESSION_METRICS.includes(metric))
  // Half of the questions are such as a rollup may answer.
  const dimensions: readonly StatsDimension[] = ofSessions
    ? SESSION_DIMENSIONS
    : random.chance(0.3)
      ? ROLLED
      : [...DIMENSIONS, ...PROPERTY_FIELDS, 'entry_path', 'exit_path']
  return { metrics, group_by: some(random, dimensions) }
}

/** Random parameters of `stats`, as a caller sends them. */
export function makeAskedStats(random: Random, history: History): AskedStats {
  const events = eventsOf(history)
  const { zone } = history
  return makeAsked(random, history, events, {
    ...makeColumns(random),
    ...makeRange(random, history, events, zone),
  })
}

function makeStats(
  random: Random,
  events: readonly StoredEvent[],
  scope: Pick<StatsPlan, 'project_id' | 'from' | 'to' | 'include_bots' | 'limit'>,
  zone: string,
): StatsPlan {
  const { from, to } = scope
  const { metrics, group_by } = makeColumns(random)
  const interval = to - from > DAY / 4 ? random.pick(INTERVALS.slice(1)) : random.pick(INTERVALS)
  const groupsOf = (by: readonly StatsDimension[]): string[][] =>
    some(random, events, [1, 2, 4]).map((event) =>
      by.map((name) =>
        name === 'entry_path' || name === 'exit_path' ? event.path : (textOf(event, name) ?? ''),
      ),
    )
  return {
    kind: 'stats',
    ...scope,
    metrics,
    goal: makeMatch(random, events),
    group_by,
    order_by: [
      ...(random.chance(0.7)
        ? [
            {
              by: 'metric' as const,
              index: random.int(0, metrics.length - 1),
              descending: random.chance(0.7),
            },
          ]
        : []),
      ...(group_by.length > 0 && random.chance(0.3)
        ? [
            {
              by: 'group' as const,
              index: random.int(0, group_by.length - 1),
              descending: random.chance(0.5),
            },
          ]
        : []),
    ],
    only:
      group_by.length > 0 && random.chance(0.2)
        ? { by: group_by, groups: groupsOf(group_by), inside: random.chance(0.5) }
        : null,
    filters: makeConditions(random, events, true),
    buckets: random.chance(0.4) ? bucketStarts(interval, from, Math.max(to, from + 1), zone) : null,
    days: random.chance(0.2) ? null : daysOf(from, to, zone),
  }
}

function textOf(event: StoredEvent, name: StatsDimension): string | undefined {
  const found = Object.entries(event).find(([field]) => field === name)?.[1]
  return typeof found === 'string' ? found : undefined
}

function eventsOf({ batches, late }: History): StoredEvent[] {
  return [...batches, ...late].flat()
}

/** Starts of days from the one that holds `from` to the first at or after `to`. */
export function daysOf(from: number, to: number, zone: string): number[] {
  const starts = bucketStarts('day', from, to + 2 * DAY, zone)
  return starts.slice(0, starts.findIndex((start) => start >= to) + 1)
}

function makeRange(
  random: Random,
  history: History,
  events: readonly StoredEvent[],
  zone: string,
): { from: number; to: number } {
  const end = (): number => {
    const at = random.pick([
      history.anchor + random.int(-4 * DAY, 4 * DAY),
      history.anchor + random.int(-HALF_HOUR, HALF_HOUR),
      history.anchor,
      random.pick(events).timestamp + random.int(-1, 1),
      Math.floor(random.pick(events).timestamp / HALF_HOUR) * HALF_HOUR,
    ])
    return random.chance(0.4) ? (bucketStarts('day', at, at + 1, zone)[0] ?? at) : at
  }
  const [a, b] = [end(), end()]
  // An empty range is a question too: retention may leave nothing of what was asked.
  if (random.chance(0.25)) return { from: history.anchor - 10 * DAY, to: history.anchor + 12 * DAY }
  return { from: Math.min(a, b), to: Math.max(a, b) }
}

function some<T>(random: Random, list: readonly T[], sizes: readonly number[] = [0, 0, 1, 1, 2, 3]): T[] {
  return random.shuffle(list).slice(0, random.pick(sizes))
}

/** The answer apart from how it was found. */
export async function answer(store: EventStore, plan: Question): Promise<{ facts: unknown; by: string }> {
  if (plan.kind === 'asked') return await answerAsked(store, plan)
  if (plan.kind === 'export') return { facts: await exportPages(store, plan), by: 'raw' }
  const { answered_by, ...facts } = await askOther(store, plan)
  return { facts, by: answered_by }
}

async function askOther(
  store: EventStore,
  plan: Exclude<QueryPlan, { kind: 'export' }>,
): Promise<ResultFacts> {
  switch (plan.kind) {
    case 'events':
      return await store.query<'events'>(plan)
    case 'person':
      return await store.query<'person'>(plan)
    case 'stats':
      return await store.query<'stats'>(plan)
    case 'schema':
      return await store.query<'schema'>(plan)
    case 'sources':
      return await store.query<'sources'>(plan)
    case 'attribution':
      return await store.query<'attribution'>(plan)
    case 'live':
      return await store.query<'live'>(plan)
    case 'funnel':
      return await store.query<'funnel'>(plan)
    case 'cohorts':
      return await store.query<'cohorts'>(plan)
    case 'paths':
      return await store.query<'paths'>(plan)
  }
}
